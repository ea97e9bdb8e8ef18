//! What one delivery brought to light.

use std::sync::LazyLock;

use super::{SEEN, SeenToken, seen};
use crate::model::{Delivery, Id};
use crate::storage::StorageError;
use crate::storage::backend::{Db, sql};
use crate::storage::tokens::with_more;

/// Up to `limit` of the exposures that a delivery was the first to report, in the order in which they
/// were written down.
///
/// # Errors
/// When the database fails.
pub async fn list_by_delivery(
    db: &Db,
    delivery: Id<Delivery>,
    limit: i64,
) -> Result<Vec<SeenToken>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| {
        with_more(
            SEEN,
            "JOIN exposures AS e ON e.token_id = t.id
             WHERE e.delivery_id = $1
             ORDER BY e.id
             LIMIT $2",
        )
    });
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(delivery.uuid())
        .bind(limit)
        .try_map(|row| seen(&row))
        .fetch_all(c))
}
