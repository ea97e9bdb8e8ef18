//! What a client sends to be registered.

use serde_json::Value;
use utoipa::ToSchema;

use crate::http::Problem;
use crate::http::extract::{FromMembers, Members};
use crate::model::{MetadataRequest, PlainToken};

/// A registration, or what shall replace one.
pub(in crate::http) struct RegistrationBody {
    /// What the client says about itself.
    pub(super) metadata: MetadataRequest,
    /// Who it says it is, when a registration is replaced (RFC 7592 2.2).
    pub(super) client_id: Option<String>,
    /// A secret that it says is its own.
    pub(super) client_secret: Option<PlainToken>,
}

impl FromMembers for RegistrationBody {
    /// Reads it leniently: members that mean nothing here are ignored (RFC 7591 2).
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let mut body = Reader {
            members,
            problems: Vec::new(),
        };
        let metadata = MetadataRequest {
            client_name: body.text("client_name"),
            redirect_uris: body.texts("redirect_uris"),
            token_endpoint_auth_method: body.text("token_endpoint_auth_method"),
            grant_types: body.texts("grant_types"),
            response_types: body.texts("response_types"),
            scope: body.text("scope"),
            client_uri: body.text("client_uri"),
            logo_uri: body.text("logo_uri"),
            tos_uri: body.text("tos_uri"),
            policy_uri: body.text("policy_uri"),
            contacts: body.texts("contacts"),
            application_type: body.text("application_type"),
            default_sub_type: body.text("default_sub_type"),
            subject_type: body.text("subject_type"),
            id_token_signed_response_alg: body.text("id_token_signed_response_alg"),
            post_logout_redirect_uris: body.texts("post_logout_redirect_uris"),
            backchannel_logout_uri: body.text("backchannel_logout_uri"),
            backchannel_logout_session_required: body.switch("backchannel_logout_session_required"),
            software_id: body.text("software_id"),
            software_version: body.text("software_version"),
        };
        let read = Self {
            metadata,
            client_id: body.text("client_id"),
            client_secret: body.text("client_secret").map(PlainToken::new),
        };
        match body.problems.is_empty() {
            true => Ok(read),
            false => Err(body.problems),
        }
    }
}

/// Reads members one by one, so that everything that is wrong is told at once.
struct Reader<'m> {
    members: &'m Members,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn text(&mut self, name: &'static str) -> Option<String> {
        match self.members.given(name)? {
            Value::String(text) => Some(text.clone()),
            _ => self.wrong(name, "string_type", "Input should be a valid string"),
        }
    }

    fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let texts = self.members.given(name)?.as_array().and_then(|items| {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>()
        });
        texts.or_else(|| self.wrong(name, "list_type", "Input should be a list of strings"))
    }

    fn switch(&mut self, name: &'static str) -> Option<bool> {
        let on = self.members.given(name)?.as_bool();
        on.or_else(|| self.wrong(name, "bool_type", "Input should be a valid boolean"))
    }

    fn wrong<T>(&mut self, name: &'static str, r#type: &'static str, msg: &str) -> Option<T> {
        self.problems.push(Problem::in_body(name, r#type, msg));
        None
    }
}

/// What a client says about itself (RFC 7591 2, OpenID Connect Registration 2). Members that mean
/// nothing here are ignored, and `null` counts as missing.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `RegistrationBody` reads")]
pub(in crate::http) struct RegistrationRequest {
    /// The client's name, one line; without it, where its answers go.
    #[schema(example = "Acme Reports", max_length = 100)]
    client_name: Option<String>,
    /// Where its answers may go: https, on the user's own machine http, and of a native client a
    /// scheme that is the reverse of a domain name.
    #[schema(example = json!(["https://app.example/callback"]), max_items = 50)]
    redirect_uris: Option<Vec<String>>,
    /// `client_secret_basic`, `client_secret_post` or `none`; without it, either of the first two.
    #[schema(example = "client_secret_basic")]
    token_endpoint_auth_method: Option<String>,
    /// `authorization_code`, `refresh_token` and, of somebody who is signed in,
    /// `client_credentials`; without it, the first two.
    grant_types: Option<Vec<String>>,
    /// `code`.
    response_types: Option<Vec<String>>,
    /// What it may be granted at most: names with spaces between them; without it, everything.
    #[schema(example = "openid orders:read")]
    scope: Option<String>,
    /// Its home page.
    client_uri: Option<String>,
    /// Its logo.
    logo_uri: Option<String>,
    /// Its terms of service.
    tos_uri: Option<String>,
    /// Its privacy policy.
    policy_uri: Option<String>,
    /// Whom its users can ask.
    #[schema(max_items = 10)]
    contacts: Option<Vec<String>>,
    /// `web` or `native`.
    application_type: Option<String>,
    /// `user` or `organization`: for whom its tokens act when a request does not say.
    default_sub_type: Option<String>,
    /// `public`.
    subject_type: Option<String>,
    /// `RS256` or `ES256`.
    id_token_signed_response_alg: Option<String>,
    /// Where the browser may be sent after signing out.
    #[schema(max_items = 50)]
    post_logout_redirect_uris: Option<Vec<String>>,
    /// Where logout tokens go: https, on the same machine http.
    backchannel_logout_uri: Option<String>,
    /// Whether logout tokens must name the session.
    backchannel_logout_session_required: Option<bool>,
    /// Which software it is.
    software_id: Option<String>,
    /// Which version of it.
    software_version: Option<String>,
    /// The client itself, when its registration is replaced.
    client_id: Option<String>,
    /// Its secret, if it says so when its registration is replaced.
    client_secret: Option<String>,
}
