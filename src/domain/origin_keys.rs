//! The keys of origins as this database knows them, for operators.

use super::Context;
use crate::model::Origin;
pub use crate::storage::origin_keys::StoredKeySet;
use crate::storage::{StorageError, origin_keys as table};

/// What is known of the keys of each of these origins; `None` where none were ever fetched, because the
/// origin does not sign or its keys are configured.
///
/// # Errors
/// When the database fails.
pub async fn list(
    ctx: &Context,
    origins: &[Origin],
) -> Result<Vec<(Origin, Option<StoredKeySet>)>, StorageError> {
    let mut all = Vec::with_capacity(origins.len());
    for origin in origins {
        all.push((origin.clone(), table::find(&ctx.db, origin).await?));
    }
    Ok(all)
}
