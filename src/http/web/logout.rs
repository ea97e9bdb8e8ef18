//! `/oauth2/logout`: a client sends a browser to sign out (OpenID Connect RP-Initiated Logout 1.0).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use tokio::time::timeout;

use super::error::PageError;
use super::login::signed_out;
use super::page::{Page, Policy, Sending, see_other};
use crate::domain::authorization::Parameters;
use crate::domain::logout::{self, Afterwards, LogoutRefusal, LogoutRequest, Next};
use crate::http::OAuthError;
use crate::http::extract::{
    FromParameters, PageForm, Parameters as FormParameters, RawForm, Visitor,
};
use crate::http::state::ApiState;
use crate::model::Session;

const HERE: &str = "/oauth2/logout";

#[derive(Template)]
#[template(path = "logout.html", config = "src/http/web/askama.toml")]
struct LogoutPage<'a> {
    page: Page,
    client: Option<&'a str>,
    request: String,
    who: &'a str,
}

#[derive(Template)]
#[template(path = "signed_out.html", config = "src/http/web/askama.toml")]
struct SignedOutPage {
    page: Page,
}

/// Signs out whoever the hint is about; without one that fits, asks the person.
#[utoipa::path(
    get,
    path = "/oauth2/logout",
    tag = "pages",
    params(
        ("id_token_hint" = Option<String>, Query,
            description = "An ID token of the person, however old."),
        ("client_id" = Option<String>, Query, description = "Who asks."),
        ("post_logout_redirect_uri" = Option<String>, Query,
            description = "Where the browser goes afterwards; registered, compared exactly."),
        ("state" = Option<String>, Query, description = "Sent back byte for byte."),
        ("logout_hint" = Option<String>, Query, description = "Accepted and not needed."),
        ("ui_locales" = Option<String>, Query, description = "Accepted; the browser's own languages are used."),
    ),
    responses(
        (status = 200, description = "The page that asks, or says that nobody is signed in.",
            content_type = "text/html"),
        (status = 303, description = "Signed out; back to the client."),
        (status = 400, description = "The address is not registered, or a parameter is repeated.",
            content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn end_session(
    request: HttpRequest,
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let parameters = Parameters::parse(request.query_string()).map_err(PageError::Unreadable)?;
    respond(&parameters, &visitor, &state).await
}

/// The same request as a form. It may come from any site, and browsers keep our cookies back then:
/// it is asked once more with a GET, which brings them along.
#[utoipa::path(
    post,
    path = "/oauth2/logout",
    tag = "pages",
    responses(
        (status = 200, description = "The page that asks.", content_type = "text/html"),
        (status = 303, description = "Signed out, back to the client; or to the same with a GET."),
        (status = 400, description = "The address is not registered, or a parameter is repeated.",
            content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn end_session_by_form(
    RawForm(text): RawForm,
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let parameters = Parameters::parse(&text).map_err(PageError::Unreadable)?;
    if visitor.session.is_none() {
        return Ok(see_other(&format!("{HERE}?{}", parameters.to_query())));
    }
    respond(&parameters, &visitor, &state).await
}

async fn respond(
    parameters: &Parameters,
    visitor: &Visitor,
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    let session = visitor.session.as_ref();
    let deciding = async {
        let request = read(parameters, state).await?;
        let next = logout::decide(&state.ctx, &request, session).await?;
        Ok::<_, PageError>((next, request))
    };
    let decided = timeout(state.request_timeout, deciding).await;
    let (next, request) = decided.map_err(|_| PageError::too_slow())??;
    match (next, session) {
        (Next::Ask, Some(session)) => ask(&request, parameters, (visitor, session), state),
        (Next::SignedOut(afterwards), Some(_)) => Ok(leave(afterwards.as_ref(), state)),
        (Next::SignedOut(Some(afterwards)), None) => Ok(see_other(&afterwards.location())),
        (Next::SignedOut(None) | Next::Ask, None) => say_signed_out(state),
    }
}

async fn read(parameters: &Parameters, state: &ApiState) -> Result<LogoutRequest, PageError> {
    let read = LogoutRequest::read(&state.ctx, parameters).await;
    read.map_err(|refusal| match refusal {
        LogoutRefusal::OtherClient => {
            PageError::BadRequest("the application named itself wrongly; you are still signed in")
        }
        LogoutRefusal::Unregistered => PageError::BadRequest(
            "the application wants to send you to an address that it has not registered here; \
             you are still signed in",
        ),
        LogoutRefusal::Failed(error) => PageError::Other(error.into()),
    })
}

/// On to the client or to our own last page, without the session's cookie.
fn leave(afterwards: Option<&Afterwards>, state: &ApiState) -> HttpResponse {
    match afterwards {
        Some(afterwards) => signed_out(&afterwards.location(), state),
        None => signed_out(HERE, state),
    }
}

fn say_signed_out(state: &ApiState) -> Result<HttpResponse, PageError> {
    let page = Page::new(state, "logout-done");
    Page::render(&SignedOutPage { page }, &Policy::new(Sending::Ourselves))
}

fn ask(
    request: &LogoutRequest,
    parameters: &Parameters,
    (visitor, session): (&Visitor, &Session),
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    let mut page = Page::new(state, "logout-title");
    page.csrf = visitor.csrf(state);
    let client = request.client.as_ref();
    let template = LogoutPage {
        page,
        client: client.map(|client| client.metadata.client_name.as_str()),
        request: parameters.to_query(),
        who: session.user.email.as_str(),
    };
    let sending = match &request.destination {
        Some(afterwards) => Sending::Also(afterwards.source()),
        None => Sending::Ourselves,
    };
    Page::render(&template, &Policy::new(sending))
}

/// The request that the person confirms.
pub(in crate::http) struct ConfirmForm {
    request: String,
}

impl FromParameters for ConfirmForm {
    fn read(parameters: &FormParameters) -> Result<Self, OAuthError> {
        let request = parameters.find("request").unwrap_or_default().to_owned();
        Ok(Self { request })
    }
}

/// Signs out a person who said so. The request is read anew: nothing that came back from the page
/// is believed.
#[utoipa::path(
    post,
    path = "/oauth2/logout/confirm",
    tag = "pages",
    responses(
        (status = 303, description = "Signed out; back to the client, or to a page that says so."),
        (status = 400, description = "The request cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn confirm_sign_out(
    form: PageForm<ConfirmForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let PageForm { visitor, form } = form;
    let parameters = Parameters::parse(&form.request).map_err(PageError::Unreadable)?;
    let confirming = async {
        let request = read(&parameters, &state).await?;
        let session = visitor.session.as_ref();
        Ok::<_, PageError>(logout::confirm(&state.ctx, request, session).await?)
    };
    let afterwards = timeout(state.request_timeout, confirming).await;
    let afterwards = afterwards.map_err(|_| PageError::too_slow())??;
    Ok(leave(afterwards.as_ref(), &state))
}
