//! Registered clients.

use tokenward::domain::clients::{self, NewClientRequest};
use tokenward::model::{
    ApplicationType, AuthMethod, Client, ClientMetadata, ClientStanding, GrantType, Id, PlainToken,
    RedirectUri, User,
};

use super::TestApp;

/// Where answers to a client go that does not say.
pub(crate) const CALLBACK: &str = "https://app.example/callback";

/// A client with what it knows about itself.
#[derive(Clone, Debug)]
pub(crate) struct TestClient {
    pub(crate) id: Id<Client>,
    pub(crate) client_id: String,
    /// Unless it is public.
    pub(crate) secret: Option<PlainToken>,
}

/// A client before it is registered.
pub(crate) struct ClientBuilder<'a> {
    app: &'a TestApp,
    request: NewClientRequest,
}

impl TestApp {
    /// A client that keeps a secret, may have every scope of the catalog and waits for answers at
    /// [`CALLBACK`], unless the test says otherwise.
    pub(crate) fn client(&self, name: &str) -> ClientBuilder<'_> {
        let metadata = ClientMetadata {
            redirect_uris: vec![RedirectUri::from_stored(CALLBACK.to_owned())],
            scope: self.ctx.policy.oauth.scopes.all().clone(),
            ..ClientMetadata::named(name)
        };
        ClientBuilder {
            app: self,
            request: NewClientRequest {
                owner: None,
                metadata,
                standing: ClientStanding::default(),
            },
        }
    }
}

impl ClientBuilder<'_> {
    /// It keeps no secret.
    pub(crate) fn public(self) -> Self {
        self.auth_method(AuthMethod::None)
    }

    /// How it proves who it is.
    pub(crate) fn auth_method(self, method: AuthMethod) -> Self {
        self.metadata(|metadata| metadata.token_endpoint_auth_method = method)
    }

    /// It runs on its user's own machine.
    pub(crate) fn native(self) -> Self {
        self.metadata(|metadata| metadata.application_type = ApplicationType::Native)
    }

    /// Where its answers may go, instead of [`CALLBACK`].
    pub(crate) fn redirect_uris(self, uris: &[&str]) -> Self {
        let parse = |uri: &&str| RedirectUri::parse(uri, ApplicationType::Native);
        let uris = uris.iter().map(parse).collect::<Result<_, _>>();
        let uris = uris.expect("a test's redirect URIs are some");
        self.metadata(|metadata| metadata.redirect_uris = uris)
    }

    /// What it may be granted at most.
    pub(crate) fn scopes(self, scopes: &str) -> Self {
        self.metadata(|metadata| metadata.scope = scopes.parse().expect("a test's scopes are"))
    }

    /// What it may ask the token endpoint for.
    pub(crate) fn grant_types(self, grant_types: &[GrantType]) -> Self {
        self.metadata(|metadata| metadata.grant_types = grant_types.to_vec())
    }

    /// Who registered it.
    pub(crate) fn owner(mut self, owner: &User) -> Self {
        self.request.owner = Some(owner.id);
        self
    }

    /// What operators decided about it.
    pub(crate) fn standing(mut self, standing: ClientStanding) -> Self {
        self.request.standing = standing;
        self
    }

    /// Anything else it says about itself.
    pub(crate) fn metadata(mut self, change: impl FnOnce(&mut ClientMetadata)) -> Self {
        change(&mut self.request.metadata);
        self
    }

    /// Registers it.
    pub(crate) async fn register(self) -> TestClient {
        let created = clients::create(&self.app.ctx, self.request).await;
        let created = created.expect("the client can be registered");
        TestClient {
            id: created.client.id,
            client_id: created.client.client_id.to_string(),
            secret: created.secret.map(|secret| secret.token),
        }
    }
}
