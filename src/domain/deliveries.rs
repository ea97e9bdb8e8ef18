//! Deliveries as operators look back on them: who sent what, and what they were answered.

use super::exposures::SeenToken;
use super::lookback::Portion;
use super::{Context, DomainError, lookback};
use crate::model::{Delivery, Id, Reaction};
use crate::storage::StorageError;
use crate::storage::deliveries as table;
pub use crate::storage::deliveries::{AnsweredDelivery, DeliveryFilter, Outcome};
use crate::storage::exposures as exposures_table;

/// How many exposures of one delivery are shown.
const SHOWN: i64 = 200;

/// A delivery and what became of it.
#[derive(Clone, Debug)]
pub struct ListedDelivery {
    /// The delivery.
    pub delivery: AnsweredDelivery,
    /// What was done about what it was the first to report, the strongest first.
    pub reactions: Vec<Reaction>,
}

/// The latest deliveries before `before` that the filter lets through. Those in which nothing was ours are
/// not kept.
///
/// # Errors
/// When the database fails.
pub async fn look_back(
    ctx: &Context,
    filter: &DeliveryFilter,
    before: Option<Id<Delivery>>,
) -> Result<Portion<ListedDelivery, Id<Delivery>>, StorageError> {
    let bounds = (lookback::WINDOW, lookback::PORTION);
    let found = table::page(&ctx.db, filter, before, bounds).await?;
    let ids: Vec<_> = found.iter().map(|delivery| delivery.id).collect();
    let done = table::list_reactions(&ctx.db, &ids).await?;
    let last = ids.last().copied();
    let listed = |delivery: AnsweredDelivery| ListedDelivery {
        reactions: done
            .iter()
            .filter(|(id, _)| *id == delivery.id)
            .map(|(_, reaction)| *reaction)
            .collect(),
        delivery,
    };
    let items: Vec<_> = found.into_iter().map(listed).collect();
    if lookback::is_full(items.len()) {
        return Ok(Portion { items, next: last });
    }
    let next = table::window_end(&ctx.db, before, lookback::WINDOW).await?;
    Ok(Portion { items, next })
}

/// A delivery with what it was the first to report.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The delivery.
    pub delivery: AnsweredDelivery,
    /// What it was the first to report, the first 200 of it.
    pub exposures: Vec<SeenToken>,
}

/// The delivery with this id.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none, or it is no longer kept.
pub async fn open(ctx: &Context, id: Id<Delivery>) -> Result<Opened, DomainError> {
    const NONE: DomainError = DomainError::NotFound("there is no such delivery");
    let delivery = table::find(&ctx.db, id).await?.ok_or(NONE)?;
    let exposures = exposures_table::list_by_delivery(&ctx.db, id, SHOWN).await?;
    Ok(Opened {
        delivery,
        exposures,
    })
}
