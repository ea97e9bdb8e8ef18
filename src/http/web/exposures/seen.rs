//! An exposure as whoever it concerns sees it.

use crate::domain::exposures::SeenToken;
use crate::domain::exposures::owned::StoredExposure;
use crate::model::{Reaction, RevocationReason, Timestamp, TokenKind, TokenName};

/// Most characters of an address that are shown; the whole one was in the letter.
const LONGEST_URL: usize = 300;

/// Where a token was seen.
pub(in crate::http) struct PlaceView {
    /// Who reported it: the name of a text, or a name that operators gave.
    pub(super) reporter: Reporter,
    /// The address as text. It is no link: whoever reports a leak chooses it.
    pub(super) url: Option<String>,
    pub(super) source: Option<String>,
    pub(super) seen: Timestamp,
    /// When address and kind of place were removed.
    pub(super) scrubbed: Option<Timestamp>,
}

/// Who reported a leak.
pub(in crate::http) enum Reporter {
    /// A name that is the same in every language.
    Named(String),
    /// The name of a text.
    Said(&'static str),
}

impl Reporter {
    fn of(exposure: &StoredExposure) -> Self {
        match exposure.origin.as_str() {
            "possession" => Self::Said("reporter-possession"),
            "internal" => Self::Said("reporter-internal"),
            "operator" => Self::Said("reporter-operator"),
            "replay" => Self::Said("reporter-replay"),
            _ => Self::Named(exposure.origin.title().to_owned()),
        }
    }
}

impl PlaceView {
    pub(super) fn new(exposure: &StoredExposure) -> Self {
        let shortened = |url: &String| match url.char_indices().nth(LONGEST_URL) {
            Some((end, _)) => format!("{}…", url.get(..end).unwrap_or_default()),
            None => url.clone(),
        };
        Self {
            reporter: Reporter::of(exposure),
            url: exposure.url.as_ref().map(shortened),
            source: exposure.source.clone(),
            seen: exposure.first_seen_at,
            scrubbed: exposure.scrubbed_at,
        }
    }
}

/// The token that was seen.
pub(in crate::http) struct SubjectView {
    pub(super) name: Option<String>,
    /// What kind of token it is, as the name of a text.
    pub(super) kind: &'static str,
    pub(super) hint: String,
    pub(super) client: Option<String>,
    pub(super) maker: Option<String>,
    pub(super) organization: Option<String>,
}

impl SubjectView {
    pub(super) fn new(seen: &SeenToken) -> Self {
        let known = &seen.known;
        let organization = known.organization.as_ref();
        Self {
            name: known.token.name.as_ref().map(TokenName::to_string),
            kind: kind(known.token.kind),
            hint: known.token.hint.clone(),
            client: known.client.as_ref().map(|client| client.name.clone()),
            maker: known.user.as_ref().map(|user| user.email.to_string()),
            organization: organization.map(|of| of.name.as_str().to_owned()),
        }
    }
}

const fn kind(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::PersonalAccessToken => "kind-personal",
        TokenKind::OrganizationAccessToken => "kind-organization",
        TokenKind::AccessToken => "kind-access",
        TokenKind::RefreshToken => "kind-refresh",
        TokenKind::AuthorizationCode => "kind-code",
        TokenKind::ClientSecret => "kind-client-secret",
        TokenKind::ClientRegistrationToken => "kind-registration",
        TokenKind::UserSessionToken => "kind-session",
        TokenKind::CustomerSessionToken => "kind-customer",
        TokenKind::ServiceKey => "kind-service",
    }
}

/// What was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Fate {
    /// It died of this.
    Revoked,
    /// It was dead before, or dying anyway.
    DeadBefore,
    /// It is dead until an operator decides.
    Quarantined,
    /// It was left as it is, and still works.
    Spared,
}

impl Fate {
    pub(super) fn of(seen: &SeenToken, now: Timestamp) -> Self {
        let expired = seen.known.token.expires_at.is_some_and(|end| end <= now);
        let end = seen.known.token.revocation;
        let reason = end.map(|end| end.reason);
        let at_once = end.is_some_and(|end| end.at >= seen.exposure.first_seen_at);
        match (reason, seen.exposure.decision) {
            (Some(reason), _) if reason.is_quarantine() => Self::Quarantined,
            (Some(RevocationReason::Exposed | RevocationReason::RelativeExposed), _) if at_once => {
                Self::Revoked
            }
            // Told of only, or brought back by an operator.
            (None, Reaction::Notify | Reaction::Observe | Reaction::Quarantine) if !expired => {
                Self::Spared
            }
            _ => Self::DeadBefore,
        }
    }

    /// How it looks, and the name of its text.
    pub(super) const fn badge(self) -> (&'static str, &'static str) {
        match self {
            Self::Revoked => ("good", "exposure-revoked"),
            Self::DeadBefore => ("", "exposure-dead-before"),
            Self::Quarantined => ("warn", "exposure-quarantined"),
            Self::Spared => ("bad", "exposure-spared"),
        }
    }
}
