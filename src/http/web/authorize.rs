//! `/oauth2/authorize`: a person allows a client to act for them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use tokio::time::timeout;
use url::Url;

use super::answers;
use super::error::PageError;
use super::page::{Page, Policy, Sending, see_other};
use super::return_to::login_url;
use super::scopes::{ScopeGroup, groups};
use crate::domain::authorization::{
    self, AuthorizationRequest, MARK, Next, Parameters, Question, RequestRefusal, Verdict,
};
use crate::http::OAuthError;
use crate::http::extract::{
    FromParameters, PageForm, Parameters as FormParameters, RawForm, Visitor,
};
use crate::http::state::ApiState;
use crate::model::{Id, Organization, ScopeSet, Session};

#[derive(Template)]
#[template(path = "consent.html", config = "src/http/web/askama.toml")]
struct ConsentPage<'a> {
    page: Page,
    client: &'a str,
    logo: Option<&'a str>,
    host: &'a str,
    doubt: bool,
    scopes: Vec<ScopeGroup>,
    links: Vec<Link<'a>>,
    organizations: Vec<Choice>,
    request: String,
    seal: String,
    who: &'a str,
}

struct Link<'a> {
    text: &'static str,
    url: &'a str,
}

struct Choice {
    id: String,
    name: String,
}

/// Asks a person whether a client may act for them (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1).
#[utoipa::path(
    get,
    path = "/oauth2/authorize",
    tag = "pages",
    params(
        ("response_type" = Option<String>, Query, description = "`code`."),
        ("client_id" = Option<String>, Query, description = "Who asks."),
        ("redirect_uri" = Option<String>, Query, description = "Where the answer goes; registered."),
        ("response_mode" = Option<String>, Query, description = "`query` or `form_post`."),
        ("scope" = Option<String>, Query, description = "For what: names, separated by spaces."),
        ("state" = Option<String>, Query, description = "Sent back byte for byte."),
        ("code_challenge" = Option<String>, Query, description = "RFC 7636."),
        ("code_challenge_method" = Option<String>, Query, description = "`S256`."),
        ("nonce" = Option<String>, Query, description = "For the ID token."),
        ("prompt" = Option<String>, Query,
            description = "`none`, or some of `login`, `consent`, `select_account`."),
        ("max_age" = Option<String>, Query, description = "Seconds since the person signed in."),
        ("id_token_hint" = Option<String>, Query, description = "Who is expected."),
        ("login_hint" = Option<String>, Query, description = "An address to begin with."),
        ("claims" = Option<String>, Query, description = "OpenID Connect Core 5.5."),
        ("resource" = Option<String>, Query, description = "RFC 8707; may be repeated."),
        ("sub_type" = Option<String>, Query, description = "`user` or `organization`."),
    ),
    responses(
        (status = 200, description = "The page that asks, or a form that posts the answer.",
            content_type = "text/html"),
        (status = 303, description = "The answer, or on to the sign-in page."),
        (status = 400, description = "The client or its redirect URI is not certain.",
            content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn by_get(
    request: HttpRequest,
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    respond(request.query_string(), &visitor, &state).await
}

/// The same request as a form (OpenID Connect Core 3.1.2.1). It may come from any site: it only
/// asks. Browsers leave our cookies at home then (SameSite=Lax), and bring them when they are sent on
/// with a GET.
#[utoipa::path(
    post,
    path = "/oauth2/authorize",
    tag = "pages",
    responses(
        (status = 200, description = "The page that asks.", content_type = "text/html"),
        (status = 303, description = "The answer, or on to the sign-in page."),
        (status = 400, description = "The client or its redirect URI is not certain.",
            content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn by_post(
    RawForm(text): RawForm,
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    match visitor.session {
        Some(_) => respond(&text, &visitor, &state).await,
        None => ask_with_cookies(&text, &state).await,
    }
}

/// Sends the browser on with the same request, unless something is wrong with it.
async fn ask_with_cookies(text: &str, state: &ApiState) -> Result<HttpResponse, PageError> {
    let reading = timeout(state.request_timeout, read(text, state)).await;
    match reading.map_err(|_| PageError::too_slow())?? {
        Ok((_, parameters)) => Ok(see_other(&here(&parameters))),
        Err(refusal) => answers::refused(&refusal, state),
    }
}

fn here(parameters: &Parameters) -> String {
    format!("/oauth2/authorize?{}", parameters.to_query())
}

async fn respond(
    text: &str,
    visitor: &Visitor,
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    let answering = async {
        let (request, parameters) = match read(text, state).await? {
            Ok(read) => read,
            Err(refusal) => return answers::refused(&refusal, state),
        };
        let session = visitor.session.as_ref();
        let next = authorization::decide(&state.ctx, &request, &parameters, session).await?;
        show(next, &request, &parameters, visitor, state)
    };
    timeout(state.request_timeout, answering)
        .await
        .map_err(|_| PageError::too_slow())?
}

pub(in crate::http) type Read = (AuthorizationRequest, Parameters);

/// The request, or the refusal that the client hears of.
pub(in crate::http) async fn read(
    text: &str,
    state: &ApiState,
) -> Result<Result<Read, authorization::AuthorizationError>, PageError> {
    let parameters = Parameters::parse(text).map_err(PageError::Unreadable)?;
    match AuthorizationRequest::read(&state.ctx, &parameters).await {
        Ok(request) => Ok(Ok((request, parameters))),
        Err(RequestRefusal::Answered(refusal)) => Ok(Err(refusal)),
        Err(RequestRefusal::Unreadable(why)) => Err(PageError::Unreadable(why)),
        Err(RequestRefusal::Failed(error)) => Err(PageError::Other(error.into())),
    }
}

fn show(
    next: Next,
    request: &AuthorizationRequest,
    parameters: &Parameters,
    visitor: &Visitor,
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    match (next, &visitor.session) {
        (Next::Granted(granted), _) => answers::granted(&granted, state),
        (Next::Refused(refusal), _) => answers::refused(&refusal, state),
        (Next::Ask(question), Some(session)) => {
            ask(&question, request, parameters, (visitor, session), state)
        }
        (Next::SignIn | Next::Ask(_), _) => {
            let mark = authorization::mark(&state.ctx, parameters);
            let here = here(&parameters.with(MARK, &mark));
            Ok(see_other(&login_url(&here, request.login_hint.as_deref())))
        }
    }
}

fn ask(
    question: &Question,
    request: &AuthorizationRequest,
    parameters: &Parameters,
    (visitor, session): (&Visitor, &Session),
    state: &ApiState,
) -> Result<HttpResponse, PageError> {
    let uri = &request.destination.redirect_uri;
    let mut page = Page::new(state, "consent-title");
    page.csrf = visitor.csrf(state);
    let metadata = &request.client.metadata;
    let logo = logo(request);
    let scopes = scopes(&request.asked, &question.fresh, &page, state);
    let template = ConsentPage {
        page,
        client: &metadata.client_name,
        logo: logo.as_ref().map(|(_, url)| *url),
        host: uri.place(),
        doubt: request.could_be_another_program(),
        scopes,
        links: links(request),
        organizations: question.organizations.iter().map(choice).collect(),
        request: parameters.to_query(),
        seal: authorization::seal(&state.ctx, request, parameters, session),
        who: session.user.email.as_str(),
    };
    let images = logo.as_ref().map(|(source, _)| source.as_str());
    let policy = Policy {
        images,
        ..Policy::new(Sending::Also(uri.source()))
    };
    Page::render(&template, &policy)
}

fn scopes(all: &ScopeSet, fresh: &ScopeSet, page: &Page, state: &ApiState) -> Vec<ScopeGroup> {
    let mut groups = groups(all, page, state);
    // What is new is only worth a word when something is not.
    if all.iter().any(|scope| !fresh.contains(scope)) {
        for scope in groups.iter_mut().flat_map(|group| &mut group.scopes) {
            scope.fresh = fresh.contains(&scope.name);
        }
    }
    groups
}

fn links(request: &AuthorizationRequest) -> Vec<Link<'_>> {
    let metadata = &request.client.metadata;
    let named = [
        ("consent-website", &metadata.client_uri),
        ("consent-terms", &metadata.tos_uri),
        ("consent-privacy", &metadata.policy_uri),
    ];
    named
        .into_iter()
        .filter_map(|(text, url)| Some((text, url.as_deref()?)))
        // Whatever got into the database: nothing but the web is linked to.
        .filter(|(_, url)| url.starts_with("https://") || url.starts_with("http://"))
        .map(|(text, url)| Link { text, url })
        .collect()
}

/// The client's logo and the source it comes from. It is shown only when it comes from the very host
/// that the page names: otherwise anybody could wear anybody's, or count who looks.
fn logo(request: &AuthorizationRequest) -> Option<(String, &str)> {
    let text = request.client.metadata.logo_uri.as_deref()?;
    let url = Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == "https")?;
    let host = url.host_str()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    let named = request.destination.redirect_uri.place() == host;
    (named && host.bytes().all(plain)).then(|| (url.origin().ascii_serialization(), text))
}

fn choice(organization: &Organization) -> Choice {
    Choice {
        id: organization.id.to_string(),
        name: organization.name.as_str().to_owned(),
    }
}

/// What the person said, and to which request.
pub(in crate::http) struct ConsentForm {
    request: String,
    seal: String,
    verdict: Verdict,
}

impl FromParameters for ConsentForm {
    fn read(parameters: &FormParameters) -> Result<Self, OAuthError> {
        let organization = match parameters.find("organization") {
            Some(text) => Some(
                text.parse::<Id<Organization>>()
                    .map_err(|_| OAuthError::InvalidRequest("the form names no organization"))?,
            ),
            None => None,
        };
        Ok(Self {
            request: parameters.find("request").unwrap_or_default().to_owned(),
            seal: parameters.find("seal").unwrap_or_default().to_owned(),
            verdict: match parameters.find("action") {
                Some("allow") => Verdict::Allow(organization),
                _ => Verdict::Deny,
            },
        })
    }
}

/// Does what the person said. The request is read and decided upon anew: nothing that came back
/// from the page is believed. When it no longer is what they were shown, they are asked anew.
#[utoipa::path(
    post,
    path = "/oauth2/authorize/consent",
    tag = "pages",
    responses(
        (status = 303, description = "The answer to the client."),
        (status = 400, description = "The request cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn consent(
    form: PageForm<ConsentForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let PageForm { visitor, form } = form;
    let answering = async {
        let (request, parameters) = match read(&form.request, &state).await? {
            Ok(read) => read,
            Err(refusal) => return answers::refused(&refusal, &state),
        };
        let ctx = &state.ctx;
        let session = visitor.session.as_ref();
        let seen = session.is_some_and(|session| {
            authorization::is_sealed(ctx, &request, &parameters, session, &form.seal)
        });
        let next = match seen || form.verdict == Verdict::Deny {
            true => {
                authorization::conclude(ctx, &request, &parameters, session, form.verdict).await?
            }
            false => authorization::decide(ctx, &request, &parameters, session).await?,
        };
        show(next, &request, &parameters, &visitor, &state)
    };
    timeout(state.request_timeout, answering)
        .await
        .map_err(|_| PageError::too_slow())?
}
