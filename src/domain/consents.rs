//! What users allowed clients: listed, and withdrawn.

use super::attempts::until_settled;
use super::{Context, DomainError, audit, families};
use crate::model::{About, Client, Deed, Id, Revocation, RevocationReason, User};
use crate::storage::{StorageError, clients, consents as table};

pub use crate::storage::consents::AllowedClient;

/// Every application that a user allowed something, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(ctx: &Context, user: Id<User>) -> Result<Vec<AllowedClient>, DomainError> {
    Ok(table::list(&ctx.db, user).await?)
}

/// Withdraws everything that a user allowed a client: every token that was minted from it is dead.
///
/// # Errors
/// [`DomainError::NotFound`] when nothing was allowed.
pub async fn withdraw(ctx: &Context, user: Id<User>, client_id: &str) -> Result<(), DomainError> {
    const NOTHING: DomainError = DomainError::NotFound("this application was allowed nothing");
    let client = clients::find(&ctx.db, client_id).await?.ok_or(NOTHING)?;
    match until_settled(async || take_away(ctx, user, client.id).await).await? {
        true => Ok(()),
        false => Err(NOTHING),
    }
}

async fn take_away(
    ctx: &Context,
    user: Id<User>,
    client: Id<Client>,
) -> Result<bool, StorageError> {
    let revocation = Revocation {
        at: ctx.clock.now(),
        reason: RevocationReason::Withdrawn,
    };
    let mut tx = ctx.db.begin().await?;
    // First: whoever mints from it now has to wait, and finds nothing then.
    let remembered = table::delete(&mut tx, user, client).await?;
    let grants = table::list_grants(&mut tx, user, client).await?;
    families::end(&mut tx, &grants, revocation).await?;
    let something = remembered || !grants.is_empty();
    if something {
        let about = About {
            user: Some(user),
            ..About::client(client)
        };
        let deed = Deed::new("consent.withdrawn", about);
        audit::note(&mut tx, revocation.at, deed);
    }
    tx.commit().await?;
    Ok(something)
}
