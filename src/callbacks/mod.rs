//! Calls to addresses that clients registered. Whoever registers an address chooses where this
//! service knocks, so it knocks at public addresses only (CWE-918), follows nobody anywhere, and
//! listens neither long nor to much.

mod resolver;
mod retry_after;

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use url::{Host, Url, form_urlencoded};

use crate::model::address::is_public;
use resolver::PublicOnly;
pub use retry_after::RetryAfter;

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How much is read of an answer, in bytes.
const LONGEST_ANSWER: usize = 4_096;

/// Which addresses are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public ones.
    Public,
    /// Those of this machine and of private networks as well.
    Everywhere,
}

/// Calls clients.
#[derive(Clone, Debug)]
pub struct Callbacks {
    client: Client,
    reach: Reach,
}

/// What is heard of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// When its sender wants to be asked again, as far as it says so.
    pub retry_after: Option<RetryAfter>,
    /// The beginning of its body, where that is listened to.
    pub said: Vec<u8>,
}

/// Why there is no answer. Holds neither address nor what was sent.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CallbackError {
    /// The address is none that anything is sent to.
    #[error("the address is not one of the web")]
    Malformed,
    /// The address is not a public one.
    #[error("the address leads into a private network")]
    Private,
    /// No answer in time.
    #[error("there was no answer in time")]
    Timeout,
    /// No connection, or one that broke.
    #[error("the client cannot be reached")]
    Unreachable,
}

impl Callbacks {
    /// Prepares to call, for so long at most each time.
    ///
    /// # Errors
    /// When the process has no TLS provider or no trusted roots.
    pub fn new(reach: Reach, timeout: Duration) -> Result<Self, reqwest::Error> {
        let builder = Client::builder();
        let builder = match reach {
            Reach::Public => builder.dns_resolver(PublicOnly),
            Reach::Everywhere => builder,
        };
        let client = builder
            .user_agent(concat!("tokenward/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look up the name once more, and find what it likes.
            .no_proxy()
            // A connection that stays open outlives what was found out about its address.
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .build()?;
        Ok(Self { client, reach })
    }

    /// Posts a form. Of the answer, nothing but the head is read.
    ///
    /// # Errors
    /// See [`CallbackError`].
    #[tracing::instrument(name = "callbacks.post_form", skip_all)]
    pub async fn post_form(
        &self,
        url: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, CallbackError> {
        let url = Url::parse(url).map_err(|_| CallbackError::Malformed)?;
        self.check(&url)?;
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let response = request.send().await.map_err(|error| classify(&error))?;
        Ok(head(&response))
    }

    /// Posts a message of this content type with these headers. Of the answer, nothing but the head is
    /// read.
    ///
    /// # Errors
    /// See [`CallbackError`].
    #[tracing::instrument(name = "callbacks.post", skip_all)]
    pub async fn post(
        &self,
        url: &str,
        content_type: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Result<Answer, CallbackError> {
        let response = self.send(url, content_type, headers, body).await?;
        Ok(head(&response))
    }

    /// The same, with the beginning of the answer to a request that is refused with 400; of a longer one,
    /// no more is read.
    ///
    /// # Errors
    /// See [`CallbackError`].
    #[tracing::instrument(name = "callbacks.post_and_listen", skip_all)]
    pub async fn post_and_listen(
        &self,
        url: &str,
        content_type: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Result<Answer, CallbackError> {
        let mut response = self.send(url, content_type, headers, body).await?;
        let mut answer = head(&response);
        let said = &mut answer.said;
        while answer.status == 400 && said.len() < LONGEST_ANSWER {
            match response.chunk().await.map_err(|error| classify(&error))? {
                Some(chunk) => said.extend(chunk.iter().take(LONGEST_ANSWER - said.len())),
                None => break,
            }
        }
        Ok(answer)
    }

    async fn send(
        &self,
        url: &str,
        content_type: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Result<Response, CallbackError> {
        let url = Url::parse(url).map_err(|_| CallbackError::Malformed)?;
        self.check(&url)?;
        let request = self.client.post(url).header(CONTENT_TYPE, content_type);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let response = request.body(body).send().await;
        response.map_err(|error| classify(&error))
    }

    /// Names are checked when they are resolved, by the address that is connected to; an address
    /// is never resolved.
    fn check(&self, url: &Url) -> Result<(), CallbackError> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err(CallbackError::Malformed);
        }
        let public = match url.host() {
            None => return Err(CallbackError::Malformed),
            Some(Host::Domain(_)) => true,
            Some(Host::Ipv4(address)) => is_public(address.into()),
            Some(Host::Ipv6(address)) => is_public(address.into()),
        };
        match public || self.reach == Reach::Everywhere {
            true => Ok(()),
            false => Err(CallbackError::Private),
        }
    }
}

fn head(response: &Response) -> Answer {
    Answer {
        status: response.status().as_u16(),
        retry_after: RetryAfter::read(response.headers()),
        said: Vec::new(),
    }
}

fn classify(error: &reqwest::Error) -> CallbackError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<resolver::NoPublicAddress>() {
            return CallbackError::Private;
        }
        cause = error.source();
    }
    match error.is_timeout() {
        true => CallbackError::Timeout,
        false => CallbackError::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn post(url: &str) -> CallbackError {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let callbacks = Callbacks::new(Reach::Public, Duration::from_secs(5)).unwrap();
        callbacks.post_form(url, &[("a", "b")]).await.unwrap_err()
    }

    #[tokio::test]
    async fn nothing_is_sent_into_a_private_network_however_it_is_written() {
        for url in [
            "http://127.0.0.1:9/",
            "http://127.1:9/",
            "http://2130706433:9/",
            "http://0x7f000001:9/",
            "http://0177.0.0.1:9/",
            "http://0.0.0.0:9/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[::1]:9/",
            "http://[::ffff:127.0.0.1]:9/",
            "http://[64:ff9b::7f00:1]:9/",
            // Resolved, and only then known to be ours.
            "http://localhost:9/",
            "https://LOCALHOST:9/",
        ] {
            assert_eq!(post(url).await, CallbackError::Private, "{url}");
        }
    }

    #[tokio::test]
    async fn what_is_no_address_of_the_web_is_not_called() {
        for url in [
            "",
            "app",
            "ftp://app.example/",
            "data:,x",
            "file:///etc/passwd",
        ] {
            assert_eq!(post(url).await, CallbackError::Malformed, "{url}");
        }
    }
}
