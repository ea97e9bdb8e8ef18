//! Exposures as those see them whose tokens were seen: what happened to a token before, when it was
//! seen, and since.

use std::collections::HashMap;

use super::super::Context;
use super::super::access_tokens::with_latest_use;
use super::super::leaked_uses::{self, StoredUse};
use super::SeenToken;
use crate::model::{Concerned, Exposure, Id, Owner, Reaction};
use crate::storage::StorageError;
pub use crate::storage::exposures::StoredExposure;
use crate::storage::exposures::{self as table, SeenWhere};
use crate::storage::tokens;

/// Up to `limit` exposures that concern a user or an organization, newest first, behind `after`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    ctx: &Context,
    owner: Owner,
    after: Option<Id<Exposure>>,
    limit: u32,
) -> Result<Vec<SeenToken>, StorageError> {
    let seen = table::list_by_owner(&ctx.db, owner, after, i64::from(limit)).await?;
    let mut ids: Vec<_> = seen.iter().map(|seen| seen.token).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = tokens::find_by_ids(&ctx.db, &ids).await?;
    let known: HashMap<_, _> = found
        .into_iter()
        .map(|found| (found.known.token.id, found.known))
        .collect();
    // A token that was seen is kept for as long as the exposure is.
    let with_token = |SeenWhere { exposure, token }| {
        let known = known.get(&token)?.clone();
        Some(SeenToken { exposure, known })
    };
    Ok(seen.into_iter().filter_map(with_token).collect())
}

/// Everything that is known about a leak.
#[derive(Clone, Debug)]
pub struct Story {
    /// The exposure, and the token as it is now.
    pub seen: SeenToken,
    /// Every place where the token was seen, this one included, first to last.
    pub places: Vec<StoredExposure>,
    /// Attempts to use it after it had leaked, the latest first.
    pub attempts: Vec<StoredUse>,
}

/// Tells everything about an exposure that concerns this owner; `None` when there is none, when it
/// concerns others, and when nobody was told because it was only observed.
///
/// # Errors
/// When the database fails.
pub async fn tell(
    ctx: &Context,
    owner: Owner,
    id: Id<Exposure>,
) -> Result<Option<Story>, StorageError> {
    let found = super::find(ctx, id).await?;
    let concerns = |seen: &SeenToken| Concerned::by(&seen.known).includes(owner);
    let Some(mut seen) = found
        .filter(concerns)
        .filter(|seen| is_told(&seen.exposure))
    else {
        return Ok(None);
    };
    let token = seen.known.token.id;
    let mut places = table::list_by_token(&ctx.db, token).await?;
    places.retain(is_told);
    let attempts = leaked_uses::list(ctx, token).await?;
    with_latest_use(ctx, &mut seen.known);
    Ok(Some(Story {
        seen,
        places,
        attempts,
    }))
}

fn is_told(exposure: &StoredExposure) -> bool {
    exposure.decision != Reaction::Observe
}
