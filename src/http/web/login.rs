//! `/login`: an address, then the code that was mailed to it.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use tokio::time::timeout;

use super::error::PageError;
use super::page::{Page, Policy, Sending, see_other};
use super::return_to::{ReturnTo, code_url, login_url};
use crate::domain::sessions::{self, Begun};
use crate::domain::sign_in::{self, SignInRefusal};
use crate::http::OAuthError;
use crate::http::extract::{
    Again, FromParameters, PageForm, PageQuery, Parameters, Visitor, is_from_proxy,
};
use crate::http::limiting;
use crate::http::state::ApiState;
use crate::model::{Email, LOGIN_CODE_LENGTH, Limit};

/// What the address of the sign-in page says.
pub(in crate::http) struct LoginQuery {
    return_to: ReturnTo,
    email: String,
}

impl FromParameters for LoginQuery {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            return_to: ReturnTo::read(parameters.find("return_to")),
            email: parameters.find("email").unwrap_or_default().to_owned(),
        })
    }
}

/// What the address of the page that asks for the code says.
pub(in crate::http) struct CodeQuery {
    return_to: ReturnTo,
}

impl FromParameters for CodeQuery {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            return_to: ReturnTo::read(parameters.find("return_to")),
        })
    }
}

#[derive(Template)]
#[template(path = "login.html", config = "src/http/web/askama.toml")]
struct LoginPage<'a> {
    page: Page,
    problem: Option<&'static str>,
    return_to: &'a str,
    email: &'a str,
}

#[derive(Template)]
#[template(path = "login_code.html", config = "src/http/web/askama.toml")]
struct CodePage<'a> {
    page: Page,
    problem: Option<&'static str>,
    return_to: &'a str,
    email: &'a str,
    minutes: u64,
    length: usize,
    here: String,
    back: String,
}

/// The page on which somebody says who they are.
#[utoipa::path(
    get,
    path = "/login",
    tag = "pages",
    params(
        ("return_to" = Option<String>, Query, description = "Where to go afterwards: a path of ours."),
        ("email" = Option<String>, Query, description = "An address to begin with."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "A trusted proxy says who it is; on to where they want to go."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 403, description = "The proxy's person may not enter.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn login(
    request: HttpRequest,
    query: PageQuery<LoginQuery>,
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let PageQuery(LoginQuery { return_to, email }) = query;
    if let Some(person) = named_by_proxy(&request, &state) {
        let circumstances = visitor.circumstances();
        let entering = sign_in::enter_by_proxy(&state.ctx, person, &circumstances);
        let begun = timeout(state.request_timeout, entering).await;
        return match begun.map_err(|_| PageError::too_slow())? {
            Ok(begun) => Ok(signed_in(&begun, &return_to, &state)),
            Err(SignInRefusal::Storage(error)) => Err(error.into()),
            Err(_) => Err(PageError::Forbidden("you may not sign in here")),
        };
    }
    ask_for_address(&visitor, &return_to, &email, None, &state)
}

/// Whom a proxy that we trust says to have signed in.
fn named_by_proxy(request: &HttpRequest, state: &ApiState) -> Option<Email> {
    let header = state.ctx.policy.sign_in.proxy_header.as_deref()?;
    // A picture on the page of another site is nobody who wants to come in.
    let destination = request.headers().get("sec-fetch-dest");
    let comes = destination.is_none_or(|what| what.as_bytes() == b"document");
    if !comes || !is_from_proxy(request, state) {
        return None;
    }
    only(request.headers(), header)?.parse().ok()
}

fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name);
    let value = values.next()?;
    // Two of them: one may be a stranger's.
    values.next().is_none().then(|| value.to_str().ok())?
}

fn ask_for_address(
    visitor: &Visitor,
    return_to: &ReturnTo,
    email: &str,
    problem: Option<&'static str>,
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    let mut page = Page::new(state, "login-title");
    page.csrf = visitor.csrf(state);
    let fresh = match visitor.browser.is_none() {
        true => Some(state.cookies.of_browser()),
        false => None,
    };
    if let (Some((_, secret)), None) = (&fresh, &visitor.session) {
        page.csrf = crate::domain::csrf::token(&state.ctx, secret);
    }
    let template = LoginPage {
        page,
        problem,
        return_to: return_to.as_str(),
        email,
    };
    let status = match problem {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let mut response = Page::render_with(&template, status, &policy(return_to))?;
    if let Some((cookie, _)) = &fresh {
        response
            .add_cookie(cookie)
            .map_err(|_| PageError::defect())?;
    }
    Ok(response)
}

/// Signing in may end at a client, by way of the authorization endpoint.
fn policy(return_to: &ReturnTo) -> Policy<'static> {
    Policy::new(match return_to.is_authorization() {
        true => Sending::Anywhere,
        false => Sending::Ourselves,
    })
}

/// The address that was typed.
pub(in crate::http) struct AddressForm {
    email: String,
    return_to: ReturnTo,
}

impl FromParameters for AddressForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            email: parameters.find("email").unwrap_or_default().to_owned(),
            return_to: ReturnTo::read(parameters.find("return_to")),
        })
    }
}

/// Mails a code, and asks for it. Looks the same whether the address is known or not.
#[utoipa::path(
    post,
    path = "/login",
    tag = "pages",
    responses(
        (status = 303, description = "On to the page that asks for the code."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 422, description = "It is no address.", content_type = "text/html"),
        (status = 429, description = "Too many codes for one network.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn send_code(
    wire: HttpRequest,
    form: PageForm<AddressForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let PageForm { visitor, form } = form;
    let Ok(email) = form.email.parse::<Email>() else {
        let problem = Some("login-not-an-address");
        return ask_for_address(&visitor, &form.return_to, &form.email, problem, &state);
    };
    let browser = visitor.browser.as_ref().ok_or(PageError::ForeignForm)?;
    let (address, language) = (visitor.address, visitor.language);
    let asking = sign_in::request_code(&state.ctx, email, browser, address, language);
    let asked = timeout(state.request_timeout, asking).await;
    asked
        .map_err(|_| PageError::too_slow())?
        .map_err(|refusal| match refusal {
            SignInRefusal::TooMany { retry_after } => {
                limiting::refused(&wire, &state, Limit::LoginCodesFromAddress, retry_after);
                PageError::TooMany { retry_after }
            }
            SignInRefusal::Storage(error) => error.into(),
            SignInRefusal::WrongCode => PageError::defect(),
        })?;
    Ok(see_other(&code_url(&form.return_to)))
}

/// The page that asks for the code. It is a page of its own, so that whoever goes to read their
/// mail and comes back finds it, and nobody sends another letter by reloading it.
#[utoipa::path(
    get,
    path = "/login/code",
    tag = "pages",
    params(
        ("return_to" = Option<String>, Query, description = "Where to go afterwards: a path of ours."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "This browser waits for no code; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn code(
    query: PageQuery<CodeQuery>,
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let PageQuery(CodeQuery { return_to }) = query;
    let Some(browser) = &visitor.browser else {
        return Ok(see_other(&login_url(return_to.as_str(), None)));
    };
    let finding = timeout(state.request_timeout, sign_in::awaited(&state.ctx, browser));
    match finding.await.map_err(|_| PageError::too_slow())?? {
        Some(email) => ask_for_code(&visitor, &return_to, email.as_str(), None, &state),
        None => Ok(see_other(&login_url(return_to.as_str(), None))),
    }
}

fn ask_for_code(
    visitor: &Visitor,
    return_to: &ReturnTo,
    email: &str,
    problem: Option<&'static str>,
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    let mut page = Page::new(state, "code-title");
    page.csrf = visitor.csrf(state);
    let template = CodePage {
        page,
        problem,
        return_to: return_to.as_str(),
        email,
        minutes: state.ctx.policy.sign_in.code_lifetime.as_secs() / 60,
        length: LOGIN_CODE_LENGTH,
        here: code_url(return_to),
        back: login_url(return_to.as_str(), None),
    };
    let status = match problem {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Page::render_with(&template, status, &policy(return_to))
}

/// The code that was typed.
pub(in crate::http) struct CodeForm {
    code: String,
    email: String,
    return_to: ReturnTo,
}

impl FromParameters for CodeForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            code: parameters.find("code").unwrap_or_default().to_owned(),
            email: parameters.find("email").unwrap_or_default().to_owned(),
            return_to: ReturnTo::read(parameters.find("return_to")),
        })
    }
}

/// Signs in whoever brings the code.
#[utoipa::path(
    post,
    path = "/login/code",
    tag = "pages",
    responses(
        (status = 303, description = "Signed in; on to where the person wanted to go."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 422, description = "The code does not work.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn enter_code(
    form: PageForm<CodeForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let PageForm { visitor, form } = form;
    let browser = visitor.browser.as_ref().ok_or(PageError::ForeignForm)?;
    let circumstances = visitor.circumstances();
    let entering = sign_in::enter(&state.ctx, browser, &form.code, &circumstances);
    let entered = timeout(state.request_timeout, entering).await;
    match entered.map_err(|_| PageError::too_slow())? {
        Ok(begun) => Ok(signed_in(&begun, &form.return_to, &state)),
        Err(SignInRefusal::Storage(error)) => Err(error.into()),
        Err(_) => {
            let problem = Some("code-wrong");
            ask_for_code(&visitor, &form.return_to, &form.email, problem, &state)
        }
    }
}

fn signed_in(begun: &Begun, return_to: &ReturnTo, state: &ApiState) -> HttpResponse {
    let mut response = see_other(return_to.as_str());
    let lifetime = state.ctx.policy.sign_in.session_lifetime;
    let cookie = state.cookies.of_session(&begun.token, lifetime);
    if response.add_cookie(&cookie).is_err() {
        tracing::error!("a cookie could not be set");
    }
    response
}

/// A form that says nothing but that it was sent.
pub(in crate::http) struct Bare;

impl FromParameters for Bare {
    fn read(_: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self)
    }
}

impl Again for Bare {}

/// Signs out of this browser.
#[utoipa::path(
    post,
    path = "/logout",
    tag = "pages",
    responses(
        (status = 303, description = "Signed out; on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn sign_out(
    form: PageForm<Bare>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    if let Some(session) = &form.visitor.session {
        sessions::end(&state.ctx, session.user.id, session.token).await?;
    }
    Ok(signed_out("/login", &state))
}

/// On to another page, without the session's cookie.
pub(in crate::http) fn signed_out(location: &str, state: &ApiState) -> HttpResponse {
    let mut response = see_other(location);
    if response.add_cookie(&state.cookies.no_session()).is_err() {
        tracing::error!("a cookie could not be taken away");
    }
    response
}
