//! An authorization request, read once (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1). As long as
//! client and redirect URI are not certain, nothing is sent anywhere.

use std::time::Duration;

use super::super::Context;
use super::super::signing_keys::{self, SigningError};
use super::answer::{AuthorizationError, Destination, ErrorCode, ResponseMode};
use super::checks::{
    Prompt, check_kind, claimed_scopes, claimed_subs, claims, code_challenge, max_age, nonce,
    prompt, resources, scopes, sub_type,
};
use super::parameters::{Parameters, Unreadable};
use crate::model::{RegisteredClient, ScopeCatalog, ScopeSet, SubType};
use crate::storage::clients;

/// A request that makes sense, of a client that is known.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client: RegisteredClient,
    /// Where the answer goes.
    pub destination: Destination,
    /// The redirect URI as the request named it.
    pub named_redirect_uri: Option<String>,
    /// For what.
    pub scopes: ScopeSet,
    /// What the person is asked to allow: the scopes, and those of claims that are asked for one
    /// by one.
    pub asked: ScopeSet,
    /// The S256 code challenge.
    pub code_challenge: Option<String>,
    /// The nonce.
    pub nonce: Option<String>,
    /// What the person shall be asked.
    pub prompt: Prompt,
    /// How long ago the person may have signed in at most.
    pub max_age: Option<Duration>,
    /// Who is expected to be signed in, by id, according to each parameter that says so.
    pub expected_subs: Vec<String>,
    /// An address to begin signing in with.
    pub login_hint: Option<String>,
    /// The parameter `claims`.
    pub claims: Option<String>,
    /// The resources that tokens are asked for.
    pub resources: Vec<String>,
    /// For whom the tokens shall act.
    pub sub_type: SubType,
}

/// Why a request goes no further.
#[derive(Debug)]
pub enum RequestRefusal {
    /// Shown to the person, sent nowhere.
    Unreadable(Unreadable),
    /// Answered to the client.
    Answered(AuthorizationError),
    /// Keys or database failed.
    Failed(SigningError),
}

impl From<SigningError> for RequestRefusal {
    fn from(error: SigningError) -> Self {
        Self::Failed(error)
    }
}

impl AuthorizationRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// See [`RequestRefusal`].
    pub async fn read(ctx: &Context, parameters: &Parameters) -> Result<Self, RequestRefusal> {
        let client = find_client(ctx, parameters).await?;
        let mut request = Self::of_client(client, &ctx.policy.oauth.scopes, parameters)?;
        let hinted = hinted_sub(ctx, parameters, &request.destination).await?;
        request.expected_subs.extend(hinted);
        Ok(request)
    }

    /// Reads a request of this client where these scopes are offered, without `id_token_hint`.
    ///
    /// # Errors
    /// See [`RequestRefusal`].
    pub fn of_client(
        client: RegisteredClient,
        offered: &ScopeCatalog,
        parameters: &Parameters,
    ) -> Result<Self, RequestRefusal> {
        let destination = destination(&client, parameters)?;
        let refuse = |error: (ErrorCode, &'static str)| {
            RequestRefusal::Answered(destination.refuse(error.0, error.1))
        };
        check_kind(&client, parameters).map_err(refuse)?;
        let scopes = scopes(offered, &client, parameters).map_err(refuse)?;
        let code_challenge = code_challenge(&client, parameters).map_err(refuse)?;
        let prompt = prompt(parameters).map_err(refuse)?;
        let max_age = max_age(parameters).map_err(refuse)?;
        let mut claims = claims(parameters).map_err(refuse)?;
        let resources = resources(parameters).map_err(refuse)?;
        let nonce = nonce(parameters).map_err(refuse)?;
        let sub_type = sub_type(&client, parameters).map_err(refuse)?;
        let expected_subs = claims.iter().flat_map(claimed_subs).collect();
        let claimed_scopes = claims
            .as_mut()
            .map(|claims| claimed_scopes(&client, claims));
        Ok(Self {
            asked: scopes.union(&claimed_scopes.unwrap_or_default()),
            named_redirect_uri: parameters.find("redirect_uri").map(str::to_owned),
            login_hint: parameters.find("login_hint").map(str::to_owned),
            expected_subs,
            claims: claims.map(|claims| claims.to_string()),
            client,
            destination,
            scopes,
            code_challenge,
            nonce,
            prompt,
            max_age,
            resources,
            sub_type,
        })
    }

    /// Whether every program on the person's device could be this client (RFC 8252 8.6).
    #[must_use]
    pub fn could_be_another_program(&self) -> bool {
        self.client.metadata.is_public() && self.destination.redirect_uri.is_local()
    }

    /// Whether the person is asked, whatever they allowed before and whoever made the client.
    #[must_use]
    pub(super) fn must_be_asked(&self) -> bool {
        self.prompt.consent || self.could_be_another_program()
    }
}

async fn find_client(
    ctx: &Context,
    parameters: &Parameters,
) -> Result<RegisteredClient, RequestRefusal> {
    let unknown = RequestRefusal::Unreadable(Unreadable::Client);
    let Some(client_id) = parameters.find("client_id") else {
        return Err(unknown);
    };
    let found = clients::find(&ctx.db, client_id).await;
    let found = found.map_err(|error| RequestRefusal::Failed(error.into()))?;
    found
        .filter(|client| client.disabled_at.is_none())
        .ok_or(unknown)
}

fn destination(
    client: &RegisteredClient,
    parameters: &Parameters,
) -> Result<Destination, RequestRefusal> {
    let unreadable = || RequestRefusal::Unreadable(Unreadable::RedirectUri);
    let metadata = &client.metadata;
    let redirect_uri = match (
        parameters.find("redirect_uri"),
        metadata.redirect_uris.as_slice(),
    ) {
        (Some(named), _) => metadata.redirect_target(named).ok_or_else(unreadable)?,
        // RFC 6749 3.1.2.3: only when exactly one is registered.
        (None, [only]) => only.clone(),
        (None, _) => return Err(unreadable()),
    };
    let mode = parameters.find("response_mode");
    let destination = Destination {
        redirect_uri,
        state: parameters.find("state").map(str::to_owned),
        mode: match mode {
            Some("form_post") => ResponseMode::FormPost,
            _ => ResponseMode::Query,
        },
    };
    match mode {
        None | Some("query" | "form_post") => Ok(destination),
        Some(_) => Err(RequestRefusal::Answered(destination.refuse(
            ErrorCode::InvalidRequest,
            "response_mode is query or form_post",
        ))),
    }
}

#[derive(Clone, serde::Deserialize)]
struct Hint {
    sub: String,
}

/// Who is expected according to `id_token_hint`: one of ours, however old.
async fn hinted_sub(
    ctx: &Context,
    parameters: &Parameters,
    destination: &Destination,
) -> Result<Option<String>, RequestRefusal> {
    let Some(text) = parameters.find("id_token_hint") else {
        return Ok(None);
    };
    match signing_keys::verify::<Hint>(ctx, text).await? {
        Some(hint) => Ok(Some(hint.sub)),
        None => Err(RequestRefusal::Answered(destination.refuse(
            ErrorCode::InvalidRequest,
            "id_token_hint is not an ID token of this server",
        ))),
    }
}
