//! An application as its owner sees it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use url::form_urlencoded::Serializer;

use super::form::{ApplicationForm, ApplicationKind};
use super::{Problem, path_of};
use crate::domain::clients;
use crate::http::extract::Visitor;
use crate::http::state::ApiState;
use crate::http::web::error::PageError;
use crate::http::web::page::{Page, Place, Policy, Sending};
use crate::model::{KnownToken, RegisteredClient, Timestamp, TokenState};

/// One line of the list.
pub(in crate::http::web) struct OwnApplication {
    pub(in crate::http::web) path: String,
    pub(in crate::http::web) name: String,
    pub(in crate::http::web) kind: &'static str,
    pub(in crate::http::web) created: Timestamp,
    pub(in crate::http::web) disabled: bool,
}

impl OwnApplication {
    /// This client in the list.
    pub(in crate::http::web) fn of(client: &RegisteredClient) -> Self {
        Self {
            path: path_of(client.client_id.as_str()),
            name: client.metadata.client_name.clone(),
            kind: ApplicationKind::of(&client.metadata).text().0,
            created: client.created_at,
            disabled: client.disabled_at.is_some(),
        }
    }
}

#[derive(Template)]
#[template(path = "own_application.html", config = "src/http/web/askama.toml")]
struct ApplicationPage<'a> {
    page: Page,
    client: &'a RegisteredClient,
    kind: ApplicationKind,
    form: &'a ApplicationForm,
    problem: Option<&'a Problem>,
    /// Whether what the form says waits to be saved.
    unsaved: bool,
    /// Why what was asked for was not done, as a phrase.
    refused: Option<&'static str>,
    /// A secret that was just made.
    fresh: Option<&'a str>,
    secrets: Vec<SecretView>,
    issuer: &'a str,
    public_url: &'a str,
    trial: Option<String>,
}

struct SecretView {
    id: String,
    hint: String,
    created: Timestamp,
    last_used: Option<Timestamp>,
    live: bool,
}

impl SecretView {
    fn of(secret: &KnownToken, now: Timestamp) -> Self {
        Self {
            id: secret.token.id.to_string(),
            hint: secret.token.hint.to_string(),
            created: secret.token.created_at,
            last_used: secret.token.last_used_at,
            live: secret.state(now) == TokenState::Live,
        }
    }
}

/// What is shown of an application besides what it is.
#[derive(Default)]
pub(super) struct Shown<'a> {
    /// What was typed and is not saved.
    pub(super) typed: Option<&'a ApplicationForm>,
    /// What is wrong with it; nothing, when somebody had to sign in before it could be saved.
    pub(super) problem: Option<&'a Problem>,
    /// Why something was not done.
    pub(super) refused: Option<&'static str>,
    /// A secret that was just made: shown once, kept nowhere.
    pub(super) fresh: Option<&'a str>,
    /// What was just done, a text.
    pub(super) done: Option<&'a str>,
}

/// The page of one application.
///
/// # Errors
/// When the database fails.
pub(super) async fn application_page(
    client: &RegisteredClient,
    shown: Shown<'_>,
    visitor: &Visitor,
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    let listing = clients::list_secrets(&state.ctx, client);
    let secrets = state.timely(listing).await.map_err(PageError::Other)??;
    let mut page = Page::for_visitor(state, visitor, "own-title").at(Place::Applications);
    page.title.clone_from(&client.metadata.client_name);
    page.done = shown.done.map(|text| page.say(text).to_string());
    let stored = ApplicationForm::of(&client.metadata);
    let now = state.ctx.clock.now();
    let template = ApplicationPage {
        kind: ApplicationKind::of(&client.metadata),
        form: shown.typed.unwrap_or(&stored),
        unsaved: shown.typed.is_some() && shown.problem.is_none(),
        problem: shown.problem,
        refused: shown.refused,
        fresh: shown.fresh,
        secrets: secrets
            .iter()
            .map(|secret| SecretView::of(secret, now))
            .collect(),
        issuer: &state.ctx.issuer,
        public_url: &state.ctx.public_url,
        trial: trial(client),
        client,
        page,
    };
    let status = match shown.problem.is_some() || shown.refused.is_some() {
        true => StatusCode::UNPROCESSABLE_ENTITY,
        false => StatusCode::OK,
    };
    Page::render_with(&template, status, &Policy::new(Sending::Ourselves))
}

/// An authorization request as the application would send it, for its owner to see what its users
/// will. Nobody holds what the challenge was made from, so a code that comes of it is good for nothing.
fn trial(client: &RegisteredClient) -> Option<String> {
    const CHALLENGE: &str = "c2VlLXdoYXQteW91ci11c2Vycy13aWxsLXNlZS1ub3c";
    let uri = client.metadata.redirect_uris.first()?;
    let query = Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", client.client_id.as_str())
        .append_pair("redirect_uri", uri.as_str())
        .append_pair("scope", "openid profile email")
        .append_pair("prompt", "consent")
        .append_pair("state", "trial")
        .append_pair("code_challenge", CHALLENGE)
        .append_pair("code_challenge_method", "S256")
        .finish();
    Some(format!("/oauth2/authorize?{query}"))
}
