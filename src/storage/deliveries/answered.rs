//! Deliveries as operators see them: who sent them, when, and what they were answered.

use uuid::Uuid;

use super::unpack;
use crate::model::{Delivery, Id, Origin, Timestamp, Verdict};
use crate::storage::StorageError;
use crate::storage::backend::{Db, sql};
use crate::storage::rows::{Columns, column};

/// A delivery and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredDelivery {
    /// Which.
    pub id: Id<Delivery>,
    /// Who sent it.
    pub origin: Origin,
    /// The key that signed it.
    pub key_id: String,
    /// When it came.
    pub received_at: Timestamp,
    /// What was answered, one for each report in their order.
    pub verdicts: Vec<Verdict>,
}

/// Up to `limit` of the `window` deliveries before `before` that came from `origin`,
/// where it is said, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Db,
    origin: Option<&Origin>,
    before: Option<Id<Delivery>>,
    (window, limit): (i64, i64),
) -> Result<Vec<AnsweredDelivery>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, origin, key_id, received_at, report_count, verdicts
         FROM (
             SELECT id, origin, key_id, received_at, report_count, verdicts
             FROM deliveries
             WHERE id < $1
             ORDER BY id DESC
             LIMIT $2
         ) AS d
         WHERE CAST($4 AS TEXT) IS NULL OR d.origin = $4
         ORDER BY d.id DESC
         LIMIT $3",
    )
    .bind(before.map_or(Uuid::max(), Id::uuid))
    .bind(window)
    .bind(limit)
    .bind(origin.map(Origin::as_str))
    .try_map(|row| answered(&row))
    .fetch_all(c))
}

/// The last of the `window` deliveries before `before`; `None` when there are fewer.
///
/// # Errors
/// When the database fails.
pub async fn window_end(
    db: &Db,
    before: Option<Id<Delivery>>,
    window: i64,
) -> Result<Option<Id<Delivery>>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id
         FROM deliveries
         WHERE id < $1
         ORDER BY id DESC
         LIMIT 1 OFFSET $2",
    )
    .bind(before.map_or(Uuid::max(), Id::uuid))
    .bind(window - 1)
    .try_map(|row| column::<Uuid>(&row, "id").map(Id::from_uuid))
    .fetch_optional(c))
}

/// The delivery with this id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: Id<Delivery>) -> Result<Option<AnsweredDelivery>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, origin, key_id, received_at, report_count, verdicts
         FROM deliveries
         WHERE id = $1",
    )
    .bind(id.uuid())
    .try_map(|row| answered(&row))
    .fetch_optional(c))
}

fn answered(row: &impl Columns) -> Result<AnsweredDelivery, sqlx::Error> {
    let count: i64 = row.read("report_count")?;
    let verdicts: Vec<u8> = row.read("verdicts")?;
    Ok(AnsweredDelivery {
        id: Id::from_uuid(row.read("id")?),
        origin: Origin::from_stored(row.read("origin")?),
        key_id: row.read("key_id")?,
        received_at: Timestamp::from_millis(row.read("received_at")?),
        verdicts: unpack(&verdicts, usize::try_from(count).unwrap_or_default()),
    })
}
