//! A client as operators see it.

use serde::Serialize;

use crate::cli::output::Shown;
use crate::cli::values::{moment, or};
use crate::model::{Client, GrantType, Id, KnownToken, RedirectUri, RegisteredClient, Token, User};

#[derive(Serialize)]
pub(super) struct ClientView {
    id: Id<Client>,
    client_id: String,
    name: String,
    owner_user_id: Option<Id<User>>,
    auth_method: &'static str,
    application_type: &'static str,
    grant_types: Vec<&'static str>,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    backchannel_logout_uri: Option<String>,
    scope: String,
    sub_type: &'static str,
    id_token_alg: &'static str,
    first_party: bool,
    require_pkce: bool,
    introspects_all: bool,
    created_at: String,
    modified_at: Option<String>,
    disabled_at: Option<String>,
}

impl ClientView {
    pub(super) fn new(client: &RegisteredClient) -> Self {
        let metadata = &client.metadata;
        let grant_types = metadata.grant_types.iter().copied();
        Self {
            id: client.id,
            client_id: client.client_id.to_string(),
            name: metadata.client_name.clone(),
            owner_user_id: client.owner,
            auth_method: metadata.token_endpoint_auth_method.name(),
            application_type: metadata.application_type.name(),
            grant_types: grant_types.map(GrantType::name).collect(),
            redirect_uris: metadata
                .redirect_uris
                .iter()
                .map(RedirectUri::to_string)
                .collect(),
            post_logout_redirect_uris: metadata.post_logout_redirect_uris.clone(),
            backchannel_logout_uri: metadata.backchannel_logout_uri.clone(),
            scope: metadata.scope.to_string(),
            sub_type: metadata.default_sub_type.name(),
            id_token_alg: metadata.id_token_signed_response_alg.name(),
            first_party: client.standing.first_party,
            require_pkce: client.needs_pkce(),
            introspects_all: client.standing.introspects_all,
            created_at: client.created_at.to_string(),
            modified_at: moment(client.modified_at),
            disabled_at: moment(client.disabled_at),
        }
    }
}

impl Shown for ClientView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let yes = |on: bool| if on { "yes" } else { "no" }.to_owned();
        vec![
            ("client_id", self.client_id.clone()),
            ("name", self.name.clone()),
            ("owner", or(self.owner_user_id, "nobody")),
            ("proves itself by", self.auth_method.to_owned()),
            ("runs as", self.application_type.to_owned()),
            ("grant types", self.grant_types.join(" ")),
            ("redirect URIs", self.redirect_uris.join(" ")),
            ("after logout", self.post_logout_redirect_uris.join(" ")),
            (
                "told of logout at",
                or(self.backchannel_logout_uri.as_ref(), "-"),
            ),
            ("scopes", self.scope.clone()),
            ("acts for", self.sub_type.to_owned()),
            ("ID tokens", self.id_token_alg.to_owned()),
            ("first party", yes(self.first_party)),
            ("needs PKCE", yes(self.require_pkce)),
            ("introspects all", yes(self.introspects_all)),
            ("made", self.created_at.clone()),
            ("changed", or(self.modified_at.as_ref(), "never")),
            ("disabled", or(self.disabled_at.as_ref(), "no")),
        ]
    }
}

/// A client as one line of a list; scripts get all of it.
#[derive(Serialize)]
pub(super) struct ClientRow(pub(super) ClientView);

impl Shown for ClientRow {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let Self(client) = self;
        vec![
            ("client_id", client.client_id.clone()),
            ("name", client.name.clone()),
            ("proves itself by", client.auth_method.to_owned()),
            ("made", client.created_at.clone()),
            ("disabled", or(client.disabled_at.as_ref(), "no")),
        ]
    }
}

#[derive(Serialize)]
pub(super) struct Inspected {
    #[serde(flatten)]
    client: ClientView,
    pub(super) secrets: Vec<SecretView>,
}

impl Inspected {
    pub(super) fn new(client: &RegisteredClient, secrets: &[KnownToken]) -> Self {
        Self {
            client: ClientView::new(client),
            secrets: secrets.iter().map(SecretView::new).collect(),
        }
    }
}

impl Shown for Inspected {
    fn fields(&self) -> Vec<(&'static str, String)> {
        self.client.fields()
    }
}

#[derive(Serialize)]
pub(super) struct SecretView {
    id: Id<Token>,
    created_at: String,
    last_used_at: Option<String>,
}

impl SecretView {
    fn new(known: &KnownToken) -> Self {
        Self {
            id: known.token.id,
            created_at: known.token.created_at.to_string(),
            last_used_at: moment(known.token.last_used_at),
        }
    }
}

impl Shown for SecretView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.to_string()),
            ("made", self.created_at.clone()),
            ("last used", or(self.last_used_at.as_ref(), "never")),
        ]
    }
}
