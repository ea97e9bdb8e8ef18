//! Telling machines: who listens, for what, and how a message is signed
//! (Standard Webhooks, <https://www.standardwebhooks.com>).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::address::is_public;
use super::id::Id;
use super::organization::Organization;
use super::random;
use super::time::Timestamp;

/// Marks the id of a message that a machine is told.
#[derive(Clone, Copy, Debug)]
pub struct WebhookMessage;

/// What may be listened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// A token was seen at a place where it was not seen before.
    ExposureCreated,
    /// A token that leaked was tried for the first time since.
    ExposureAttempted,
    /// A token died before its time.
    TokenRevoked,
    /// Somebody wants to see whether messages arrive. Everybody hears of it who is asked to.
    Test,
}

impl EventType {
    /// What can be subscribed to.
    pub const ALL: [Self; 3] = [
        Self::ExposureCreated,
        Self::ExposureAttempted,
        Self::TokenRevoked,
    ];

    /// As it is written in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExposureCreated => "exposure.created",
            Self::ExposureAttempted => "exposure.attempted",
            Self::TokenRevoked => "token.revoked",
            Self::Test => "webhook.test",
        }
    }
}

/// Types of event, each once, in a fixed order. Written with one space between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTypes(Vec<EventType>);

/// The text is not a list of types of event.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("events are exposure.created, exposure.attempted and token.revoked, at least one of them")]
pub struct InvalidEventTypes;

impl EventTypes {
    /// Every type that there is.
    #[must_use]
    pub fn all() -> Self {
        Self(EventType::ALL.to_vec())
    }

    /// Whether `one` is among them.
    #[must_use]
    pub fn contains(&self, one: EventType) -> bool {
        self.0.contains(&one)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|one| one.name())
    }

    /// Reads types as they were stored; one that this version does not know is passed over.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        let known = EventType::ALL.into_iter();
        Self(
            known
                .filter(|one| text.split(' ').any(|name| name == one.name()))
                .collect(),
        )
    }
}

impl FromStr for EventTypes {
    type Err = InvalidEventTypes;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut types = Vec::new();
        for name in text.split([' ', ',']).filter(|name| !name.is_empty()) {
            let known = EventType::ALL.into_iter().find(|one| one.name() == name);
            types.push(known.ok_or(InvalidEventTypes)?);
        }
        types.sort_unstable();
        types.dedup();
        match types.is_empty() {
            true => Err(InvalidEventTypes),
            false => Ok(Self(types)),
        }
    }
}

impl fmt::Display for EventTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(" "))
    }
}

/// What operators decided about webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookPolicy {
    /// How long a message is tried.
    pub give_up_after: Duration,
    /// How long an endpoint may fail at everything before it is disabled.
    pub disable_after: Duration,
    /// How long a secret signs as well after it was replaced.
    pub secret_overlap: Duration,
    /// Whose endpoints are told places.
    pub places: PlaceReaders,
    /// Whether endpoints may be on private networks, and use `http` on this machine.
    pub private_endpoints: bool,
}

/// Whose endpoints are told the place where a token was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceReaders {
    /// Those of organizations, about their own tokens.
    Organizations,
    /// Those of operators as well.
    Everybody,
    /// None.
    Nobody,
}

impl PlaceReaders {
    /// Finds one by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "organizations" => Some(Self::Organizations),
            "everybody" => Some(Self::Everybody),
            "nobody" => Some(Self::Nobody),
            _ => None,
        }
    }

    /// Whether an endpoint of this organization, or of operators, is told.
    #[must_use]
    pub const fn include(self, organization: Option<Id<Organization>>) -> bool {
        match self {
            Self::Organizations => organization.is_some(),
            Self::Everybody => true,
            Self::Nobody => false,
        }
    }
}

/// Where a subscriber is told. Its path may be a secret of the subscriber, so it is shown only to
/// whoever manages it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

/// The address is none that anybody is told at.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "an endpoint is an https address without user, password and fragment, of at most 2000 \
     characters, and not in a private network unless webhooks.private_endpoints is set"
)]
pub struct InvalidWebhookUrl;

impl WebhookUrl {
    /// Longest address, in bytes.
    const LONGEST: usize = 2_000;

    /// Reads an address, which may be in a private network where that is said. Names are checked
    /// again whenever they are called.
    ///
    /// # Errors
    /// When nobody is told at such an address.
    pub fn parse(text: &str, private: bool) -> Result<Self, InvalidWebhookUrl> {
        let url = Url::parse(text).map_err(|_| InvalidWebhookUrl)?;
        let bare =
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let here = is_here(&url).ok_or(InvalidWebhookUrl)?;
        let scheme = match url.scheme() {
            "https" => true,
            "http" => here && private,
            _ => false,
        };
        let reachable = private || !(here || is_private(&url));
        match bare && scheme && reachable && text.len() <= Self::LONGEST {
            true => Ok(Self(url)),
            false => Err(InvalidWebhookUrl),
        }
    }

    /// Reads an address as it was stored.
    ///
    /// # Errors
    /// When it was not stored by us.
    pub fn from_stored(text: &str) -> Result<Self, url::ParseError> {
        Url::parse(text).map(Self)
    }

    /// All of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What may be told to others.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({})", self.host())
    }
}

/// Whether the address is on this machine; `None` without a host.
fn is_here(url: &Url) -> Option<bool> {
    Some(match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::from(address).to_canonical().is_loopback(),
    })
}

/// Whether it names an address that nobody calls outside. What a name leads to is found out at each call.
fn is_private(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address),
        Some(Host::Ipv6(address)) => IpAddr::from(address),
        _ => return false,
    };
    !is_public(address)
}

/// A subscriber's endpoint.
#[derive(Clone, Debug)]
pub struct WebhookEndpoint {
    /// Which.
    pub id: Id<Self>,
    /// Whose tokens it hears of; none hears of all.
    pub organization: Option<Id<Organization>>,
    /// Where it is told.
    pub url: WebhookUrl,
    /// For what it listens.
    pub events: EventTypes,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// Since when it is told nothing.
    pub disabled_at: Option<Timestamp>,
    /// Why: `operator`, `gone` or `failing`.
    pub disabled_why: Option<String>,
    /// Since when every try fails.
    pub failing_since: Option<Timestamp>,
    /// Until when it is left alone, which may be over.
    pub paused_until: Timestamp,
}

impl WebhookEndpoint {
    /// Until when it is left alone because it failed or asked for that; `None` when that is over.
    #[must_use]
    pub fn pause(&self, now: Timestamp) -> Option<Timestamp> {
        Some(self.paused_until).filter(|until| *until > now)
    }
}

/// What signs messages: 32 bytes that the subscriber knows as well.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// A fresh one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Zeroizing::new(random::bytes::<32>().to_vec()))
    }

    /// Wraps one as it was decrypted.
    #[must_use]
    pub const fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// As it is encrypted.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As the subscriber is shown it, once.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&*self.0))
    }

    /// `v1,` and the signature over id, time and body.
    #[must_use]
    pub fn sign(&self, id: &str, at: Timestamp, body: &str) -> String {
        let state = Hmac::<Sha256>::new_from_slice(&self.0);
        // A key of any length is taken.
        let Ok(mut state) = state else {
            return String::new();
        };
        state.update(format!("{id}.{}.", at.as_seconds()).as_bytes());
        state.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(state.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret([redacted])")
    }
}

/// The id of a message as its receiver sees it, the same at each try.
#[must_use]
pub fn message_name(id: Id<WebhookMessage>) -> String {
    format!("msg_{}", id.uuid().simple())
}

#[cfg(test)]
mod tests;
