//! What a Security Event Token (RFC 8417) tells of.

use serde_json::json;
use uuid::Uuid;

use super::token::RevocationReason;

/// Marks the id of a token that a machine is sent: its `jti`.
#[derive(Clone, Copy, Debug)]
pub struct SignalMessage;

/// What a token tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// A session, or everything that was granted at once, works no more (CAEP 1.0 3.1).
    SessionRevoked,
    /// A long-lived credential was made, or works no more (CAEP 1.0 3.3).
    CredentialChange,
    /// A token was seen where it should not be (RISC 1.0 2.8).
    CredentialCompromise,
    /// A receiver wants to see whether tokens arrive (SSF 1.0 8.1.4.1).
    Verification,
    /// We changed the status of a stream ourselves (SSF 1.0 8.1.5).
    StreamUpdated,
}

impl Signal {
    /// What receivers can ask for. The others belong to a stream itself.
    pub const OFFERED: [Self; 3] = [
        Self::SessionRevoked,
        Self::CredentialChange,
        Self::CredentialCompromise,
    ];

    const ALL: [Self; 5] = [
        Self::SessionRevoked,
        Self::CredentialChange,
        Self::CredentialCompromise,
        Self::Verification,
        Self::StreamUpdated,
    ];

    /// The name in the database and in metrics: the last part of the URI.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.uri().rsplit('/').next().unwrap_or_default()
    }

    /// Finds a signal by its name.
    #[must_use]
    pub fn from_stored(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The URI of its type.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::SessionRevoked => {
                "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
            }
            Self::CredentialChange => {
                "https://schemas.openid.net/secevent/caep/event-type/credential-change"
            }
            Self::CredentialCompromise => {
                "https://schemas.openid.net/secevent/risc/event-type/credential-compromise"
            }
            Self::Verification => "https://schemas.openid.net/secevent/ssf/event-type/verification",
            Self::StreamUpdated => {
                "https://schemas.openid.net/secevent/ssf/event-type/stream-updated"
            }
        }
    }
}

/// What a receiver asked for: URIs, also such as we do not know; none is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedSignals(Option<Vec<String>>);

/// The list is none of URIs.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("events_requested is a list of 1 to 64 URIs of visible ASCII, none longer than 255")]
pub struct InvalidSignals;

impl RequestedSignals {
    const MOST: usize = 64;
    const LONGEST: usize = 255;

    /// Reads a list as a receiver sent it.
    ///
    /// # Errors
    /// When it is empty, too long, or holds something that is no URI.
    pub fn parse(uris: Vec<String>) -> Result<Self, InvalidSignals> {
        let fits = |uri: &String| {
            let length = (1..=Self::LONGEST).contains(&uri.len());
            length && uri.bytes().all(|byte| byte.is_ascii_graphic())
        };
        match (1..=Self::MOST).contains(&uris.len()) && uris.iter().all(fits) {
            true => Ok(Self(Some(uris))),
            false => Err(InvalidSignals),
        }
    }

    /// Reads a list as it was stored.
    #[must_use]
    pub fn from_stored(text: Option<&str>) -> Self {
        Self(text.and_then(|text| serde_json::from_str(text).ok()))
    }

    /// As it is stored.
    #[must_use]
    pub fn to_stored(&self) -> Option<String> {
        self.0.as_ref().map(|uris| json!(uris).to_string())
    }

    /// What was asked for, unless that is everything.
    #[must_use]
    pub fn uris(&self) -> Option<&[String]> {
        self.0.as_deref()
    }

    /// Whether a signal is sent. What belongs to the stream itself always is.
    #[must_use]
    pub fn contains(&self, signal: Signal) -> bool {
        let asked = |uris: &Vec<String>| uris.iter().any(|uri| uri == signal.uri());
        !Signal::OFFERED.contains(&signal) || self.0.as_ref().is_none_or(asked)
    }

    /// What is sent of what can be asked for.
    pub fn delivered(&self) -> impl Iterator<Item = &'static str> {
        let offered = Signal::OFFERED.into_iter();
        offered
            .filter(|signal| self.contains(*signal))
            .map(Signal::uri)
    }
}

/// Who began a change (CAEP 1.0 2): `admin`, `user`, `policy` or `system`.
#[must_use]
pub const fn initiating_entity(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Exposed
        | RevocationReason::RelativeExposed
        | RevocationReason::Replayed
        | RevocationReason::Quarantined
        | RevocationReason::RelativeQuarantined => "policy",
        RevocationReason::Operator | RevocationReason::SignedOutEverywhere => "admin",
        RevocationReason::Owner | RevocationReason::Withdrawn | RevocationReason::SignedOut => {
            "user"
        }
        RevocationReason::Client
        | RevocationReason::ClientDeleted
        | RevocationReason::Redeemed
        | RevocationReason::Superseded => "system",
    }
}

/// Why something ended, for administrators (`reason_admin`, CAEP 1.0 2).
#[must_use]
pub const fn reason_admin(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Exposed => "It was seen where it should not be",
        RevocationReason::RelativeExposed => "Something that it belongs with was seen in public",
        RevocationReason::Operator => "An operator revoked it",
        RevocationReason::Owner => "Its owner revoked it",
        RevocationReason::Redeemed | RevocationReason::Superseded => "It was followed by another",
        RevocationReason::Replayed => "It was used again after it had been followed by another",
        RevocationReason::Client => "The client gave it back",
        RevocationReason::Withdrawn => "The user withdrew consent",
        RevocationReason::SignedOut => "The user signed out",
        RevocationReason::SignedOutEverywhere => "The user was signed out everywhere",
        RevocationReason::ClientDeleted => "The client was deleted",
        RevocationReason::Quarantined | RevocationReason::RelativeQuarantined => {
            "It is held until an operator decides"
        }
    }
}

/// What the queue keeps of an event, by ids: whom it is about is looked up when it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct SignalFacts {
    /// The kind of token.
    pub kind: String,
    /// The token.
    pub token: Uuid,
    /// What became of a credential: `create` or `revoke` (CAEP 1.0 3.3.1).
    pub change: Option<String>,
    /// Why it was revoked, as stored.
    pub reason: Option<String>,
    /// What a session is called: its `sid`, or the id of the grant or of the token.
    pub session: Option<String>,
    /// The person it acts for.
    pub user: Option<Uuid>,
    /// The customer it acts for, as the issuing service named them.
    pub customer: Option<String>,
    /// The organization that owns it.
    pub organization: Option<Uuid>,
    /// The client that it was issued to, by its public identifier.
    pub client: Option<String>,
    /// What ties the tokens of one deed together (RFC 8417 2.2 `txn`).
    pub txn: Uuid,
    /// What a verification gives back, as it was sent.
    pub state: Option<String>,
    /// The status that a stream has from now on.
    pub status: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_found_by_its_name() {
        for signal in Signal::ALL {
            assert_eq!(Signal::from_stored(signal.name()), Some(signal));
        }
        assert_eq!(Signal::SessionRevoked.name(), "session-revoked");
        assert_eq!(Signal::from_stored("x"), None);
    }

    #[test]
    fn what_is_delivered_is_what_is_offered_and_requested() {
        let all = RequestedSignals::default();
        assert_eq!(all.delivered().count(), 3);
        let uris = vec!["urn:x".to_owned(), Signal::SessionRevoked.uri().to_owned()];
        let some = RequestedSignals::parse(uris.clone()).unwrap();
        assert_eq!(
            some.delivered().collect::<Vec<_>>(),
            [Signal::SessionRevoked.uri()]
        );
        assert!(some.contains(Signal::Verification) && !some.contains(Signal::CredentialChange));
        assert_eq!(some.uris(), Some(uris.as_slice()));
        assert_eq!(
            RequestedSignals::from_stored(some.to_stored().as_deref()),
            some
        );
        assert_eq!(RequestedSignals::from_stored(None), all);
        let long = vec!["a".repeat(256)];
        for wrong in [vec![], long, vec![String::new()], vec!["a b".to_owned()]] {
            assert_eq!(RequestedSignals::parse(wrong), Err(InvalidSignals));
        }
        assert!(RequestedSignals::parse(vec!["a".to_owned(); 65]).is_err());
    }
}
