//! The tokens of organizations, which their owners and admins manage.

use super::super::attempts::until_settled;
use super::super::tokens::NewTokenRequest;
use super::super::{Context, audit};
use super::{
    Change, Made, NewAccessToken, Part, Refusal, View, by_owner, check_count, check_lifetime,
    check_name, check_scopes, demand_fresh, hold, make, part, read_back,
};
use crate::model::{
    About, Deed, Id, KnownToken, Organization, Owner, Role, Session, Token, TokenKind,
};
use crate::storage::tokens::access_tokens as table;
use crate::storage::{Tx, organizations, tokens};

/// Lists the tokens of all organizations that a person manages or, of them, only of `wanted`.
///
/// # Errors
/// [`Refusal::NotPermitted`] when they are in one of `wanted` and do not manage it.
pub async fn list(
    ctx: &Context,
    session: &Session,
    wanted: &[Id<Organization>],
    view: &View,
) -> Result<Part, Refusal> {
    let roles = organizations::list_roles(&ctx.db, session.user.id).await?;
    let asked = |id: &Id<Organization>| wanted.contains(id);
    if roles
        .iter()
        .any(|(id, role)| asked(id) && !role.manages_tokens())
    {
        return Err(Refusal::NotPermitted);
    }
    let managed = roles.iter().filter(|(_, role)| role.manages_tokens());
    let shown: Vec<_> = managed
        .map(|(id, _)| *id)
        .filter(|id| wanted.is_empty() || asked(id))
        .collect();
    let tokens = table::page_of_organizations(&ctx.db, &shown, &view.sorting, view.window).await?;
    let total = table::count_of_organizations(&ctx.db, &shown).await?;
    Ok(part(ctx, tokens, total))
}

/// Makes a token for an organization.
///
/// # Errors
/// See [`Refusal`].
pub async fn create(
    ctx: &Context,
    session: &Session,
    organization: Id<Organization>,
    new: &NewAccessToken,
) -> Result<Made, Refusal> {
    demand_fresh(ctx, session)?;
    check_lifetime(ctx, new.lifetime)?;
    check_scopes(ctx, &new.scopes)?;
    let made = until_settled(async || write(ctx, session, organization, new).await).await?;
    tracing::info!(
        token.id = %made.known.token.id,
        user.id = %session.user.id,
        organization.id = %organization,
        "a token was made"
    );
    Ok(made)
}

async fn write(
    ctx: &Context,
    session: &Session,
    organization: Id<Organization>,
    new: &NewAccessToken,
) -> Result<Made, Refusal> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    hold(&mut tx, session).await?;
    let role = organizations::find_role(&mut tx, organization, session.user.id).await?;
    // Whoever is not in it learns nothing about it.
    let role = role.ok_or(Refusal::UnknownOrganization)?;
    let welcome = organizations::hold(&mut tx, organization).await?;
    if !role.manages_tokens() || welcome != Some(true) {
        return Err(Refusal::NotPermitted);
    }
    check_count(ctx, &mut tx, Owner::Organization(organization), now).await?;
    let request = NewTokenRequest {
        user: Some(session.user.id),
        organization: Some(organization),
        name: Some(new.comment.clone()),
        scopes: new.scopes.clone(),
        lifetime: new.lifetime,
        ..NewTokenRequest::new(TokenKind::OrganizationAccessToken)
    };
    make(ctx, tx, request, now).await
}

/// Changes what a token of an organization is called and what it may do. When it expires is final.
///
/// # Errors
/// See [`Refusal`].
pub async fn change(
    ctx: &Context,
    session: &Session,
    id: Id<Token>,
    change: &Change,
) -> Result<KnownToken, Refusal> {
    demand_fresh(ctx, session)?;
    if let Some(scopes) = &change.scopes {
        check_scopes(ctx, scopes)?;
    }
    if let Some(comment) = &change.comment {
        check_name(ctx, comment)?;
    }
    until_settled(async || rewrite(ctx, session, id, change).await).await?;
    tracing::info!(token.id = %id, user.id = %session.user.id, "a token was changed");
    read_back(&ctx.db, id).await
}

async fn rewrite(
    ctx: &Context,
    session: &Session,
    id: Id<Token>,
    change: &Change,
) -> Result<(), Refusal> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    hold(&mut tx, session).await?;
    demand_manager(&mut tx, session, id).await?;
    let Change { comment, scopes } = change;
    if comment.is_some() || scopes.is_some() {
        let done = table::change(&mut tx, id, comment.as_ref(), scopes.as_ref(), now).await?;
        if !done {
            return Err(Refusal::NotFound);
        }
        audit::note(&mut tx, now, Deed::new("token.changed", About::token(id)));
    }
    tx.commit().await?;
    Ok(())
}

/// Revokes a token of an organization.
///
/// # Errors
/// [`Refusal::NotFound`] when there is none in any of their organizations,
/// [`Refusal::NotPermitted`] when they do not manage it.
pub async fn revoke(ctx: &Context, session: &Session, id: Id<Token>) -> Result<(), Refusal> {
    let revocation = by_owner(ctx.clock.now());
    until_settled(async || {
        let mut tx = ctx.db.begin().await?;
        demand_manager(&mut tx, session, id).await?;
        if !tokens::revoke(&mut tx, id, revocation).await? {
            return Err(Refusal::NotFound);
        }
        tx.commit().await?;
        Ok(())
    })
    .await?;
    tracing::info!(token.id = %id, user.id = %session.user.id, "a token was revoked");
    Ok(())
}

/// Refuses whoever does not manage the organization whose token this is.
async fn demand_manager(tx: &mut Tx, session: &Session, id: Id<Token>) -> Result<(), Refusal> {
    let organization = table::find_owning_organization(tx, id).await?;
    let organization = organization.ok_or(Refusal::NotFound)?;
    let role = organizations::find_role(tx, organization, session.user.id).await?;
    match role.map(Role::manages_tokens) {
        Some(true) => Ok(()),
        Some(false) => Err(Refusal::NotPermitted),
        None => Err(Refusal::NotFound),
    }
}
