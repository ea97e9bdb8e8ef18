//! Deliveries as operators see them: who sent them, when, and what they were answered.

use std::sync::LazyLock;

use uuid::Uuid;

use super::unpack;
use crate::model::{Delivery, Id, Origin, Timestamp, Verdict};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, patient, sql};
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

/// Which deliveries are wanted; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// From this origin.
    pub origin: Option<Origin>,
    /// With something of ours in it, or with nothing.
    pub genuine: Option<bool>,
}

/// Up to `limit` of the `window` deliveries before `before` that fit, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Db,
    filter: &DeliveryFilter,
    before: Option<Id<Delivery>>,
    (window, limit): (i64, i64),
) -> Result<Vec<AnsweredDelivery>, StorageError> {
    // `{none}` is as many zeros as there are verdicts: nothing in it is ours.
    const STATEMENT: &str = "SELECT id, origin, key_id, received_at, report_count, verdicts
         FROM (
             SELECT id, origin, key_id, received_at, report_count, verdicts
             FROM deliveries
             WHERE id < $1
             ORDER BY id DESC
             LIMIT $2
         ) AS d
         WHERE (CAST($4 AS TEXT) IS NULL OR d.origin = $4)
             AND (CAST($5 AS INTEGER) IS NULL
                 OR CASE WHEN d.verdicts <> {none} THEN 1 ELSE 0 END = $5)
         ORDER BY d.id DESC
         LIMIT $3";
    static SQLITE: LazyLock<String> =
        LazyLock::new(|| STATEMENT.replace("{none}", "zeroblob(length(d.verdicts))"));
    static POSTGRES: LazyLock<String> = LazyLock::new(|| {
        STATEMENT.replace("{none}", "decode(repeat('00', length(d.verdicts)), 'hex')")
    });
    let before = before.map_or(Uuid::max(), Id::uuid);
    let origin = filter.origin.as_ref().map(Origin::as_str);
    let genuine = filter.genuine.map(i32::from);
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE.as_str()).bind(before);
            let query = query.bind(window).bind(limit).bind(origin).bind(genuine);
            patient(query.try_map(|row| answered(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES.as_str()).bind(before);
            let query = query.bind(window).bind(limit).bind(origin).bind(genuine);
            patient(query.try_map(|row| answered(&row)).fetch_all(c)).await
        }
    }
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
