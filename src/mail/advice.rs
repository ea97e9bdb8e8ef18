//! What the reader should do next, by the kind of token, who they are and whether it still worked.

use super::facts::About;
use super::shown::Line;
use super::voice::LONGEST_NAME;
use crate::model::TokenKind;
use crate::model::letter::{Addressee, Outcome};

/// The steps, most urgent first.
pub(super) fn steps(about: &About<'_>) -> Vec<Line> {
    let outcome = about.letter.outcome;
    let worked = matches!(
        outcome,
        Outcome::Revoked { .. } | Outcome::Quarantined { .. } | Outcome::NotRevoked { works: true }
    );
    let first = match (about.letter.addressee, outcome) {
        (Addressee::ManagerOfOwner, Outcome::NotRevoked { .. }) => Some("letter-talk-spared"),
        (Addressee::ManagerOfOwner, _) => Some("letter-talk"),
        (Addressee::Operator, Outcome::NotRevoked { .. }) => Some("letter-revoke-operator"),
        (_, Outcome::NotRevoked { .. }) => Some("letter-revoke"),
        _ if worked => about.kind.map(|kind| replace(about, kind)),
        _ => None,
    };
    let said = [
        first.map(|id| say(about, id)),
        replace_others(about).map(|id| say(about, id)),
        Some(look_back(about, worked)),
        clean_up(about).map(|id| say(about, id)),
        Some(say(about, prevent(about.kind))),
    ];
    said.into_iter().flatten().map(Line::new).collect()
}

/// A step, with everything in it that a step may name.
fn say(about: &About<'_>, id: &str) -> String {
    let voice = about.voice;
    let said = voice.say(id).put("owner", about.owner(LONGEST_NAME));
    let said = said.put("application", about.application());
    let said = said.put("organization", about.organization());
    let said = said.put("settings", voice.settings());
    let said = said.put("applications", voice.applications());
    let said = said.put("organizations", voice.organizations());
    said.put("brand", voice.name()).to_string()
}

/// Two leaks come from somewhere.
fn replace_others(about: &About<'_>) -> Option<&'static str> {
    about.letter.leaked_before?;
    Some(match about.letter.addressee {
        Addressee::ManagerOfOwner => "letter-replace-others-theirs",
        _ => "letter-replace-others",
    })
}

/// How what depended on the token gets going again.
fn replace(about: &About<'_>, kind: TokenKind) -> &'static str {
    let named = about.letter.token.client.is_some();
    match kind {
        TokenKind::PersonalAccessToken => "letter-replace-personal",
        TokenKind::OrganizationAccessToken => "letter-replace-organization",
        TokenKind::AccessToken | TokenKind::RefreshToken | TokenKind::AuthorizationCode => {
            match named {
                true => "letter-replace-family",
                false => "letter-replace-family-unnamed",
            }
        }
        TokenKind::ClientSecret => "letter-replace-secret",
        TokenKind::ClientRegistrationToken => "letter-replace-registration",
        TokenKind::UserSessionToken => match about.letter.addressee {
            Addressee::Owner => "letter-replace-session",
            _ => "letter-replace-session-theirs",
        },
        TokenKind::CustomerSessionToken => "letter-replace-customer",
        TokenKind::ServiceKey => "letter-replace-service",
    }
}

/// Where misuse would show.
fn look_back(about: &About<'_>, worked: bool) -> String {
    let while_it_worked = match (worked, about.letter.outcome) {
        (true, Outcome::NotRevoked { .. }) => "letter-look-spared",
        (true, _) => "letter-look-ended",
        (false, _) => "letter-look-dead",
    };
    let look = match about.kind {
        Some(TokenKind::ClientSecret) => "letter-look-secret",
        Some(TokenKind::ClientRegistrationToken) => "letter-look-registration",
        Some(TokenKind::UserSessionToken) => "letter-look-session",
        Some(TokenKind::CustomerSessionToken) => "letter-look-customer",
        Some(TokenKind::ServiceKey) => "letter-look-service",
        _ => "letter-look-token",
    };
    format!("{} {}", say(about, look), say(about, while_it_worked))
}

/// What to do about the copy that was found.
fn clean_up(about: &About<'_>) -> Option<&'static str> {
    about.letter.url.as_ref()?;
    Some(match about.letter.outcome {
        Outcome::NotRevoked { .. } => "letter-clean-up-spared",
        _ => "letter-clean-up",
    })
}

/// What keeps it from happening again.
const fn prevent(kind: Option<TokenKind>) -> &'static str {
    match kind {
        Some(TokenKind::AccessToken | TokenKind::RefreshToken | TokenKind::AuthorizationCode) => {
            "letter-prevent-application"
        }
        Some(TokenKind::UserSessionToken | TokenKind::CustomerSessionToken) => {
            "letter-prevent-session"
        }
        _ => "letter-prevent",
    }
}
