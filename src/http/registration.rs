//! `/v1/oauth2/register`: clients register themselves (RFC 7591), and look after their registration
//! (RFC 7592); and the list of clients that somebody owns.

mod answer;
mod body;
mod error;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, PRAGMA};
use actix_web::web::{Data, Path};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use utoipa::ToSchema;

use super::access_tokens::{Asked, Pagination};
use super::extract::{BearerCredential, Caller, Json, OwnSession, client_address};
use super::limiting;
use super::openapi::{ErrorBody, OAuthErrorBody, ProblemsBody};
use super::state::ApiState;
use super::{ApiError, OAuthError};
use crate::domain::registration::{self, Manager, Registrant, RegistrationRefusal};
use crate::domain::{Context, DomainError, clients};
use crate::model::{Limit, PlainToken, RefusedMetadata, RegisteredClient};

pub(super) use answer::ClientAnswer;
pub(super) use body::{RegistrationBody, RegistrationRequest};
pub(super) use error::RegistrationError;

/// Registers a client (RFC 7591). Whoever is signed in owns it; a stranger's client looks after
/// itself with the registration token.
#[utoipa::path(
    post,
    path = "/v1/oauth2/register",
    tag = "oauth",
    request_body = RegistrationRequest,
    responses(
        (status = 201, description = "The client, its secret and its registration token.",
            body = ClientAnswer),
        (status = 400, description = "The metadata cannot be had: `invalid_redirect_uri` or \
            `invalid_client_metadata`.", body = OAuthErrorBody),
        (status = 401, description = "Only who is signed in may register clients here.",
            body = ErrorBody),
        (status = 403, description = "Only operators register clients here, or the request comes \
            from a page of another site.", body = OAuthErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not `application/json`, or compressed.", body = ErrorBody),
        (status = 422, description = "The body cannot be read.", body = ProblemsBody),
        (status = 429, description = "Too many clients were registered from this network in an \
            hour (see `Retry-After`), or the user owns too many.", body = OAuthErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn register(
    wire: HttpRequest,
    caller: Caller,
    Json(body): Json<RegistrationBody>,
    state: Data<ApiState>,
) -> Result<HttpResponse, RegistrationError> {
    let registrant = Registrant {
        user: caller.session.map(|session| session.user.id),
        address: caller.address,
        form: None,
    };
    let registering = registration::register(&state.ctx, registrant, &body.metadata);
    let done = state.timely(registering).await?;
    let done = done.inspect_err(|refusal| {
        if let RegistrationRefusal::TooOften { retry_after } = refusal {
            limiting::refused(&wire, &state, Limit::Registrations, *retry_after);
        }
    })?;
    let answer = ClientAnswer::new(&state.ctx, &done.created.client)
        .with_secret(done.created.secret.as_ref().map(|secret| &secret.token))
        .with_registration_token(Some(&done.registration_token.token));
    Ok(secretly(HttpResponse::Created()).json(answer))
}

/// A client, for whoever may look after its registration.
pub(super) struct ManagedClient {
    client: RegisteredClient,
    manager: Manager,
}

impl FromRequest for ManagedClient {
    type Error = RegistrationError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, RegistrationError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let manager = manager(&request).await?;
            let state = Data::<ApiState>::extract(&request).await;
            let state = state.map_err(|_| ApiError::not_found())?;
            let client_id = Path::<String>::extract(&request).await;
            let client_id = client_id.map_err(|_| RegistrationRefusal::NotTheirs)?;
            let address = client_address(&request, &state);
            let finding = registration::find(&state.ctx, &client_id, &manager, address);
            let client = in_time(&state, finding).await;
            let client = client.map_err(|error| match (&error, &manager) {
                (RegistrationError::Refused(RegistrationRefusal::NotTheirs), Manager::Token(_)) => {
                    limiting::failed(&request, &state, Limit::WrongTokens, error)
                }
                _ => error,
            })?;
            Ok(Self { client, manager })
        })
    }
}

async fn manager(request: &HttpRequest) -> Result<Manager, RegistrationError> {
    if request.headers().contains_key(AUTHORIZATION) {
        let presented = BearerCredential::extract(request).await;
        return match presented {
            Ok(credential) => Ok(Manager::Token(credential.into_inner())),
            Err(OAuthError::MissingCredential) => Err(RegistrationError::MissingCredential),
            Err(_) => Err(RegistrationRefusal::NotTheirs.into()),
        };
    }
    let session = Caller::extract(request).await?.session;
    let session = session.ok_or(RegistrationError::MissingCredential)?;
    Ok(Manager::Owner(session.user.id))
}

impl ManagedClient {
    /// The client as it is now; whoever presented the registration token is told it again.
    fn answer(&self, ctx: &Context, client: &RegisteredClient) -> ClientAnswer {
        let token: Option<&PlainToken> = match &self.manager {
            Manager::Token(token) => Some(token),
            Manager::Owner(_) => None,
        };
        ClientAnswer::new(ctx, client).with_registration_token(token)
    }
}

/// A registration, for the client itself or its owner (RFC 7592 2.1). Its secret is told only when
/// it is made.
#[utoipa::path(
    get,
    path = "/v1/oauth2/register/{client_id}",
    tag = "oauth",
    params(("client_id" = String, Path, description = "The client.")),
    security(("registration_token" = []), ("session" = [])),
    responses(
        (status = 200, description = "The client.", body = ClientAnswer),
        (status = 401, description = "There is no such client, or it is another's.",
            body = OAuthErrorBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn show(managed: ManagedClient, state: Data<ApiState>) -> HttpResponse {
    let answer = managed.answer(&state.ctx, &managed.client);
    secretly(HttpResponse::Ok()).json(answer)
}

/// Replaces everything that a client says about itself (RFC 7592 2.2): what is missing is as it is
/// for a new client. A client that was public and no longer is gets a secret in the answer.
#[utoipa::path(
    put,
    path = "/v1/oauth2/register/{client_id}",
    tag = "oauth",
    params(("client_id" = String, Path, description = "The client.")),
    security(("registration_token" = []), ("session" = [])),
    request_body = RegistrationRequest,
    responses(
        (status = 200, description = "The client as it is now.", body = ClientAnswer),
        (status = 400, description = "The metadata cannot be had, `client_id` is not this client's, \
            or `client_secret` is not its own.", body = OAuthErrorBody),
        (status = 401, description = "There is no such client, or it is another's.",
            body = OAuthErrorBody),
        (status = 403, description = "The request comes from a page of another site.",
            body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "The body is too large.", body = ErrorBody),
        (status = 415, description = "The body is not `application/json`, or compressed.", body = ErrorBody),
        (status = 422, description = "The body cannot be read.", body = ProblemsBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn replace(
    managed: ManagedClient,
    Json(body): Json<RegistrationBody>,
    state: Data<ApiState>,
) -> Result<HttpResponse, RegistrationError> {
    if body.client_id.as_deref() != Some(managed.client.client_id.as_str()) {
        let refused = RefusedMetadata::Member("client_id", "it is not the one of the address");
        return Err(RegistrationRefusal::Metadata(refused).into());
    }
    let secret = body.client_secret.as_ref();
    let replacing = registration::replace(&state.ctx, &managed.client, &body.metadata, secret);
    let done = in_time(&state, replacing).await?;
    let answer = managed.answer(&state.ctx, &done.client);
    let answer = answer.with_secret(done.secret.as_ref().map(|secret| &secret.token));
    Ok(secretly(HttpResponse::Ok()).json(answer))
}

/// Deletes a client, and with it every token it has (RFC 7592 2.3).
#[utoipa::path(
    delete,
    path = "/v1/oauth2/register/{client_id}",
    tag = "oauth",
    params(("client_id" = String, Path, description = "The client.")),
    security(("registration_token" = []), ("session" = [])),
    responses(
        (status = 204, description = "It is gone."),
        (status = 401, description = "There is no such client, or it is another's.",
            body = OAuthErrorBody),
        (status = 403, description = "The request comes from a page of another site.",
            body = ErrorBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn delete(
    managed: ManagedClient,
    state: Data<ApiState>,
) -> Result<HttpResponse, RegistrationError> {
    in_time(&state, registration::delete(&state.ctx, &managed.client)).await?;
    Ok(secretly(HttpResponse::NoContent()).finish())
}

/// Clients that somebody owns.
#[derive(Serialize, ToSchema)]
pub(super) struct ClientList {
    items: Vec<ClientAnswer>,
    pagination: Pagination,
}

/// The clients of whoever is signed in, in the order they were registered; never their secrets.
#[utoipa::path(
    get,
    path = "/v1/oauth2/",
    tag = "oauth",
    params(
        ("page" = Option<u64>, Query, minimum = 1, description = "Which page, from 1."),
        ("limit" = Option<u64>, Query, minimum = 1,
            description = "How many on a page: 10 unless said, 100 at most."),
    ),
    security(("session" = [])),
    responses(
        (status = 200, description = "One page of them.", body = ClientList),
        (status = 401, description = "Nobody is signed in.", body = ErrorBody),
        (status = 403, description = "A token was presented.", body = ErrorBody),
        (status = 422, description = "The query is not valid.", body = ProblemsBody),
        (status = 429, description = "Too many tokens that do not work from this network address; see \
            `Retry-After`.", body = ErrorBody),
        (status = 503, description = "The service cannot answer now.", body = ErrorBody),
    )
)]
pub(super) async fn list(
    OwnSession(session): OwnSession,
    asked: Asked,
    state: Data<ApiState>,
) -> Result<HttpResponse, RegistrationError> {
    let ctx = &state.ctx;
    let listing = clients::list_by_owner(ctx, session.user.id, asked.window());
    let (found, total) = in_time(&state, listing).await?;
    let list = ClientList {
        items: found
            .iter()
            .map(|client| ClientAnswer::new(ctx, client))
            .collect(),
        pagination: Pagination::of(total, asked.window()),
    };
    Ok(secretly(HttpResponse::Ok()).json(list))
}

async fn in_time<T, E>(
    state: &ApiState,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, RegistrationError>
where
    RegistrationError: From<E>,
{
    Ok(state.timely(work).await??)
}

impl From<DomainError> for RegistrationError {
    fn from(error: DomainError) -> Self {
        RegistrationRefusal::from(error).into()
    }
}

/// An answer that nobody keeps.
fn secretly(mut response: HttpResponseBuilder) -> HttpResponseBuilder {
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"));
    response
}
