//! What to do about a leak now.

use super::seen::Fate;
use crate::domain::exposures::owned::Story;
use crate::model::TokenKind;

/// One step: the names of its texts, and where a button leads.
pub(in crate::http) struct Step {
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
    /// A path of ours and the name of the text on the button.
    pub(super) button: Option<(String, &'static str)>,
}

/// The steps, most urgent first. `base` is where the tokens of whoever reads this are kept.
pub(super) fn of(story: &Story, fate: Fate, base: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(end_it(story, fate, base));
    steps.extend(replace(story, fate, base));
    steps.push(Step {
        title: "step-look-back",
        detail: match story.attempts.is_empty() {
            true => "step-look-back-detail",
            false => "step-look-back-tried",
        },
        button: None,
    });
    let seen = &story.seen.exposure;
    if seen.url.is_some() || seen.source.is_some() || seen.scrubbed_at.is_some() {
        steps.push(Step {
            title: "step-clean-up",
            detail: "step-clean-up-detail",
            button: None,
        });
    }
    steps.push(Step {
        title: "step-prevent",
        detail: "step-prevent-detail",
        button: None,
    });
    steps
}

/// Whether the token is one that is kept on the pages of whoever reads this.
fn is_kept(story: &Story, base: &str) -> bool {
    match story.seen.known.token.kind {
        TokenKind::PersonalAccessToken => base == "/settings",
        TokenKind::OrganizationAccessToken => base != "/settings",
        _ => false,
    }
}

fn end_it(story: &Story, fate: Fate, base: &str) -> Option<Step> {
    if fate != Fate::Spared {
        return None;
    }
    let token = &story.seen.known.token;
    let kept = is_kept(story, base);
    let path = format!("{base}/tokens/{}/revoke", token.id);
    Some(Step {
        title: "step-revoke",
        detail: if kept {
            "step-revoke-detail"
        } else {
            "step-revoke-ask"
        },
        button: kept.then_some((path, "step-revoke-button")),
    })
}

fn replace(story: &Story, fate: Fate, base: &str) -> Option<Step> {
    let token = &story.seen.known.token;
    let (detail, button) = match token.kind {
        TokenKind::PersonalAccessToken | TokenKind::OrganizationAccessToken
            if is_kept(story, base) =>
        {
            let path = match fate {
                Fate::Spared => format!("{base}/tokens/{}/replace", token.id),
                _ => format!("{base}/tokens/new?like={}", token.id),
            };
            ("step-replace-token", Some((path, "step-replace-button")))
        }
        TokenKind::OrganizationAccessToken => ("step-replace-organization", None),
        TokenKind::AccessToken | TokenKind::RefreshToken | TokenKind::AuthorizationCode => {
            let path = "/settings/applications".to_owned();
            (
                "step-replace-application",
                Some((path, "step-applications-button")),
            )
        }
        TokenKind::ClientSecret | TokenKind::ClientRegistrationToken => {
            ("step-replace-client", None)
        }
        TokenKind::UserSessionToken => {
            let path = "/settings/sessions".to_owned();
            ("step-replace-session", Some((path, "step-sessions-button")))
        }
        _ => return None,
    };
    Some(Step {
        title: "step-replace",
        detail,
        button,
    })
}
