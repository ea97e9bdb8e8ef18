//! A client as it is told (RFC 7591 3.2.1).

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Context;
use crate::model::{ClientMetadata, GrantType, PlainToken, RedirectUri, RegisteredClient};

/// A client. Its secret and its registration token are told when they are made, and are `null` at
/// any other time: only their digests are kept. A public client has neither of the members that are
/// about secrets.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ClientAnswer {
    /// Its public identifier.
    #[schema(example = "polar_ci_…")]
    client_id: String,
    /// Its secret, in the answer that gives it one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable, value_type = Option<String>, example = "polar_cs_…")]
    client_secret: Option<Option<String>>,
    /// Always 0: a secret works until it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u64>,
    /// In seconds since 1970.
    client_id_issued_at: i64,
    /// Where the registration is looked after (RFC 7592).
    registration_client_uri: String,
    /// What it is looked after with, in the answer that gives it, and to whoever presents it.
    #[schema(example = "polar_crt_…")]
    registration_access_token: Option<String>,
    created_at: String,
    modified_at: Option<String>,
    client_name: String,
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: &'static str,
    grant_types: Vec<&'static str>,
    response_types: Vec<&'static str>,
    /// Names with spaces between them.
    scope: String,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    tos_uri: Option<String>,
    policy_uri: Option<String>,
    contacts: Vec<String>,
    /// `web` or `native`.
    application_type: &'static str,
    /// `user` or `organization`.
    default_sub_type: &'static str,
    id_token_signed_response_alg: &'static str,
    post_logout_redirect_uris: Vec<String>,
    backchannel_logout_uri: Option<String>,
    backchannel_logout_session_required: bool,
    software_id: Option<String>,
    software_version: Option<String>,
}

impl ClientAnswer {
    /// The client, without a secret or registration token.
    pub(super) fn new(ctx: &Context, client: &RegisteredClient) -> Self {
        let ClientMetadata {
            client_name,
            redirect_uris,
            token_endpoint_auth_method,
            grant_types,
            scope,
            client_uri,
            logo_uri,
            tos_uri,
            policy_uri,
            contacts,
            application_type,
            default_sub_type,
            id_token_signed_response_alg,
            post_logout_redirect_uris,
            backchannel_logout_uri,
            backchannel_logout_session_required,
            software_id,
            software_version,
        } = client.metadata.clone();
        let keeps_secrets = !client.metadata.is_public();
        let codes = client.metadata.may_use(GrantType::AuthorizationCode);
        Self {
            client_id: client.client_id.to_string(),
            client_secret: keeps_secrets.then_some(None),
            client_secret_expires_at: keeps_secrets.then_some(0),
            client_id_issued_at: client.created_at.as_seconds(),
            registration_client_uri: format!(
                "{}/v1/oauth2/register/{}",
                ctx.public_url, client.client_id
            ),
            registration_access_token: None,
            created_at: client.created_at.to_string(),
            modified_at: client.modified_at.map(|at| at.to_string()),
            client_name,
            redirect_uris: redirect_uris.iter().map(RedirectUri::to_string).collect(),
            token_endpoint_auth_method: token_endpoint_auth_method.name(),
            grant_types: grant_types.into_iter().map(GrantType::name).collect(),
            response_types: codes.then_some("code").into_iter().collect(),
            scope: scope.to_string(),
            client_uri,
            logo_uri,
            tos_uri,
            policy_uri,
            contacts,
            application_type: application_type.name(),
            default_sub_type: default_sub_type.name(),
            id_token_signed_response_alg: id_token_signed_response_alg.name(),
            post_logout_redirect_uris,
            backchannel_logout_uri,
            backchannel_logout_session_required,
            software_id,
            software_version,
        }
    }

    /// With the secret that it was just given, if it was.
    pub(super) fn with_secret(mut self, secret: Option<&PlainToken>) -> Self {
        if let Some(secret) = secret {
            self.client_secret = Some(Some(secret.reveal().to_owned()));
        }
        self
    }

    /// With what its registration is looked after with, for whoever has it.
    pub(super) fn with_registration_token(mut self, token: Option<&PlainToken>) -> Self {
        self.registration_access_token = token.map(|token| token.reveal().to_owned());
        self
    }
}
