//! Where tokens were seen, as it is written down: whoever reads the database and guesses an address
//! cannot tell whether it was the one.

use super::Context;
use crate::model::{Delivery, Id};
use crate::storage::exposures::{self, FreshExposure, NewExposure, PlaceMove};
use crate::storage::{StorageError, Tx};

/// Writes down exposures, and tells which are new. A place that was written down under an older hash
/// key is known again, and moves to the current one.
pub(super) async fn write(
    ctx: &Context,
    tx: &mut Tx,
    delivery: Option<Id<Delivery>>,
    new: &[NewExposure],
) -> Result<Vec<FreshExposure>, StorageError> {
    let current = ctx.hash_keys.current();
    let mut moves = Vec::new();
    for older in ctx.hash_keys.iter().skip(1) {
        moves.extend(new.iter().map(|new| PlaceMove {
            token: new.exposure.token,
            before: older.seal(new.exposure.place.key()),
            after: current.seal(new.exposure.place.key()),
        }));
    }
    if !moves.is_empty() {
        exposures::move_places(tx, current.id(), &moves).await?;
    }
    exposures::insert(tx, delivery, new, current).await
}
