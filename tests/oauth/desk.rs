//! The token endpoint as a client sees it, and grants as if somebody had just allowed them.

use serde_json::Value;
use tokenward::domain::tokens::NewTokenRequest;
use tokenward::model::{
    AuthMethod, Client, ClientMetadata, ClientStanding, Grant, GrantRequest, GrantType, Id,
    PlainToken, RedirectUri, TokenKind, User,
};
use tokenward::storage::grants;

pub(crate) use crate::support::{CALLBACK, TestApp, TestClient as Party};

/// What the clients of these tests may have.
pub(crate) const SCOPES: &str = "openid email profile offline_access orders:read orders:write";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// What it makes.
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What an endpoint answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// A member of the answer that is a text.
    pub(crate) fn member(&self, name: &str) -> String {
        let json = self.json();
        let value = json[name].as_str();
        value
            .unwrap_or_else(|| panic!("no {name}: {}", self.text))
            .to_owned()
    }

    /// Its `error`, after a look at what every refusal has in common.
    pub(crate) fn error(&self) -> String {
        assert!((400..500).contains(&self.status), "{}", self.text);
        assert_eq!(self.headers["cache-control"], "no-store");
        assert_eq!(self.headers["content-type"], "application/json");
        assert!(!self.text.contains("polar_"), "{}", self.text);
        self.member("error")
    }
}

/// Metadata of a client that may do everything a client of others may.
pub(crate) fn metadata(name: &str) -> ClientMetadata {
    ClientMetadata {
        redirect_uris: vec![RedirectUri::from_stored(CALLBACK.to_owned())],
        scope: SCOPES.parse().unwrap(),
        ..ClientMetadata::named(name)
    }
}

/// A request with a form in its body.
pub(crate) fn form(
    request: reqwest::RequestBuilder,
    parameters: &[(&str, &str)],
) -> reqwest::RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
}

impl TestApp {
    /// A client with this metadata, and a secret unless it is public.
    pub(crate) async fn party(&self, metadata: ClientMetadata, standing: ClientStanding) -> Party {
        self.client(&metadata.client_name)
            .metadata(|all| *all = metadata.clone())
            .standing(standing)
            .register()
            .await
    }

    /// Another secret of a client.
    pub(crate) async fn client_secret(&self, client: Id<Client>) -> PlainToken {
        let request = NewTokenRequest {
            client: Some(client),
            ..NewTokenRequest::new(TokenKind::ClientSecret)
        };
        self.token(request).await.token
    }

    /// A client that keeps a secret.
    pub(crate) async fn confidential(&self, name: &str) -> Party {
        self.party(metadata(name), ClientStanding::default()).await
    }

    /// A client that keeps none.
    pub(crate) async fn public(&self, name: &str) -> Party {
        let metadata = ClientMetadata {
            token_endpoint_auth_method: AuthMethod::None,
            ..metadata(name)
        };
        self.party(metadata, ClientStanding::default()).await
    }

    /// A client that may use these grants.
    pub(crate) async fn granted(&self, name: &str, grant_types: &[GrantType]) -> Party {
        let metadata = ClientMetadata {
            grant_types: grant_types.to_vec(),
            ..metadata(name)
        };
        self.party(metadata, ClientStanding::default()).await
    }

    /// A code, as if `user` had just allowed `scopes`.
    pub(crate) async fn code(
        &self,
        party: &Party,
        user: &User,
        scopes: &str,
        request: GrantRequest,
    ) -> PlainToken {
        let now = self.clock.now();
        let ends_at = Some(now.plus(self.ctx.policy.oauth.refresh_token_lifetime));
        let grant = Grant {
            id: Id::new(now),
            client: party.id,
            user: user.id,
            organization: None,
            scopes: scopes.parse().unwrap(),
            created_at: now,
            request: GrantRequest {
                auth_time: request.auth_time.or(Some(now)),
                ends_at: request.ends_at.or(ends_at),
                ..request
            },
        };
        let mut tx = self.ctx.db.begin().await.unwrap();
        grants::insert(&mut tx, &grant).await.unwrap();
        tx.commit().await.unwrap();
        let new = NewTokenRequest {
            user: Some(user.id),
            client: Some(party.id),
            grant: Some(grant.id),
            scopes: grant.scopes,
            ..NewTokenRequest::new(TokenKind::AuthorizationCode)
        };
        self.token(new).await.token
    }

    /// A code that needs nothing but itself.
    pub(crate) async fn plain_code(&self, party: &Party, user: &User) -> PlainToken {
        self.code(
            party,
            user,
            "openid email orders:read",
            GrantRequest::default(),
        )
        .await
    }

    /// A form to an OAuth endpoint, with the client's secret in the header if it has one.
    pub(crate) async fn post_as(
        &self,
        party: &Party,
        endpoint: &str,
        parameters: &[(&str, &str)],
    ) -> Answer {
        let mut parameters = parameters.to_vec();
        let request = self.http.post(format!("{}/v1/oauth2/{endpoint}", self.url));
        let request = match &party.secret {
            Some(secret) => request.basic_auth(&party.client_id, Some(secret.reveal())),
            None => {
                parameters.push(("client_id", &party.client_id));
                request
            }
        };
        Answer::of(form(request, &parameters).send().await.unwrap()).await
    }

    /// Any form to an OAuth endpoint.
    pub(crate) async fn post_form(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Answer {
        let request = self.http.post(format!("{}/v1/oauth2/{endpoint}", self.url));
        Answer::of(form(request, parameters).send().await.unwrap()).await
    }

    /// Exchanges a code.
    pub(crate) async fn exchange(&self, party: &Party, code: &PlainToken) -> Answer {
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code.reveal()),
        ];
        self.post_as(party, "token", &parameters).await
    }

    /// Exchanges a refresh token.
    pub(crate) async fn refresh(&self, party: &Party, refresh_token: &str) -> Answer {
        let parameters = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        self.post_as(party, "token", &parameters).await
    }

    /// Whether a token works, by its text.
    pub(crate) async fn works(&self, token: &str) -> bool {
        self.is_active(&PlainToken::new(token.to_owned())).await
    }
}
