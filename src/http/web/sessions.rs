//! `/settings/sessions`: where somebody is signed in.

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::browser;
use super::error::PageError;
use super::login::signed_out;
use super::page::{Page, Place, Policy, Sending, see_other};
use crate::domain::sessions::{self, SessionFacts};
use crate::http::OAuthError;
use crate::http::extract::{Again, FromParameters, KeptForm, Parameters, SignedInVisitor};
use crate::http::state::ApiState;
use crate::model::{Id, Session, Timestamp, Token};

const HERE: &str = "/settings/sessions";

#[derive(Template)]
#[template(path = "sessions.html", config = "src/http/web/askama.toml")]
struct SessionsPage {
    page: Page,
    sessions: Vec<SessionView>,
}

struct SessionView {
    id: String,
    current: bool,
    browser: Option<String>,
    signed_in: Timestamp,
    from: Option<String>,
    last_used: Option<(Timestamp, Option<IpAddr>)>,
}

impl SessionView {
    fn new(facts: SessionFacts, current: &Session) -> Self {
        Self {
            id: facts.session.token.to_string(),
            current: facts.session.token == current.token,
            browser: facts.user_agent.map(browser::name),
            signed_in: facts.session.auth_time,
            from: facts.address,
            last_used: facts.last_used,
        }
    }
}

/// The page that lists where somebody is signed in.
#[utoipa::path(
    get,
    path = "/settings/sessions",
    tag = "pages",
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
    ),
)]
pub(in crate::http) async fn list(
    SignedInVisitor {
        session, visitor, ..
    }: SignedInVisitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let all = sessions::list(&state.ctx, session.user.id).await?;
    let view = |facts| SessionView::new(facts, &session);
    let template = SessionsPage {
        page: Page::for_visitor(&state, &visitor, "sessions-title").at(Place::Sessions),
        sessions: all.into_iter().map(view).collect(),
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

/// Which session ends.
pub(in crate::http) struct EndForm {
    id: Id<Token>,
}

impl FromParameters for EndForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let id = parameters.find("id").and_then(|id| id.parse().ok());
        let id = id.ok_or(OAuthError::InvalidRequest("the form names no session"))?;
        Ok(Self { id })
    }
}

impl Again for EndForm {
    fn again(&self, _: &str) -> String {
        HERE.to_owned()
    }
}

/// Ends one session.
#[utoipa::path(
    post,
    path = "/settings/sessions/end",
    tag = "pages",
    responses(
        (status = 303, description = "Ended; back to the list, or nobody was signed in."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn end(
    KeptForm { sender, form }: KeptForm<EndForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let session = sender.session;
    // One that has ended meanwhile is as ended as they wanted it.
    sessions::end(&state.ctx, session.user.id, form.id).await?;
    Ok(match form.id == session.token {
        true => signed_out("/login", &state),
        false => see_other(HERE),
    })
}

/// Nothing but that it is ours.
pub(in crate::http) struct EndOthersForm;

impl FromParameters for EndOthersForm {
    fn read(_: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self)
    }
}

impl Again for EndOthersForm {
    fn again(&self, _: &str) -> String {
        HERE.to_owned()
    }
}

/// Ends every session but this one.
#[utoipa::path(
    post,
    path = "/settings/sessions/end-others",
    tag = "pages",
    responses(
        (status = 303, description = "Ended; back to the list, or nobody was signed in."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn end_others(
    KeptForm { sender, .. }: KeptForm<EndOthersForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    sessions::end_others(&state.ctx, &sender.session).await?;
    Ok(see_other(HERE))
}
