//! What the reader should do next, by the kind of token, who they are and whether it still worked.

use super::facts::{About, LONGEST_NAME};
use crate::model::TokenKind;
use crate::model::letter::{Addressee, Outcome};

/// The steps, most urgent first.
pub(super) fn steps(about: &About<'_>) -> Vec<String> {
    let outcome = about.letter.outcome;
    let worked = matches!(
        outcome,
        Outcome::Revoked { .. } | Outcome::Quarantined { .. } | Outcome::NotRevoked { works: true }
    );
    let first = match outcome {
        Outcome::NotRevoked { .. } => Some(revoke_it(about)),
        _ => worked.then(|| replace(about)).flatten(),
    };
    let first = match about.letter.addressee {
        Addressee::ManagerOfOwner => Some(talk_to_owner(about)),
        _ => first,
    };
    [
        first,
        replace_others(about),
        Some(look_back(about, worked)),
        clean_up(about),
        Some(prevent(about)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What the reader of a copy can do: the token is not theirs.
fn talk_to_owner(about: &About<'_>) -> String {
    let owner = about.owner(LONGEST_NAME);
    let revoke = match about.letter.outcome {
        Outcome::NotRevoked { .. } => " See to it that the token is revoked: it was not.",
        _ => "",
    };
    format!(
        "Talk to {owner}, who got a letter as well, and find out together how tokens are kept where \
         they work.{revoke}"
    )
}

/// Two leaks come from somewhere.
fn replace_others(about: &About<'_>) -> Option<String> {
    about.letter.leaked_before?;
    let others = match about.letter.addressee {
        Addressee::ManagerOfOwner => {
            "See that every other token which is kept in the same place is"
        }
        _ => "Have every other token that you keep in the same place",
    };
    Some(format!(
        "{others} replaced as well, and no new one is put there before you know how these got out."
    ))
}

/// What only the reader can do about a token that was left as it is.
fn revoke_it(about: &About<'_>) -> String {
    let ask = match about.letter.addressee {
        Addressee::Operator => "revoke it yourself with `tokenward token revoke`".to_owned(),
        _ => format!("revoke it yourself: go to {}", about.settings),
    };
    format!(
        "Unless you know that the copy is harmless, {ask}. If it is not listed there, ask us to \
         revoke it. Make a new one first if something of yours needs it."
    )
}

/// How what depended on the token gets going again.
fn replace(about: &About<'_>) -> Option<String> {
    let settings = &about.settings;
    let application = about.application();
    let step = match about.kind? {
        TokenKind::PersonalAccessToken => format!(
            "If something of yours still needs it, create a new token: go to {settings}. Give it \
             only the scopes that job needs, and an expiry date."
        ),
        TokenKind::OrganizationAccessToken => format!(
            "The jobs that used this token fail until they have a new one. Create it for {}: go \
             to {settings}. Give it only the scopes those jobs need, and an expiry date.",
            about.organization()
        ),
        TokenKind::AccessToken | TokenKind::RefreshToken | TokenKind::AuthorizationCode => {
            format!(
                "{} has lost its access. If it is still wanted, connect it again, starting from \
                 the application itself.",
                sentence_case(&application)
            )
        }
        TokenKind::ClientSecret => format!(
            "Create a new secret for {application} and deploy it: go to {settings}. Until then \
             the application cannot obtain tokens."
        ),
        TokenKind::ClientRegistrationToken => format!(
            "Nothing has to be replaced now: {application} works as before. You need a new \
             registration token before you next change its registration."
        ),
        TokenKind::UserSessionToken => match about.letter.addressee {
            Addressee::Owner => format!(
                "You were signed out everywhere. Sign in again: type the address of {} into your \
                 browser yourself.",
                about.brand
            ),
            _ => "The person was signed out everywhere and has to sign in again.".to_owned(),
        },
        TokenKind::CustomerSessionToken => "Nothing has to be replaced: the customer is given a \
             new session the next time they come."
            .to_owned(),
        TokenKind::ServiceKey => "Create a new service key and give it to the service that used \
             this one. Until then its requests are refused."
            .to_owned(),
    };
    Some(step)
}

/// Where misuse would show.
fn look_back(about: &About<'_>, worked: bool) -> String {
    let while_it_worked = if worked {
        match about.letter.outcome {
            Outcome::NotRevoked { .. } => "Others may have used it, and still can.",
            _ => "Others may have used it before we ended it.",
        }
    } else {
        "It may have been public while it still worked."
    };
    let look = match about.kind {
        Some(TokenKind::ClientSecret) => format!(
            "Look through what {} did lately for tokens that it did not ask for.",
            about.application()
        ),
        Some(TokenKind::ClientRegistrationToken) => format!(
            "Check that the name and the redirect addresses of {} are the ones you set.",
            about.application()
        ),
        Some(TokenKind::UserSessionToken) => "Check the account for changes that nobody you \
             trust made: its e-mail address, its tokens, the applications connected to it."
            .to_owned(),
        Some(TokenKind::CustomerSessionToken) => {
            "Check what was done for that customer while the session lasted.".to_owned()
        }
        Some(TokenKind::ServiceKey) => {
            "Look through the audit log for requests that the service did not make.".to_owned()
        }
        _ => "Look for changes that nobody you trust made.".to_owned(),
    };
    format!("{look} {while_it_worked}")
}

/// What to do about the copy that was found.
fn clean_up(about: &About<'_>) -> Option<String> {
    about.letter.url.as_ref()?;
    let why = match about.letter.outcome {
        Outcome::NotRevoked { .. } => "That does not replace revoking it: copies remain.",
        _ => "It is harmless now, but it draws people who look for more.",
    };
    Some(format!(
        "Remove the token from where it was seen. {why} In a repository it stays in the history \
         after the file is changed."
    ))
}

/// What keeps it from happening again.
fn prevent(about: &About<'_>) -> String {
    let step = match about.kind {
        Some(TokenKind::AccessToken | TokenKind::RefreshToken | TokenKind::AuthorizationCode) => {
            return format!(
                "Find out how it got there. Tokens like this one are only ever held by an \
                 application: tell whoever runs {}.",
                about.application()
            );
        }
        Some(TokenKind::UserSessionToken | TokenKind::CustomerSessionToken) => {
            "Session tokens get out through recorded browser traffic (HAR files), logs and \
             screenshots: clean those before they are shared."
        }
        _ => "Keep tokens in a secret store or in the environment, never in files that are shared.",
    };
    format!("Find out how it got there, so that the next one does not follow. {step}")
}

fn sentence_case(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map(|first| first.to_uppercase().chain(rest).collect())
        .unwrap_or_default()
}
