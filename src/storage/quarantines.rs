//! Tables `quarantines`, `quarantined_tokens` and `quarantined_grants`: what is dead until somebody
//! decides.
//!
//! Whoever writes here takes the turn first ([`TURN`]), so that what one transaction brings back is not
//! being put in by another.

mod ended;
mod members;

use uuid::Uuid;

pub use ended::{count_settled, delete_settled, delete_settled_members};
pub use members::{gather, revive_grants, revive_tokens, seal_grants, seal_tokens};

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::rows::{Columns, column, hex_of, ids_as_json};
use crate::model::{Id, Origin, QuarantineEnd, Timestamp, Token};

/// Whose turn it is among those who put tokens in or let them out.
pub const TURN: &str = "quarantine";

/// A token in quarantine, with what died with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// Which.
    pub id: Id<Quarantine>,
    /// The token that was seen.
    pub token: Id<Token>,
    /// Who reported it.
    pub origin: Origin,
    /// Which rule decided.
    pub decided_by: String,
    /// Since when.
    pub began_at: Timestamp,
    /// When the timer ends it.
    pub ends_at: Timestamp,
    /// How the timer ends it.
    pub ending: QuarantineEnd,
}

/// Begins quarantines. A token that is in one stays in that.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, new: &[Quarantine]) -> Result<(), StorageError> {
    const SQLITE: &str = "INSERT INTO quarantines (
             id, token_id, origin, decided_by, began_at, ends_at, ending
         )
         SELECT
             unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4,
             value ->> 5, value ->> 6
         FROM json_each($1)
         WHERE true
         ON CONFLICT DO NOTHING";
    const POSTGRES: &str = "INSERT INTO quarantines (
             id, token_id, origin, decided_by, began_at, ends_at, ending
         )
         SELECT q.*
         FROM unnest(
             $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[]
         ) AS q
         ON CONFLICT DO NOTHING";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = new.iter().map(as_json).collect();
            let rows = serde_json::json!(rows).to_string();
            patient(sqlx::query(SQLITE).bind(rows).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            fn each<'a, T>(all: &'a [Quarantine], of: impl Fn(&'a Quarantine) -> T) -> Vec<T> {
                all.iter().map(of).collect()
            }
            let query = sqlx::query(POSTGRES)
                .bind(each(new, |q| q.id.uuid()))
                .bind(each(new, |q| q.token.uuid()))
                .bind(each(new, |q| q.origin.as_str()))
                .bind(each(new, |q| q.decided_by.as_str()))
                .bind(each(new, |q| q.began_at.as_millis()))
                .bind(each(new, |q| q.ends_at.as_millis()))
                .bind(each(new, |q| q.ending.name()));
            patient(query.execute(c)).await?;
        }
    }
    Ok(())
}

fn as_json(new: &Quarantine) -> serde_json::Value {
    serde_json::json!([
        hex_of(new.id.uuid()),
        hex_of(new.token.uuid()),
        new.origin.as_str(),
        new.decided_by,
        new.began_at,
        new.ends_at,
        new.ending.name(),
    ])
}

/// Deletes those of these quarantines in which nothing is: nothing was alive.
///
/// # Errors
/// When the database fails.
pub async fn delete_empty(tx: &mut Tx, new: &[Quarantine]) -> Result<(), StorageError> {
    const SQLITE: &str = "DELETE FROM quarantines
         WHERE id IN (SELECT unhex(value) FROM json_each($1))
             AND NOT EXISTS (
                 SELECT 1 FROM quarantined_tokens AS m WHERE m.quarantine_id = quarantines.id
             )
             AND NOT EXISTS (
                 SELECT 1 FROM quarantined_grants AS m WHERE m.quarantine_id = quarantines.id
             )";
    const POSTGRES: &str = "DELETE FROM quarantines
         WHERE id = ANY($1)
             AND NOT EXISTS (
                 SELECT 1 FROM quarantined_tokens AS m WHERE m.quarantine_id = quarantines.id
             )
             AND NOT EXISTS (
                 SELECT 1 FROM quarantined_grants AS m WHERE m.quarantine_id = quarantines.id
             )";
    let ids: Vec<Uuid> = new.iter().map(|quarantine| quarantine.id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            patient(sqlx::query(SQLITE).bind(ids_as_json(&ids)).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            patient(sqlx::query(POSTGRES).bind(ids).execute(c)).await?;
        }
    }
    Ok(())
}

/// How a quarantine ended, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// How.
    pub ending: QuarantineEnd,
    /// `operator`, `timer` or `report`.
    pub by: &'static str,
    /// When.
    pub at: Timestamp,
}

impl Settlement {
    const fn name(self) -> &'static str {
        match self.ending {
            QuarantineEnd::Finish => "finished",
            QuarantineEnd::Release => "released",
        }
    }
}

/// Ends a quarantine, and tells what it was; `None` when it is none or was ended before.
///
/// # Errors
/// When the database fails.
pub async fn settle(
    tx: &mut Tx,
    id: Id<Quarantine>,
    settlement: Settlement,
) -> Result<Option<Quarantine>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "UPDATE quarantines
         SET settled_at = $2, settled_as = $3, settled_by = $4
         WHERE id = $1 AND settled_at IS NULL
         RETURNING id, token_id, origin, decided_by, began_at, ends_at, ending",
    )
    .bind(id.uuid())
    .bind(settlement.at.as_millis())
    .bind(settlement.name())
    .bind(settlement.by)
    .try_map(|row| quarantine(&row))
    .fetch_optional(c))
}

/// The open quarantine of this token.
///
/// # Errors
/// When the database fails.
pub async fn find_open(db: &Db, token: Id<Token>) -> Result<Option<Quarantine>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, token_id, origin, decided_by, began_at, ends_at, ending
         FROM quarantines
         WHERE token_id = $1 AND settled_at IS NULL",
    )
    .bind(token.uuid())
    .try_map(|row| quarantine(&row))
    .fetch_optional(c))
}

/// The quarantine with this id, if it is open.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: Id<Quarantine>) -> Result<Option<Quarantine>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, token_id, origin, decided_by, began_at, ends_at, ending
         FROM quarantines
         WHERE id = $1 AND settled_at IS NULL",
    )
    .bind(id.uuid())
    .try_map(|row| quarantine(&row))
    .fetch_optional(c))
}

/// The open quarantines of these tokens.
///
/// # Errors
/// When the database fails.
pub async fn list_open_of(
    tx: &mut Tx,
    tokens: &[Id<Token>],
) -> Result<Vec<Id<Quarantine>>, StorageError> {
    const SQLITE: &str = "SELECT id
         FROM quarantines
         WHERE token_id IN (SELECT unhex(value) FROM json_each($1)) AND settled_at IS NULL
         ORDER BY id";
    const POSTGRES: &str = "SELECT id
         FROM quarantines
         WHERE token_id = ANY($1) AND settled_at IS NULL
         ORDER BY id";
    let ids: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    let found: Vec<Uuid> = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.try_map(|row| column(&row, "id")).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.try_map(|row| column(&row, "id")).fetch_all(c)).await?
        }
    };
    Ok(found.into_iter().map(Id::from_uuid).collect())
}

/// Up to `limit` open quarantines that the timer ends before `before`, the next one first.
///
/// # Errors
/// When the database fails.
pub async fn list_open(
    db: &Db,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Quarantine>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, token_id, origin, decided_by, began_at, ends_at, ending
         FROM quarantines
         WHERE settled_at IS NULL AND ends_at <= $1
         ORDER BY ends_at
         LIMIT $2",
    )
    .bind(before.as_millis())
    .bind(limit)
    .try_map(|row| quarantine(&row))
    .fetch_all(c))
}

/// Up to `limit` open quarantines behind `after`, or from the first on: the one that the timer ends next
/// comes first.
///
/// # Errors
/// When the database fails.
pub async fn page_open(
    db: &Db,
    after: Option<(Timestamp, Id<Quarantine>)>,
    limit: i64,
) -> Result<Vec<Quarantine>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, token_id, origin, decided_by, began_at, ends_at, ending
         FROM quarantines
         WHERE settled_at IS NULL AND ends_at >= $1 AND (ends_at > $1 OR id > $2)
         ORDER BY ends_at, id
         LIMIT $3",
    )
    .bind(after.map_or(i64::MIN, |(ends_at, _)| ends_at.as_millis()))
    .bind(after.map_or(Uuid::nil(), |(_, id)| id.uuid()))
    .bind(limit)
    .try_map(|row| quarantine(&row))
    .fetch_all(c))
}

/// Up to `limit` open quarantines of what an origin reported, behind `after`.
///
/// # Errors
/// When the database fails.
pub async fn list_open_of_origin(
    db: &Db,
    origin: &Origin,
    after: Id<Quarantine>,
    limit: i64,
) -> Result<Vec<Id<Quarantine>>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id
         FROM quarantines
         WHERE origin = $1 AND settled_at IS NULL AND id > $2
         ORDER BY id
         LIMIT $3",
    )
    .bind(origin.as_str())
    .bind(after.uuid())
    .bind(limit)
    .try_map(|row| column::<Uuid>(&row, "id").map(Id::from_uuid))
    .fetch_all(c))
}

/// Whether there is a quarantine of what this origin reported, open or not.
///
/// # Errors
/// When the database fails.
pub async fn has_of_origin(db: &Db, origin: &Origin) -> Result<bool, StorageError> {
    let found = sql!(db.reader(), |c| sqlx::query(
        "SELECT id
         FROM quarantines
         WHERE origin = $1
         LIMIT 1",
    )
    .bind(origin.as_str())
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))?;
    Ok(found.is_some())
}

/// How many are open, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_open(db: &Db, most: i64) -> Result<i64, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT count(*) AS number
         FROM (
             SELECT ends_at
             FROM quarantines
             WHERE settled_at IS NULL
             ORDER BY ends_at
             LIMIT $1
         ) AS open",
    )
    .bind(most)
    .try_map(|row| column(&row, "number"))
    .fetch_one(c))
}

fn quarantine(row: &impl Columns) -> Result<Quarantine, sqlx::Error> {
    Ok(Quarantine {
        id: Id::from_uuid(row.read("id")?),
        token: Id::from_uuid(row.read("token_id")?),
        origin: Origin::from_stored(row.read("origin")?),
        decided_by: row.read("decided_by")?,
        began_at: Timestamp::from_millis(row.read("began_at")?),
        ends_at: Timestamp::from_millis(row.read("ends_at")?),
        ending: QuarantineEnd::from_stored(&row.read::<String>("ending")?),
    })
}
