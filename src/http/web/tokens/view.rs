//! A token as its owner sees it.

use std::time::Duration;

use super::super::page::Page;
use super::super::scopes::{ScopeGroup, groups};
use crate::http::state::ApiState;
use crate::model::{KnownToken, RevocationReason, Timestamp, TokenName, TokenState};

/// How long before its end a token is said to end soon.
const SOON: Duration = Duration::from_secs(7 * 86_400);

/// One token.
pub(in crate::http) struct TokenView {
    pub(super) id: String,
    pub(super) name: String,
    /// The last four characters of its text.
    pub(super) hint: String,
    pub(super) scopes: Vec<ScopeGroup>,
    /// The names of its scopes.
    pub(super) names: Vec<String>,
    pub(super) created: Timestamp,
    /// Who made it, of an organization's.
    pub(super) maker: Option<String>,
    pub(super) last_used: Option<(Timestamp, Option<String>)>,
    pub(super) expires: Option<Timestamp>,
    pub(super) standing: Standing,
    /// Whether its owner can still do something about it.
    pub(super) alive: bool,
}

/// The state of a token in words.
pub(in crate::http) struct Standing {
    pub(super) tone: &'static str,
    /// The name of a text.
    pub(super) text: &'static str,
    /// Since when, of one that ended.
    pub(super) since: Option<Timestamp>,
    /// Whether it was seen where it should not be, so that there is a story to it.
    pub(super) leaked: bool,
}

impl TokenView {
    pub(super) fn new(known: &KnownToken, page: &Page, state: &ApiState) -> Self {
        let token = &known.token;
        let from = token.last_used_from.map(|from| from.to_string());
        let maker = known.user.as_ref().filter(|_| known.organization.is_some());
        let standing = Standing::of(known, page.now());
        let last_used = token.last_used_at.map(|at| (at, from));
        Self {
            id: token.id.to_string(),
            name: token
                .name
                .as_ref()
                .map(TokenName::to_string)
                .unwrap_or_default(),
            hint: token.hint.clone(),
            scopes: groups(&token.scopes, page, state),
            names: token.scopes.iter().map(str::to_owned).collect(),
            created: token.created_at,
            maker: maker.map(|user| user.email.to_string()),
            last_used,
            expires: token.expires_at,
            alive: standing.since.is_none(),
            standing,
        }
    }

    /// Whether it was used within a day: something will miss it.
    pub(super) fn is_busy(&self, now: Timestamp) -> bool {
        let day = Duration::from_secs(86_400);
        let last = self.last_used.as_ref();
        last.is_some_and(|(at, _)| now.since(*at) < day)
    }
}

impl Standing {
    /// What its owner needs to know first.
    pub(super) fn of(known: &KnownToken, now: Timestamp) -> Self {
        let (tone, text, since) = match known.state(now) {
            TokenState::Live => match known.token.expires_at {
                Some(end) if end.since(now) <= SOON => ("warn", "token-ends-soon", None),
                _ => ("good", "token-live", None),
            },
            TokenState::Suspended { .. } => ("bad", "token-suspended", None),
            TokenState::Expired { at } => ("", "token-expired", Some(at)),
            TokenState::Revoked { at } => {
                let (tone, text) = why(known.token.revocation.map(|end| end.reason));
                (tone, text, Some(at))
            }
        };
        let reason = known.token.revocation.map(|end| end.reason);
        Self {
            tone,
            text,
            since,
            leaked: reason.is_some_and(RevocationReason::was_seen),
        }
    }
}

/// How a token ended, as the name of a text.
fn why(reason: Option<RevocationReason>) -> (&'static str, &'static str) {
    match reason {
        Some(RevocationReason::Exposed | RevocationReason::RelativeExposed) => {
            ("bad", "token-leaked")
        }
        Some(RevocationReason::Quarantined | RevocationReason::RelativeQuarantined) => {
            ("warn", "token-quarantined")
        }
        Some(RevocationReason::Owner) => ("", "token-revoked-by-owner"),
        Some(RevocationReason::Operator) => ("", "token-revoked-by-operator"),
        Some(RevocationReason::SignedOutEverywhere) => ("", "token-revoked-everywhere"),
        _ => ("", "token-revoked"),
    }
}
