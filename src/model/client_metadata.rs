//! What a client says about itself when it registers (RFC 7591 2, OpenID Connect Registration 2).

use serde::{Deserialize, Serialize};

use super::grant::SubType;
use super::redirect_uri::{LoopbackPort, RedirectUri};
use super::scope::ScopeSet;
use super::signing_key::SigningAlgorithm;

/// A client's metadata, as stored in `clients.metadata`. Fields are only ever added, each with a
/// default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientMetadata {
    /// Its name as people see it; one line.
    pub client_name: String,
    /// Where its authorization answers may go.
    pub redirect_uris: Vec<RedirectUri>,
    /// How it proves at the token endpoint who it is.
    pub token_endpoint_auth_method: AuthMethod,
    /// What it may ask the token endpoint for.
    pub grant_types: Vec<GrantType>,
    /// What it may be granted at most.
    pub scope: ScopeSet,
    /// Its home page.
    pub client_uri: Option<String>,
    /// Its logo.
    pub logo_uri: Option<String>,
    /// Its terms of service.
    pub tos_uri: Option<String>,
    /// Its privacy policy.
    pub policy_uri: Option<String>,
    /// Whom its users can ask.
    pub contacts: Vec<String>,
    /// Whether it runs on a server or on its user's own machine.
    pub application_type: ApplicationType,
    /// For whom its tokens act when the request does not say.
    pub default_sub_type: SubType,
    /// How its ID tokens are signed.
    pub id_token_signed_response_alg: SigningAlgorithm,
    /// Where the browser may be sent after signing out, compared exactly.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where logout tokens go (OpenID Connect Back-Channel Logout 1.0).
    pub backchannel_logout_uri: Option<String>,
    /// Whether a logout token must name the session.
    pub backchannel_logout_session_required: bool,
    /// Which software it is, by the software's own id.
    pub software_id: Option<String>,
    /// Which version of the software.
    pub software_version: Option<String>,
}

impl Default for ClientMetadata {
    fn default() -> Self {
        Self {
            client_name: String::new(),
            redirect_uris: Vec::new(),
            token_endpoint_auth_method: AuthMethod::default(),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scope: ScopeSet::default(),
            client_uri: None,
            logo_uri: None,
            tos_uri: None,
            policy_uri: None,
            contacts: Vec::new(),
            application_type: ApplicationType::default(),
            default_sub_type: SubType::default(),
            id_token_signed_response_alg: SigningAlgorithm::default(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            software_id: None,
            software_version: None,
        }
    }
}

impl ClientMetadata {
    /// The metadata of a client that said nothing but its name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            client_name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Whether the client keeps no secret (RFC 6749 2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == AuthMethod::None
    }

    /// Whether the client may listen at any port of its user's machine (RFC 8252 7.3).
    #[must_use]
    pub fn is_native(&self) -> bool {
        self.application_type == ApplicationType::Native || self.is_public()
    }

    /// Whether the client may prove who it is in this way.
    #[must_use]
    pub fn accepts(&self, method: AuthMethod) -> bool {
        let registered = self.token_endpoint_auth_method;
        // RFC 7591 2: who does not say means client_secret_basic, which may be used with either.
        let either = registered == AuthMethod::ClientSecret && method != AuthMethod::None;
        either || registered == method
    }

    /// Where an answer goes for which `requested` was asked: the registered URI, or that with
    /// another port where RFC 8252 7.3 wants it. `None` when nothing like it is registered.
    #[must_use]
    pub fn redirect_target(&self, requested: &str) -> Option<RedirectUri> {
        let port = match self.is_native() {
            true => LoopbackPort::Any,
            false => LoopbackPort::Registered,
        };
        let mut registered = self.redirect_uris.iter();
        registered
            .any(|uri| uri.matches(requested, port))
            .then(|| RedirectUri::from_stored(requested.to_owned()))
    }

    /// Whether the client may use a grant.
    #[must_use]
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }
}

/// How a client proves who it is (RFC 7591 2, `token_endpoint_auth_method`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Its secret in the header or in the body, because the client did not say which. On the wire
    /// this is `client_secret_basic`, which is what not saying means (RFC 7591 2); products whose
    /// clients are used to another default lose nothing by it.
    #[default]
    ClientSecret,
    /// Its secret in the header `Authorization: Basic` (RFC 6749 2.3.1).
    ClientSecretBasic,
    /// Its secret in the body.
    ClientSecretPost,
    /// Not at all: a public client.
    None,
}

impl AuthMethod {
    /// Every method that has a name.
    pub const ALL: [Self; 3] = [Self::ClientSecretBasic, Self::ClientSecretPost, Self::None];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientSecret | Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::None => "none",
        }
    }

    /// What a client says to register it; for one that may use either place, nothing.
    #[must_use]
    pub const fn said(self) -> Option<&'static str> {
        match self {
            Self::ClientSecret => None,
            said => Some(said.name()),
        }
    }
}

/// What the token endpoint is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// A code for tokens (RFC 6749 4.1.3).
    AuthorizationCode,
    /// A refresh token for fresh ones (RFC 6749 6).
    RefreshToken,
    /// A token for the client itself (RFC 6749 4.4).
    ClientCredentials,
    /// A session token of ours for an access token: Polar's, for its own front end.
    Web,
}

impl GrantType {
    /// Every grant type.
    pub const ALL: [Self; 4] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::Web,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::Web => "web",
        }
    }
}

/// Where a client runs (OpenID Connect Registration 2, `application_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// On a server, or in a page that one serves.
    #[default]
    Web,
    /// On its user's own machine (RFC 8252).
    Native,
}

impl ApplicationType {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Native => "native",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_survives_its_stored_form_and_old_rows_are_read() {
        let metadata = ClientMetadata {
            redirect_uris: vec![RedirectUri::from_stored("https://a.example/cb".to_owned())],
            scope: "openid email".parse().unwrap(),
            ..ClientMetadata::named("Acme")
        };
        let text = serde_json::to_string(&metadata).unwrap();
        assert_eq!(
            serde_json::from_str::<ClientMetadata>(&text).unwrap(),
            metadata
        );
        let empty: ClientMetadata = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, ClientMetadata::default());
    }

    #[test]
    fn a_client_that_did_not_say_how_may_present_its_secret_either_way() {
        use AuthMethod::{ClientSecret, ClientSecretBasic, ClientSecretPost, None};
        for (registered, accepted) in [
            (ClientSecret, vec![ClientSecretBasic, ClientSecretPost]),
            (ClientSecretBasic, vec![ClientSecretBasic]),
            (ClientSecretPost, vec![ClientSecretPost]),
            (None, vec![None]),
        ] {
            let metadata = ClientMetadata {
                token_endpoint_auth_method: registered,
                ..ClientMetadata::default()
            };
            let accepts = |method: &AuthMethod| metadata.accepts(*method);
            let found: Vec<_> = AuthMethod::ALL.into_iter().filter(accepts).collect();
            assert_eq!(found, accepted);
        }
    }

    #[test]
    fn an_answer_may_go_to_any_port_of_a_native_or_public_clients_machine() {
        use {
            ApplicationType::{Native, Web},
            AuthMethod::{ClientSecret, None as Public},
        };
        let target = "http://127.0.0.1:51004/cb";
        for (application_type, token_endpoint_auth_method, found) in [
            (Native, ClientSecret, true),
            (Web, Public, true),
            (Web, ClientSecret, false),
        ] {
            let uris = ["https://app.example/cb", "http://127.0.0.1/cb"];
            let metadata = ClientMetadata {
                redirect_uris: uris
                    .map(|uri| RedirectUri::from_stored(uri.to_owned()))
                    .to_vec(),
                application_type,
                token_endpoint_auth_method,
                ..ClientMetadata::default()
            };
            let uri = metadata.redirect_target(target);
            assert_eq!(uri.is_some_and(|uri| uri.as_str() == target), found);
            assert!(metadata.redirect_target("https://app.example/cb").is_some());
            assert!(
                metadata
                    .redirect_target("https://app.example/other")
                    .is_none()
            );
        }
    }

    #[test]
    fn names_on_the_wire_are_those_that_are_stored() {
        for method in AuthMethod::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
        }
        for grant_type in GrantType::ALL {
            assert_eq!(serde_json::to_value(grant_type).unwrap(), grant_type.name());
        }
    }
}
