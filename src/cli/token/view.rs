//! A token as operators see it: everything but its text.

use serde::Serialize;

use crate::cli::output::Shown;
use crate::cli::values::{moment, or};
use crate::model::{
    Id, KnownToken, Networks, Organization, Timestamp, Token, TokenKind, TokenState,
};

/// A token by itself.
#[derive(Serialize)]
pub(super) struct TokenView {
    id: Id<Token>,
    kind: &'static str,
    name: Option<String>,
    hint: String,
    state: &'static str,
    /// Since when it no longer works.
    state_since: Option<String>,
    user: Option<String>,
    organization: Option<String>,
    client: Option<String>,
    customer: Option<String>,
    scopes: Vec<String>,
    /// From where it works; null is everywhere.
    networks: Option<Vec<String>>,
    created_at: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    last_used_from: Option<String>,
    revoked_at: Option<String>,
    revoked_reason: Option<&'static str>,
    #[serde(skip)]
    owner: String,
}

impl TokenView {
    pub(super) fn new(known: &KnownToken, now: Timestamp) -> Self {
        let KnownToken { token, .. } = known;
        let state = known.state(now);
        let since = match state {
            TokenState::Live => None,
            TokenState::Expired { at }
            | TokenState::Revoked { at }
            | TokenState::Suspended { at } => Some(at),
        };
        let by_grant = known.grant_revoked_at.map(|at| (at, "grant_revoked"));
        let revoked = token.revocation.map(|end| (end.at, end.reason.name()));
        let revoked = revoked.or(by_grant);
        Self {
            id: token.id,
            kind: token.kind.name(),
            name: token.name.as_ref().map(ToString::to_string),
            hint: token.hint.clone(),
            state: state.name(),
            state_since: moment(since),
            user: known.user.as_ref().map(|user| user.email.to_string()),
            organization: known.organization.as_ref().map(slug),
            client: known.client.as_ref().map(|client| client.name.clone()),
            customer: token.customer.clone(),
            scopes: token.scopes.iter().map(str::to_owned).collect(),
            networks: token.networks.as_ref().map(texts),
            created_at: token.created_at.to_string(),
            expires_at: moment(token.expires_at),
            last_used_at: moment(token.last_used_at),
            last_used_from: token.last_used_from.map(|from| from.to_string()),
            revoked_at: moment(revoked.map(|(at, _)| at)),
            revoked_reason: revoked.map(|(_, reason)| reason),
            owner: owner(known),
        }
    }

    fn last_used(&self) -> String {
        match (&self.last_used_at, &self.last_used_from) {
            (None, _) => "never".to_owned(),
            (Some(at), None) => at.clone(),
            (Some(at), Some(from)) => format!("{at} from {from}"),
        }
    }
}

fn texts(networks: &Networks) -> Vec<String> {
    networks.iter().map(ToString::to_string).collect()
}

fn slug(organization: &Organization) -> String {
    organization.slug.to_string()
}

/// Whose it is, in a word.
pub(in crate::cli) fn owner(known: &KnownToken) -> String {
    let user = known.user.as_ref().map(|user| user.email.to_string());
    let organization = known.organization.as_ref().map(slug);
    let client = known.client.as_ref().map(|client| client.name.clone());
    let owner = match known.token.kind {
        TokenKind::OrganizationAccessToken => organization,
        TokenKind::ClientSecret | TokenKind::ClientRegistrationToken => client,
        TokenKind::CustomerSessionToken => known.token.customer.clone(),
        TokenKind::ServiceKey => Some("operators".to_owned()),
        _ => user.or(organization),
    };
    or(owner, "-")
}

impl Shown for TokenView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let since = self.state_since.as_ref();
        let state = match since {
            Some(at) => format!("{} since {at}", self.state),
            None => self.state.to_owned(),
        };
        let mut fields = vec![
            ("id", self.id.to_string()),
            ("kind", self.kind.to_owned()),
            ("name", or(self.name.as_ref(), "-")),
            ("ends in", self.hint.clone()),
            ("owner", self.owner.clone()),
            ("state", state),
            ("scopes", self.scopes.join(" ")),
            ("created", self.created_at.clone()),
            ("expires", or(self.expires_at.as_ref(), "never")),
            ("last used", self.last_used()),
        ];
        let related = [
            ("user", &self.user),
            ("organization", &self.organization),
            ("client", &self.client),
            ("customer", &self.customer),
        ];
        let related = related.into_iter().filter_map(|(name, value)| {
            let value = value.as_ref().filter(|value| **value != self.owner)?;
            Some((name, value.clone()))
        });
        fields.extend(related);
        if let Some(networks) = &self.networks {
            fields.push(("works from", networks.join(" ")));
        }
        if let (Some(at), Some(reason)) = (&self.revoked_at, self.revoked_reason) {
            fields.push(("revoked", format!("{at}, reason: {reason}")));
        }
        fields
    }
}

/// A token among others.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct TokenRow(pub(super) TokenView);

impl Shown for TokenRow {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let Self(token) = self;
        vec![
            ("id", token.id.to_string()),
            ("kind", token.kind.to_owned()),
            ("name", or(token.name.as_ref(), "-")),
            ("owner", token.owner.clone()),
            ("ends in", token.hint.clone()),
            ("state", token.state.to_owned()),
            ("expires", or(token.expires_at.as_ref(), "never")),
            ("last used", token.last_used()),
        ]
    }
}

/// A service key among others. They are all of one kind, and the operators'.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct ServiceKeyRow(pub(super) TokenView);

impl Shown for ServiceKeyRow {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let Self(key) = self;
        let networks = key.networks.as_ref().map(|networks| networks.join(" "));
        vec![
            ("id", key.id.to_string()),
            ("name", or(key.name.as_ref(), "-")),
            ("scopes", key.scopes.join(" ")),
            ("works from", or(networks, "everywhere")),
            ("ends in", key.hint.clone()),
            ("state", key.state.to_owned()),
            ("expires", or(key.expires_at.as_ref(), "never")),
            ("last used", key.last_used()),
        ]
    }
}
