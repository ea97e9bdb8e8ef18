//! An exposure as whoever it concerns sees it.

use url::Url;

use crate::domain::exposures::SeenToken;
use crate::domain::exposures::owned::StoredExposure;
use crate::model::{Reaction, RevocationReason, Timestamp, TokenKind, TokenName};

/// Most characters of an address that are shown; the whole one was in the letter.
const LONGEST_URL: usize = 300;

/// Where a token was seen.
pub(in crate::http) struct PlaceView {
    /// Who reported it: the name of a text, or a name that operators gave.
    pub(super) reporter: Reporter,
    /// The address as text.
    pub(super) url: Option<String>,
    /// The address as somewhere to go.
    pub(super) link: Option<Link>,
    pub(super) source: Option<String>,
    pub(super) seen: Timestamp,
    /// When address and kind of place were removed.
    pub(super) scrubbed: Option<Timestamp>,
}

/// A link to where a token was seen.
///
/// Whoever reports a leak chooses the address, and the page of a leak is where a reader is in a hurry: an
/// address there is good for a forgery of our own form. So it is a link only when it came from somebody
/// whom operators trust, and not when a stranger proved no more than to have the token; its host is said
/// in the words that are clicked, in the letters that a browser goes to.
pub(in crate::http) struct Link {
    pub(super) href: String,
    pub(super) host: String,
}

impl Link {
    /// A link to what somebody at this origin named, if it may be one.
    fn new(origin: &str, named: &str) -> Option<Self> {
        if matches!(origin, "possession" | "replay") {
            return None;
        }
        let url = Url::parse(named).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        let host = url.host_str().filter(|host| !host.is_empty())?;
        let web = matches!(url.scheme(), "http" | "https");
        (web && plain).then(|| Self {
            host: host.to_owned(),
            href: url.to_string(),
        })
    }
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
        let named = |url: &String| Link::new(exposure.origin.as_str(), url);
        Self {
            reporter: Reporter::of(exposure),
            url: exposure.url.as_ref().map(shortened),
            link: exposure.url.as_ref().and_then(named),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_host_that_it_names() {
        let place = "https://GitHub.com/acme/ledger/blob/main/.env#L12";
        let link = Link::new("github", place).unwrap();
        assert_eq!(link.host, "github.com");
        assert_eq!(
            link.href,
            "https://github.com/acme/ledger/blob/main/.env#L12"
        );
        // In the letters that a browser goes to: this g is none of ours.
        let odd = Link::new("internal", "http://\u{0261}ithub.com/\"><script>").unwrap();
        assert!(odd.host.starts_with("xn--"), "{}", odd.host);
        assert!(!odd.href.contains(['"', '<', '>']), "{}", odd.href);
    }

    #[test]
    fn whatever_else_is_named_is_no_link() {
        for named in [
            "javascript:alert(1)//https://github.com/",
            "data:text/html,<script>alert(1)</script>",
            "https://github.com@evil.example/",
            "https://:secret@evil.example/",
            "file:///etc/passwd",
            "//evil.example/",
            "github.com/acme",
            "https://",
            "",
        ] {
            assert!(Link::new("github", named).is_none(), "{named}");
        }
        // Strangers prove no more than to have the token.
        for origin in ["possession", "replay"] {
            assert!(
                Link::new(origin, "https://github.com/").is_none(),
                "{origin}"
            );
        }
    }
}
