//! Deliveries as operators see them: who sent them, when, and what they were answered.

use uuid::Uuid;

use super::unpack;
use crate::model::{Delivery, Id, Origin, Reaction, Timestamp, Verdict};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, patient, sql};
use crate::storage::rows::{Columns, column, ids_as_json};

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

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This was done about something that it was the first to report.
    Reaction(Reaction),
    /// It was the first to report nothing.
    NothingNew,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [
        Self::Reaction(Reaction::Revoke),
        Self::Reaction(Reaction::Quarantine),
        Self::Reaction(Reaction::Notify),
        Self::Reaction(Reaction::Observe),
        Self::NothingNew,
    ];

    /// Its name in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reaction(reaction) => reaction.name(),
            Self::NothingNew => "nothing_new",
        }
    }
}

/// Which deliveries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Those of one origin.
    pub origin: Option<Origin>,
    /// Those with this outcome, among others that they have.
    pub outcome: Option<Outcome>,
}

/// Up to `limit` of the `window` deliveries before `before` that the filter lets through, the latest
/// first.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Db,
    filter: &DeliveryFilter,
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
         WHERE (CAST($4 AS TEXT) IS NULL OR d.origin = $4)
             AND CASE CAST(COALESCE($5, 'any') AS TEXT)
                 WHEN 'any' THEN true
                 WHEN 'nothing_new' THEN NOT EXISTS (
                     SELECT 1 FROM exposures AS e WHERE e.delivery_id = d.id
                 )
                 ELSE EXISTS (
                     SELECT 1
                     FROM exposures AS e
                     WHERE e.delivery_id = d.id AND COALESCE(e.decision, 'revoke') = $5
                 )
             END
         ORDER BY d.id DESC
         LIMIT $3",
    )
    .bind(before.map_or(Uuid::max(), Id::uuid))
    .bind(window)
    .bind(limit)
    .bind(filter.origin.as_ref().map(Origin::as_str))
    .bind(filter.outcome.map(Outcome::name))
    .try_map(|row| answered(&row))
    .fetch_all(c))
}

/// What was done about what these deliveries were the first to report, once for each that it was done
/// for, the strongest first.
///
/// # Errors
/// When the database fails.
pub async fn list_reactions(
    db: &Db,
    deliveries: &[Id<Delivery>],
) -> Result<Vec<(Id<Delivery>, Reaction)>, StorageError> {
    const SQLITE: &str = "SELECT DISTINCT delivery_id, COALESCE(decision, 'revoke') AS decision
         FROM exposures
         WHERE delivery_id IN (SELECT unhex(value) FROM json_each($1))";
    const POSTGRES: &str = "SELECT DISTINCT delivery_id, COALESCE(decision, 'revoke') AS decision
         FROM exposures
         WHERE delivery_id = ANY($1)";
    let ids: Vec<Uuid> = deliveries.iter().map(|id| id.uuid()).collect();
    let mut found = match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.try_map(|row| reacted(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.try_map(|row| reacted(&row)).fetch_all(c)).await?
        }
    };
    let strength = |reaction| Reaction::ALL.iter().position(|one| *one == reaction);
    found.sort_by_key(|(_, reaction)| strength(*reaction));
    Ok(found)
}

fn reacted(row: &impl Columns) -> Result<(Id<Delivery>, Reaction), sqlx::Error> {
    let decision: String = row.read("decision")?;
    let reaction = Reaction::from_stored(Some(&decision));
    Ok((Id::from_uuid(row.read("delivery_id")?), reaction))
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
