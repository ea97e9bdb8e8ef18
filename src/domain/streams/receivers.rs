//! Who may receive events, and whose.

use std::net::IpAddr;

use crate::domain::service_keys::{self, Refusal};
use crate::domain::{Context, bearers, provenance};
use crate::model::stream::{Holder, MANAGE, READ, RECEIVE, Receiver, View};
use crate::model::{Actor, KnownToken, PlainToken, ScopeSet, TokenKind};
use crate::storage::clients;

/// What somebody wants to do with streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read them, and fetch what waits.
    Read,
    /// Make, change and delete them.
    Manage,
}

impl Access {
    /// The scope that says so.
    #[must_use]
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Read => READ,
            Self::Manage => MANAGE,
        }
    }

    fn is_in(self, scopes: &ScopeSet) -> bool {
        scopes.contains(MANAGE) || (self == Self::Read && scopes.contains(READ))
    }
}

/// Lets in whoever presents a credential for receiving events: a service key, which sees everything; an
/// organization's token, which sees that organization; or an access token that a client got for itself,
/// which sees what concerns the client. A token that acts for a person is for something else.
///
/// # Errors
/// See [`Refusal`].
pub async fn admit(
    ctx: &Context,
    text: &PlainToken,
    access: Access,
    address: Option<IpAddr>,
) -> Result<Receiver, Refusal> {
    let found = bearers::find(ctx, text, address).await?;
    let token = found.ok_or(Refusal::InvalidKey)?;
    let known = &token.found.known;
    if !known.token.works_from(address) {
        return Err(Refusal::ForeignNetwork);
    }
    let receiver = match known.token.kind {
        TokenKind::ServiceKey => {
            service_keys::check(ctx, known, RECEIVE, address)?;
            provenance::act_as(Actor::Service(known.token.id));
            by_token(known, View::Everything)
        }
        TokenKind::OrganizationAccessToken => {
            demand(access, known)?;
            let organization = bearers::act_for_organization(known);
            let id = organization.ok_or(Refusal::InsufficientScope(access.scope()))?;
            by_token(known, View::Organization(id))
        }
        TokenKind::AccessToken => {
            demand(access, known)?;
            by_client(ctx, known, access).await?
        }
        // Nobody is told which kind it is.
        _ => return Err(Refusal::InvalidKey),
    };
    bearers::note(ctx, &token.found, text, address);
    Ok(receiver)
}

fn demand(access: Access, known: &KnownToken) -> Result<(), Refusal> {
    match access.is_in(&known.token.scopes) {
        true => Ok(()),
        false => Err(Refusal::InsufficientScope(access.scope())),
    }
}

fn by_token(known: &KnownToken, view: View) -> Receiver {
    Receiver {
        holder: Holder::Token(known.token.id),
        view,
        audience: known.token.id.to_string(),
    }
}

/// A client by itself. One that operators let introspect every token sees everything: it could ask.
async fn by_client(ctx: &Context, known: &KnownToken, access: Access) -> Result<Receiver, Refusal> {
    let for_itself = known.user.is_none() && known.organization.is_none();
    let client = known.client.as_ref().filter(|_| for_itself);
    let client = client.ok_or(Refusal::InsufficientScope(access.scope()))?;
    let registered = clients::find(&ctx.db, client.client_id.as_str()).await?;
    let sees_all = registered.is_some_and(|client| client.standing.introspects_all);
    provenance::act_as(Actor::Client(client.id));
    Ok(Receiver {
        holder: Holder::Client(client.id),
        view: match sees_all {
            true => View::Everything,
            false => View::Client(client.id),
        },
        audience: client.client_id.to_string(),
    })
}
