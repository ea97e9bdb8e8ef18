//! `tokenward client create`

use clap::Args;
use serde::Serialize;

use crate::cli::output::{Output, Shown};
use crate::domain::clients::{self, NewClientRequest};
use crate::domain::{Context, users};
use crate::model::{
    ClientStanding, Email, GrantRights, GrantType, MetadataRequest, ScopeSet, SigningAlgorithm,
    SubType,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct Create {
    /// Its name as people see it
    #[arg(long)]
    name: String,
    /// Where its answers may go; may be repeated
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// It keeps no secret, because it runs in a browser or on its user's machine
    #[arg(long, conflicts_with = "auth_method")]
    public: bool,
    /// It runs on its user's machine: any loopback port, or a scheme of its own
    #[arg(long)]
    native: bool,
    /// How it presents its secret: client_secret_basic or client_secret_post; without, either
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    /// What it may ask the token endpoint for; may be repeated; without, authorization_code and
    /// refresh_token
    #[arg(long = "grant-type", value_name = "GRANT_TYPE")]
    grant_types: Vec<String>,
    /// What it may be granted at most: names with spaces between them; without, everything
    #[arg(long)]
    scopes: Option<ScopeSet>,
    /// For whom its tokens act when a request does not say: user or organization
    #[arg(long, value_name = "SUB_TYPE")]
    sub_type: Option<SubType>,
    /// How its ID tokens are signed: RS256 or ES256
    #[arg(long, value_name = "ALGORITHM")]
    id_token_alg: Option<SigningAlgorithm>,
    /// Where a browser may be sent after signing out; may be repeated
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// Where it wants to be told that somebody signed out
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// E-mail address of the user who owns it
    #[arg(long, value_name = "EMAIL")]
    owner: Option<Email>,
    /// It is ours, so nobody is asked for consent
    #[arg(long)]
    first_party: bool,
    /// It keeps a secret and may do without a code challenge
    #[arg(long, conflicts_with = "public")]
    no_pkce: bool,
    /// It is a resource server and may introspect tokens of every kind
    #[arg(long, conflicts_with = "public")]
    introspects_all: bool,
}

/// A client on its way to whoever asked for it. The one answer that holds its secret.
#[derive(Serialize)]
struct Created<'a> {
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
}

impl Shown for Created<'_> {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let secret = self.client_secret.map(str::to_owned);
        let secret = secret.map(|secret| ("client_secret", secret));
        let id = ("client_id", self.client_id.to_owned());
        [id].into_iter().chain(secret).collect()
    }
}

impl Create {
    fn asked(&self) -> MetadataRequest {
        let grant_types = || {
            let mut names = self.grant_types.clone();
            // Without a place for answers there is nothing else that it could do.
            if names.is_empty() && self.redirect_uris.is_empty() && !self.public {
                names.push(GrantType::ClientCredentials.name().to_owned());
            }
            (!names.is_empty()).then_some(names)
        };
        MetadataRequest {
            client_name: Some(self.name.clone()),
            redirect_uris: Some(self.redirect_uris.clone()),
            token_endpoint_auth_method: match self.public {
                true => Some("none".to_owned()),
                false => self.auth_method.clone(),
            },
            grant_types: grant_types(),
            scope: self.scopes.as_ref().map(ScopeSet::to_string),
            application_type: self.native.then(|| "native".to_owned()),
            default_sub_type: self.sub_type.map(|sub_type| sub_type.name().to_owned()),
            id_token_signed_response_alg: self.id_token_alg.map(|alg| alg.name().to_owned()),
            post_logout_redirect_uris: Some(self.post_logout_redirect_uris.clone()),
            backchannel_logout_uri: self.backchannel_logout_uri.clone(),
            ..MetadataRequest::default()
        }
    }
}

pub(super) async fn run(new: &Create, ctx: &Context, out: &mut Output) -> anyhow::Result<()> {
    let rights = GrantRights::of_operators();
    let metadata = new.asked().read(&ctx.policy.oauth.scopes, &rights)?;
    let owner = match &new.owner {
        Some(email) => Some(users::find(ctx, email).await?.id),
        None => None,
    };
    let standing = ClientStanding {
        first_party: new.first_party,
        require_pkce: !new.no_pkce,
        introspects_all: new.introspects_all,
    };
    let request = NewClientRequest {
        owner,
        metadata,
        standing,
    };
    let created = clients::create(ctx, request).await?;
    let secret = created.secret.as_ref().map(|secret| secret.token.reveal());
    let sentence = match secret {
        Some(_) => "Its secret is shown this once and kept nowhere: put it where it is needed now.",
        None => "It is public and has no secret.",
    };
    let created = Created {
        client_id: created.client.client_id.as_str(),
        client_secret: secret,
    };
    out.result(&created, sentence)
}
