//! Table `owner_leaks`: when each owner last leaked a token.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::backend::{Backend, Tx, patient};
use super::error::StorageError;
use super::rows::{Columns, hex_of};
use crate::model::{Owner, Timestamp};

/// An owner, and when they last leaked, if they did.
pub type LastLeak = (Owner, Option<Timestamp>);

/// Takes hold of these owners' rows, which are made where there are none, and tells when each of them
/// last leaked. Whoever else writes down a leak of one of them waits until the transaction ends.
///
/// `owners` are sorted and each is there once, so that no two transactions wait for each other.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, owners: &[Owner]) -> Result<Vec<LastLeak>, StorageError> {
    const SQLITE: &str = "INSERT INTO owner_leaks (owner_kind, owner_id)
         SELECT value ->> 0, unhex(value ->> 1)
         FROM json_each($1)
         WHERE true
         ON CONFLICT (owner_kind, owner_id) DO UPDATE
         SET leaked_at = owner_leaks.leaked_at
         RETURNING owner_kind, owner_id, leaked_at";
    const POSTGRES: &str = "INSERT INTO owner_leaks (owner_kind, owner_id)
         SELECT o.kind, o.id
         FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS o (kind, id, position)
         ORDER BY o.position
         ON CONFLICT (owner_kind, owner_id) DO UPDATE
         SET leaked_at = owner_leaks.leaked_at
         RETURNING owner_kind, owner_id, leaked_at";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(as_json(owners));
            patient(query.try_map(|row| last_leak(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(kinds(owners)).bind(ids(owners));
            patient(query.try_map(|row| last_leak(&row)).fetch_all(c)).await
        }
    }
}

/// Writes down that these owners, whose rows are held, leaked. A later leak that was written down
/// earlier stays.
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &mut Tx, owners: &[Owner], at: Timestamp) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE owner_leaks
         SET leaked_at = CASE WHEN leaked_at > $2 THEN leaked_at ELSE $2 END
         WHERE (owner_kind, owner_id) IN (
             SELECT value ->> 0, unhex(value ->> 1) FROM json_each($1)
         )";
    const POSTGRES: &str = "UPDATE owner_leaks
         SET leaked_at = CASE WHEN leaked_at > $3 THEN leaked_at ELSE $3 END
         FROM unnest($1::text[], $2::uuid[]) AS o (kind, id)
         WHERE owner_kind = o.kind AND owner_id = o.id";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(as_json(owners));
            patient(query.bind(at.as_millis()).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(kinds(owners)).bind(ids(owners));
            patient(query.bind(at.as_millis()).execute(c)).await?;
        }
    }
    Ok(())
}

fn as_json(owners: &[Owner]) -> String {
    let rows = owners.iter();
    let rows = rows.map(|owner| json!([owner.kind(), hex_of(owner.uuid())]));
    Json::Array(rows.collect()).to_string()
}

fn kinds(owners: &[Owner]) -> Vec<&'static str> {
    owners.iter().map(|owner| owner.kind()).collect()
}

fn ids(owners: &[Owner]) -> Vec<Uuid> {
    owners.iter().map(|owner| owner.uuid()).collect()
}

fn last_leak(row: &impl Columns) -> Result<LastLeak, sqlx::Error> {
    let owner = Owner::from_stored(&row.read::<String>("owner_kind")?, row.read("owner_id")?);
    let at = row.read::<Option<i64>>("leaked_at")?;
    Ok((owner, at.map(Timestamp::from_millis)))
}
