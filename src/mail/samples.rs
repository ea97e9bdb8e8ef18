//! Letters for tests.

use super::brand::Brand;
use crate::model::letter::{Addressee, Letter, LetterToken, Outcome, TokenExposed};
use crate::model::{Timestamp, TokenKind};

/// 1 January 2026, 12:00 UTC.
pub(super) const NOON: Timestamp = Timestamp::from_millis(1_767_268_800_000);

pub(super) fn at(hours_before_noon: i64) -> Timestamp {
    Timestamp::from_millis(NOON.as_millis() - hours_before_noon * 3_600_000)
}

pub(super) fn brand() -> Brand {
    Brand {
        name: "Polar".to_owned(),
        security_contact: Some("security@polar.example".to_owned()),
        settings: Some("Settings, then Developer".to_owned()),
        ..Brand::default()
    }
}

/// A personal access token of its reader, found on GitHub while it worked.
pub(super) fn exposed() -> TokenExposed {
    TokenExposed {
        token: LetterToken {
            id: "019b7a3c-0000-7000-8000-000000000001".to_owned(),
            kind: TokenKind::PersonalAccessToken.name().to_owned(),
            name: Some("deploy".to_owned()),
            hint: "WQsZ".to_owned(),
            scopes: vec!["orders:read".to_owned(), "products:write".to_owned()],
            organization: None,
            client: None,
            customer: None,
            created_at: at(2_000),
            expires_at: Some(at(-1_000)),
            last_used_at: Some(at(5)),
            last_used_from: Some("203.0.113.7".to_owned()),
        },
        addressee: Addressee::Owner,
        reported_by: "GitHub".to_owned(),
        url: Some("https://github.com/ada/engine/blob/main/deploy.sh#L3".to_owned()),
        source: Some("commit".to_owned()),
        seen_at: NOON,
        outcome: Outcome::Revoked { at: NOON },
        relatives_revoked: 0,
        leaked_before: None,
        copied_from: None,
    }
}

/// A letter about a token of `kind` without a name of its own, to `addressee`.
pub(super) fn about(kind: TokenKind, addressee: Addressee) -> TokenExposed {
    let mut exposed = exposed();
    exposed.token.kind = kind.name().to_owned();
    exposed.token.name = None;
    exposed.token.scopes.clear();
    exposed.addressee = addressee;
    exposed
}

/// `exposed`, as a letter.
pub(super) fn letter(exposed: TokenExposed) -> Letter {
    Letter::TokenExposed(Box::new(exposed))
}
