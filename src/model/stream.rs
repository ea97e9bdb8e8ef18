//! Event streams: which machines are sent Security Event Tokens, by which way, and whose events they
//! may see (OpenID Shared Signals Framework 1.0, 8.1).

use std::time::Duration;

use super::client::Client;
use super::id::Id;
use super::organization::Organization;
use super::scope::ScopeSet;
use super::signal::RequestedSignals;
use super::signal_subject::SubjectFormat;
use super::signing_key::SigningAlgorithm;
use super::time::Timestamp;
use super::token::Token;
use super::webhook::WebhookUrl;

/// What a service key needs to receive events of everybody.
pub const RECEIVE: &str = "events:receive";
/// What an access token or an organization's token needs to read its streams (CAEP Interoperability
/// Profile 1.0, 2.7.2).
pub const READ: &str = "ssf.read";
/// What it needs to make, change and delete them; reading is part of it.
pub const MANAGE: &str = "ssf.manage";

/// What operators decided about event streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedSignalsPolicy {
    /// Whether there are any.
    pub enabled: bool,
    /// Whether tokens are pushed into private networks, and by `http` to this machine.
    pub private_endpoints: bool,
    /// How many streams one receiver may have.
    pub streams_per_receiver: u32,
    /// Whether a new stream is about everybody, or only about who is added.
    pub default_subjects: DefaultSubjects,
    /// How many subjects may be added to one stream, or removed from it.
    pub max_subjects: u32,
    /// How many tokens may wait in one stream before it is disabled.
    pub max_waiting: u32,
    /// How long a token may wait before its stream is disabled.
    pub max_age: Duration,
    /// How long every push of a stream may fail before it is disabled.
    pub disable_after: Duration,
    /// How much time must pass between two requests to verify a stream.
    pub min_verification_interval: Duration,
    /// How long a poll waits for something to come.
    pub poll_wait: Duration,
    /// What signs tokens.
    pub signing_algorithm: SigningAlgorithm,
}

/// Whom a new stream is about (SSF 1.0 7.1 `default_subjects`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultSubjects {
    /// Everybody whose events the receiver may see, but for those it removes.
    All,
    /// Those that it adds.
    None,
}

impl DefaultSubjects {
    /// As it is written everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::None => "NONE",
        }
    }

    /// Finds one by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::All, Self::None]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

/// Whose events somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Everybody's: operators.
    Everything,
    /// Those of an organization's tokens, and of its members.
    Organization(Id<Organization>),
    /// Those of tokens that were issued to a client, and of sessions in which it was granted something.
    Client(Id<Client>),
}

impl View {
    /// The name in the database and in lists.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Organization(_) => "organization",
            Self::Client(_) => "client",
        }
    }
}

/// Whose a stream is. A stream ends with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A service key, or an organization's token.
    Token(Id<Token>),
    /// A client.
    Client(Id<Client>),
}

/// Somebody who proved that they may receive events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Who.
    pub holder: Holder,
    /// Whose events they may see.
    pub view: View,
    /// What their tokens are addressed to: a client's identifier, or the id of a key.
    pub audience: String,
}

/// Whether a token with these scopes is for receiving events.
#[must_use]
pub fn receives(scopes: &ScopeSet) -> bool {
    [RECEIVE, READ, MANAGE]
        .into_iter()
        .any(|scope| scopes.contains(scope))
}

/// How tokens get to a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryMethod {
    /// They are posted there (RFC 8935).
    Push {
        /// Where.
        url: WebhookUrl,
        /// Whether a header goes with each, which nobody is shown.
        authorized: bool,
    },
    /// They are fetched (RFC 8936).
    Poll,
}

impl DeliveryMethod {
    /// The URN of pushing (SSF 1.0 6.1.1).
    pub const PUSH: &'static str = "urn:ietf:rfc:8935";
    /// The URN of polling (SSF 1.0 6.1.2).
    pub const POLL: &'static str = "urn:ietf:rfc:8936";

    /// The URN.
    #[must_use]
    pub const fn urn(&self) -> &'static str {
        match self {
            Self::Push { .. } => Self::PUSH,
            Self::Poll => Self::POLL,
        }
    }

    /// The name in the database.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Push { .. } => "push",
            Self::Poll => "poll",
        }
    }
}

/// Whether tokens are sent (SSF 1.0 8.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamStatus {
    /// They are.
    Enabled,
    /// They are kept for later.
    Paused,
    /// They are not, and not kept either.
    Disabled,
}

impl StreamStatus {
    /// The name everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }

    /// Finds a status by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Enabled, Self::Paused, Self::Disabled]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

/// Who set the status of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// Its receiver.
    Receiver,
    /// The service, because nobody took what waits. The receiver may enable it again.
    Service,
    /// An operator. The receiver may not.
    Operator,
}

impl SetBy {
    /// The name in the database and in lists.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Service => "service",
            Self::Operator => "operator",
        }
    }

    /// Reads it as it was stored.
    #[must_use]
    pub fn from_stored(name: &str) -> Self {
        [Self::Receiver, Self::Service]
            .into_iter()
            .find(|one| one.name() == name)
            .unwrap_or(Self::Operator)
    }
}

/// A status, who set it and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The status.
    pub status: StreamStatus,
    /// Who set it.
    pub by: SetBy,
    /// Why, in whatever words.
    pub reason: Option<String>,
}

/// A stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventStream {
    /// Which: the `stream_id`.
    pub id: Id<Self>,
    /// Whose it is.
    pub holder: Holder,
    /// Whose events it may carry.
    pub view: View,
    /// What its tokens are addressed to.
    pub audience: String,
    /// How they get there.
    pub delivery: DeliveryMethod,
    /// What was asked for.
    pub requested: RequestedSignals,
    /// How people are named.
    pub format: SubjectFormat,
    /// What its receiver calls it.
    pub description: Option<String>,
    /// Whom it is about.
    pub default_subjects: DefaultSubjects,
    /// Whether tokens are sent.
    pub standing: Standing,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// Since when every push fails.
    pub failing_since: Option<Timestamp>,
}

/// Text that a receiver chose for people to read: cut at a length, on one line.
///
/// # Errors
/// When it holds control characters.
pub fn words(text: &str, longest: usize) -> Result<String, InvalidWords> {
    match text.chars().any(char::is_control) {
        true => Err(InvalidWords),
        // SSF 1.0 8.1.1: a transmitter may cut a description.
        false => Ok(text.chars().take(longest).collect()),
    }
}

/// The text is not on one line.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("it is text on one line")]
pub struct InvalidWords;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_what_they_name() {
        for status in [
            StreamStatus::Enabled,
            StreamStatus::Paused,
            StreamStatus::Disabled,
        ] {
            assert_eq!(StreamStatus::from_name(status.name()), Some(status));
        }
        for subjects in [DefaultSubjects::All, DefaultSubjects::None] {
            assert_eq!(DefaultSubjects::from_name(subjects.name()), Some(subjects));
        }
        for by in [SetBy::Receiver, SetBy::Service, SetBy::Operator] {
            assert_eq!(SetBy::from_stored(by.name()), by);
        }
        assert_eq!(StreamStatus::from_name("on"), None);
    }

    #[test]
    fn words_are_on_one_line_and_cut() {
        assert_eq!(words("Ünïcode", 3).as_deref(), Ok("Ünï"));
        assert_eq!(words("a\nb", 9), Err(InvalidWords));
    }

    #[test]
    fn only_scopes_for_it_receive() {
        for (scopes, yes) in [
            ("events:receive", true),
            ("ssf.read", true),
            ("ssf.manage orders:read", true),
            ("orders:read", false),
        ] {
            assert_eq!(receives(&scopes.parse().unwrap()), yes);
        }
    }
}
