//! A person's own tokens.

use super::super::Context;
use super::super::attempts::until_settled;
use super::super::tokens::NewTokenRequest;
use super::{
    Made, NewAccessToken, Part, Refusal, View, by_owner, check_count, check_lifetime, check_scopes,
    demand_fresh, hold, make, part,
};
use crate::model::{Id, Owner, Session, Token, TokenKind};
use crate::storage::StorageError;
use crate::storage::tokens::access_tokens as table;

/// Lists a person's tokens.
///
/// # Errors
/// When the database fails.
pub async fn list(ctx: &Context, session: &Session, view: &View) -> Result<Part, StorageError> {
    let user = session.user.id;
    let tokens = table::page_of_user(&ctx.db, user, &view.sorting, view.window).await?;
    let total = table::count_of_user(&ctx.db, user).await?;
    Ok(part(ctx, tokens, total))
}

/// Makes a token for whoever is signed in.
///
/// # Errors
/// See [`Refusal`].
pub async fn create(
    ctx: &Context,
    session: &Session,
    new: &NewAccessToken,
) -> Result<Made, Refusal> {
    demand_fresh(ctx, session)?;
    check_lifetime(ctx, new.lifetime)?;
    check_scopes(ctx, &new.scopes)?;
    let made = until_settled(async || write(ctx, session, new).await).await?;
    tracing::info!(token.id = %made.known.token.id, user.id = %session.user.id, "a token was made");
    Ok(made)
}

async fn write(ctx: &Context, session: &Session, new: &NewAccessToken) -> Result<Made, Refusal> {
    let now = ctx.clock.now();
    let user = session.user.id;
    let mut tx = ctx.db.begin().await?;
    hold(&mut tx, session).await?;
    check_count(ctx, &mut tx, Owner::User(user), now).await?;
    let request = NewTokenRequest {
        user: Some(user),
        name: Some(new.comment.clone()),
        scopes: new.scopes.clone(),
        lifetime: new.lifetime,
        ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
    };
    make(ctx, tx, request, now).await
}

/// Revokes a token of whoever is signed in.
///
/// # Errors
/// [`Refusal::NotFound`] when they have no such token.
pub async fn revoke(ctx: &Context, session: &Session, id: Id<Token>) -> Result<(), Refusal> {
    let revocation = by_owner(ctx.clock.now());
    let revoked = until_settled(async || {
        let mut tx = ctx.db.begin().await?;
        let done = table::revoke_of_user(&mut tx, session.user.id, id, revocation).await?;
        tx.commit().await?;
        Ok::<_, StorageError>(done)
    });
    match revoked.await? {
        true => {
            tracing::info!(token.id = %id, user.id = %session.user.id, "a token was revoked");
            Ok(())
        }
        false => Err(Refusal::NotFound),
    }
}
