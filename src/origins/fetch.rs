//! Asks an origin for its public keys.

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, ETAG, HeaderMap, IF_NONE_MATCH};
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::{Host, Url};

use super::public_keys::{KeyList, KeySet, MalformedKeys};

/// How long the whole exchange may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Largest answer that is read. GitHub's has about a kilobyte.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// Longest entity tag worth keeping.
const LONGEST_ETAG: usize = 256;

/// A client for speaking to the host of `to`: it follows no redirects, and every exchange ends.
/// Towards this machine it goes through no proxy, whatever the environment says.
///
/// # Errors
/// When the process has no TLS provider or no trusted roots.
pub fn http_client(to: &Url) -> Result<Client, reqwest::Error> {
    let client = Client::builder();
    let client = if is_loopback(to) {
        client.no_proxy()
    } else {
        client
    };
    client
        .user_agent(concat!("tokenward/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .build()
}

/// Fetches the keys of one origin.
#[derive(Clone)]
pub struct KeyFetcher {
    client: Client,
    url: Url,
    token: Option<SecretString>,
    timeout: Duration,
}

impl fmt::Debug for KeyFetcher {
    /// An address may hold credentials, so only its host is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFetcher")
            .field("host", &self.url.host_str())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Keys decide who may revoke tokens, so they never come over a network in the clear.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("keys are fetched over https, or over http from this machine")]
pub struct InsecureUrl;

/// What an origin answered.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// The keys that we know are still its keys.
    NotModified,
    /// These are its keys now.
    Keys {
        /// All of them, with the tag to ask the next time with.
        keys: KeySet,
        /// How many listed keys cannot be used.
        skipped: usize,
    },
}

/// Why there are no keys. Holds neither address nor credential.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No answer in time.
    #[error("the origin did not answer in time")]
    Timeout,
    /// No connection, or one that broke.
    #[error("the origin cannot be reached")]
    Transport(#[source] reqwest::Error),
    /// Another status than 200, or than 304 where it was asked for.
    #[error("the origin answered with status {0}")]
    Status(u16),
    /// More than a mebibyte.
    #[error("the origin's answer is too large")]
    TooLarge,
    /// Something else than keys.
    #[error("the origin's answer is {0}")]
    Malformed(#[from] MalformedKeys),
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        // An address may hold credentials.
        Self::Transport(error.without_url())
    }
}

impl KeyFetcher {
    /// Fetches from `url`, with `token` as bearer token where one is given: GitHub counts a 304
    /// against the hourly limit unless the request was authenticated.
    ///
    /// # Errors
    /// When the address is not one that keys can be trusted from.
    pub fn new(client: Client, url: Url, token: Option<SecretString>) -> Result<Self, InsecureUrl> {
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            return Err(InsecureUrl);
        }
        Ok(Self {
            client,
            url,
            token,
            timeout: TIMEOUT,
        })
    }

    /// The same with another time limit for the whole exchange.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Names the address without telling it, which may hold a credential: keys that came from
    /// another one are no keys of this origin.
    #[must_use]
    pub fn address_digest(&self) -> String {
        hex::encode(Sha256::digest(self.url.as_str().as_bytes()))
    }

    /// Asks once. Keys that are `known` already are not parsed again.
    ///
    /// # Errors
    /// When the origin gave no usable list.
    #[tracing::instrument(name = "origins.fetch_keys", skip_all)]
    pub async fn fetch(&self, known: &KeySet) -> Result<Fetched, FetchError> {
        let mut request = self
            .client
            .get(self.url.clone())
            .header(ACCEPT, "application/json")
            .timeout(self.timeout);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(etag) = known.etag() {
            request = request.header(IF_NONE_MATCH, etag);
        }

        let response = request.send().await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if known.etag().is_some() => return Ok(Fetched::NotModified),
            other => return Err(FetchError::Status(other.as_u16())),
        }
        let etag = entity_tag(response.headers());
        let KeyList { keys, skipped } = KeyList::parse(&whole_body(response).await?, known)?;
        Ok(Fetched::Keys {
            keys: keys.tagged(etag),
            skipped,
        })
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn entity_tag(headers: &HeaderMap) -> Option<String> {
    let etag = headers.get(ETAG)?.to_str().ok()?;
    (1..=LONGEST_ETAG)
        .contains(&etag.len())
        .then(|| etag.to_owned())
}

/// Reads no more than is allowed, whatever length was announced.
async fn whole_body(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
