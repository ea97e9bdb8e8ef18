//! `/v1/oauth2/authorize` and `/v1/oauth2/consent`: the authorization endpoint for a product that
//! shows the question on a page of its own, at the same origin.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::api_error::ApiError;
use super::extract::{Form, FromParameters, Parameters as FormParameters, SignedIn, Visitor};
use super::oauth_error::OAuthError;
use super::openapi::{ConsentForm, ErrorBody};
use super::state::ApiState;
use super::web::authorize::read;
use super::web::{PageError, answers};
use crate::domain::authorization::{self, AuthorizationRequest, Next, Question, Verdict};
use crate::model::{Id, Language, Organization, RegisteredClient, Session, SubType, Timestamp};

/// What a page has to ask a person (Polar's shape).
#[derive(Serialize, ToSchema)]
pub(super) struct AuthorizationQuestion<'a> {
    client: PublicClient<'a>,
    /// Always `user`: tokens act for the person, in one organization or in all.
    sub_type: &'static str,
    sub: Person<'a>,
    /// What the client asks for.
    scopes: Vec<&'a str>,
    /// The organizations to choose from.
    organizations: Vec<OrganizationChoice<'a>>,
    /// Whether exactly one organization must be chosen.
    requires_single_organization: bool,
    /// What each scope allows, in words.
    scope_display_names: std::collections::BTreeMap<&'a str, &'a str>,
}

/// Who asks, as everybody may know it.
#[derive(Serialize, ToSchema)]
struct PublicClient<'a> {
    created_at: String,
    modified_at: Option<String>,
    client_id: &'a str,
    client_name: &'a str,
    client_uri: Option<&'a str>,
    logo_uri: Option<&'a str>,
    tos_uri: Option<&'a str>,
    policy_uri: Option<&'a str>,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
struct Person<'a> {
    id: String,
    email: &'a str,
    avatar_url: Option<&'a str>,
}

/// An organization of whoever is signed in.
#[derive(Serialize, ToSchema)]
struct OrganizationChoice<'a> {
    id: String,
    slug: &'a str,
    name: &'a str,
    avatar_url: Option<&'a str>,
}

impl<'a> AuthorizationQuestion<'a> {
    fn new(
        request: &'a AuthorizationRequest,
        question: &'a Question,
        session: &'a Session,
        state: &'a ApiState,
    ) -> Self {
        let catalog = &state.ctx.policy.oauth.scopes;
        let words = |scope| (scope, catalog.words(scope, Language::default()));
        Self {
            client: PublicClient::new(&request.client),
            sub_type: SubType::User.name(),
            sub: Person {
                id: session.user.id.to_string(),
                email: session.user.email.as_str(),
                avatar_url: None,
            },
            scopes: request.asked.iter().collect(),
            organizations: question.organizations.iter().map(choice).collect(),
            requires_single_organization: request.sub_type == SubType::Organization,
            scope_display_names: request.asked.iter().map(words).collect(),
        }
    }
}

impl<'a> PublicClient<'a> {
    fn new(client: &'a RegisteredClient) -> Self {
        let metadata = &client.metadata;
        Self {
            created_at: client.created_at.to_string(),
            modified_at: client.modified_at.as_ref().map(Timestamp::to_string),
            client_id: client.client_id.as_str(),
            client_name: &metadata.client_name,
            client_uri: metadata.client_uri.as_deref(),
            logo_uri: metadata.logo_uri.as_deref(),
            tos_uri: metadata.tos_uri.as_deref(),
            policy_uri: metadata.policy_uri.as_deref(),
        }
    }
}

fn choice(organization: &Organization) -> OrganizationChoice<'_> {
    OrganizationChoice {
        id: organization.id.to_string(),
        slug: organization.slug.as_str(),
        name: organization.name.as_str(),
        avatar_url: None,
    }
}

/// What a page has to ask the person who is signed in, or the answer when nothing has to be asked.
/// The parameters are those of `/oauth2/authorize`.
#[utoipa::path(
    get,
    path = "/v1/oauth2/authorize",
    tag = "oauth",
    params(
        ("response_type" = Option<String>, Query, description = "`code`."),
        ("client_id" = Option<String>, Query, description = "Who asks."),
        ("redirect_uri" = Option<String>, Query, description = "Where the answer goes."),
        ("scope" = Option<String>, Query, description = "For what."),
        ("state" = Option<String>, Query, description = "Sent back byte for byte."),
    ),
    responses(
        (status = 200, description = "What has to be asked; or, with `response_mode=form_post`, a \
            page that posts the answer to the client.",
            body = inline(AuthorizationQuestion<'static>)),
        (status = 303, description = "The answer to the client."),
        (status = 400, description = "The client or its redirect URI is not certain.",
            body = ErrorBody),
        (status = 401, description = "Somebody must sign in, perhaps again.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn question(
    request: HttpRequest,
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let answering = async {
        let (request, parameters) = match read(request.query_string(), &state).await? {
            Ok(read) => read,
            Err(refusal) => return Ok(answers::refused(&refusal, &state)?),
        };
        let session = visitor.session.as_ref();
        let next = authorization::decide(&state.ctx, &request, &parameters, session).await?;
        show(&next, &request, session, &state)
    };
    let answer = timeout(state.request_timeout, answering).await;
    answer.map_err(|_| ApiError::unavailable("the database took too long", 5))?
}

/// What the person said.
pub(super) struct Said(Verdict);

impl FromParameters for Said {
    fn read(parameters: &FormParameters) -> Result<Self, OAuthError> {
        let named = parameters.find("organizations").filter(|id| !id.is_empty());
        let organization = match named {
            Some(text) => Some(text.parse::<Id<Organization>>().map_err(|_| {
                OAuthError::InvalidRequest("organizations is the id of an organization")
            })?),
            None => None,
        };
        match parameters.find("action") {
            Some("allow") => Ok(Self(Verdict::Allow(organization))),
            Some("deny") => Ok(Self(Verdict::Deny)),
            _ => Err(OAuthError::InvalidRequest("action is allow or deny")),
        }
    }
}

/// Does what the person said on a page of the same origin. The query is that of the question.
#[utoipa::path(
    post,
    path = "/v1/oauth2/consent",
    tag = "oauth",
    request_body(content = ConsentForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "With `response_mode=form_post`: a page that posts the answer \
            to the client.", content_type = "text/html"),
        (status = 303, description = "The answer to the client."),
        (status = 400, description = "The request cannot be read.", body = ErrorBody),
        (status = 401, description = "Somebody must sign in, perhaps again.", body = ErrorBody),
        (status = 403, description = "The request comes from another site.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn consent(
    request: HttpRequest,
    SignedIn(session): SignedIn,
    form: Result<Form<Said>, OAuthError>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let Form(Said(verdict)) = form.map_err(PageError::from)?;
    let answering = async {
        let (request, parameters) = match read(request.query_string(), &state).await? {
            Ok(read) => read,
            Err(refusal) => return Ok(answers::refused(&refusal, &state)?),
        };
        // What is left to the client's registration may have changed since the person saw it.
        if ["scope", "redirect_uri"]
            .iter()
            .any(|name| parameters.find(name).is_none())
        {
            let detail = "consent names the scope and the redirect_uri that the person saw";
            return Err(ApiError::malformed(detail));
        }
        let session = Some(&session);
        let concluding =
            authorization::conclude(&state.ctx, &request, &parameters, session, verdict);
        show(&concluding.await?, &request, session, &state)
    };
    let answer = timeout(state.request_timeout, answering).await;
    answer.map_err(|_| ApiError::unavailable("the database took too long", 5))?
}

fn show(
    next: &Next,
    request: &AuthorizationRequest,
    session: Option<&Session>,
    state: &ApiState,
) -> Result<HttpResponse, ApiError> {
    match (next, session) {
        (Next::Granted(granted), _) => Ok(answers::granted(granted, state)?),
        (Next::Refused(refusal), _) => Ok(answers::refused(refusal, state)?),
        (Next::Ask(question), Some(session)) => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(AuthorizationQuestion::new(
                request, question, session, state,
            ))),
        (Next::SignIn | Next::Ask(_), _) => Err(ApiError::not_signed_in()),
    }
}
