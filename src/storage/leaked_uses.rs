//! Table `leaked_uses`: attempts to use a token after it leaked; and `leaked_use_alarms`: whose
//! owners were told.

use serde_json::json;
use uuid::Uuid;

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::journal::Event;
use super::rows::{Columns, column, hex_of, ids_as_json};
use crate::model::{Id, LeakedUse, Timestamp, Token};

/// Adds attempts to those that were written down before.
///
/// # Errors
/// When the database fails.
pub async fn add(tx: &mut Tx, uses: &[LeakedUse]) -> Result<(), StorageError> {
    const SQLITE: &str = "INSERT INTO leaked_uses
             (token_id, via, address, first_at, last_at, times)
         SELECT
             unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
         FROM json_each($1)
         WHERE true
         ON CONFLICT (token_id, via, address) DO UPDATE
         SET first_at = min(leaked_uses.first_at, excluded.first_at),
             last_at = max(leaked_uses.last_at, excluded.last_at),
             times = leaked_uses.times + excluded.times";
    const POSTGRES: &str = "INSERT INTO leaked_uses
             (token_id, via, address, first_at, last_at, times)
         SELECT *
         FROM unnest(
             $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]
         )
         ON CONFLICT (token_id, via, address) DO UPDATE
         SET first_at = least(leaked_uses.first_at, excluded.first_at),
             last_at = greatest(leaked_uses.last_at, excluded.last_at),
             times = leaked_uses.times + excluded.times";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = uses.iter().map(as_json).collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.execute(c)).await?;
        }
        Backend::Postgres(c) => {
            fn each<T>(all: &[LeakedUse], of: impl Fn(&LeakedUse) -> T) -> Vec<T> {
                all.iter().map(of).collect()
            }
            let query = sqlx::query(POSTGRES)
                .bind(each(uses, |one| one.token.uuid()))
                .bind(each(uses, |one| one.via.name()))
                .bind(each(uses, address))
                .bind(each(uses, |one| one.first_at.as_millis()))
                .bind(each(uses, |one| one.last_at.as_millis()))
                .bind(each(uses, times));
            patient(query.execute(c)).await?;
        }
    }
    Ok(())
}

fn address(one: &LeakedUse) -> String {
    one.from.map(|from| from.to_string()).unwrap_or_default()
}

fn times(one: &LeakedUse) -> i64 {
    i64::try_from(one.times).unwrap_or(i64::MAX)
}

fn as_json(one: &LeakedUse) -> serde_json::Value {
    json!([
        hex_of(one.token.uuid()),
        one.via.name(),
        address(one),
        one.first_at,
        one.last_at,
        times(one),
    ])
}

/// Raises the alarm for these tokens and tells for which of them it is the first.
///
/// # Errors
/// When the database fails.
pub async fn raise_alarms(
    tx: &mut Tx,
    tokens: &[Id<Token>],
    now: Timestamp,
) -> Result<Vec<Id<Token>>, StorageError> {
    const SQLITE: &str = "INSERT INTO leaked_use_alarms (token_id, raised_at)
         SELECT unhex(value), $2
         FROM json_each($1)
         WHERE true
         ON CONFLICT (token_id) DO NOTHING
         RETURNING token_id";
    const POSTGRES: &str = "INSERT INTO leaked_use_alarms (token_id, raised_at)
         SELECT id, $2
         FROM unnest($1::uuid[]) AS t (id)
         ON CONFLICT (token_id) DO NOTHING
         RETURNING token_id";
    let ids: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    let first = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            let query = query.bind(now.as_millis());
            patient(query.try_map(|row| column(&row, "token_id")).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids).bind(now.as_millis());
            patient(query.try_map(|row| column(&row, "token_id")).fetch_all(c)).await?
        }
    };
    let first: Vec<_> = first.into_iter().map(Id::from_uuid).collect();
    for token in &first {
        tx.note(now, Event::ExposureAttempted { token: *token });
    }
    Ok(first)
}

/// Attempts as operators see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUse {
    /// By which way in.
    pub via: String,
    /// From where, if that was told.
    pub from: Option<String>,
    /// The first time,
    pub first_at: Timestamp,
    /// and the last.
    pub last_at: Timestamp,
    /// How often.
    pub times: i64,
}

/// The attempts with a token, up to `limit` ways and addresses, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list_by_token(
    db: &Db,
    token: Id<Token>,
    limit: i64,
) -> Result<Vec<StoredUse>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT via, address, first_at, last_at, times
         FROM leaked_uses
         WHERE token_id = $1
         ORDER BY last_at DESC, via, address
         LIMIT $2",
    )
    .bind(token.uuid())
    .bind(limit)
    .try_map(|row| stored(&row))
    .fetch_all(c))
}

/// From how many addresses, or by how many ways in, each of these tokens was tried.
///
/// # Errors
/// When the database fails.
pub async fn count_rows(
    tx: &mut Tx,
    tokens: &[Id<Token>],
) -> Result<Vec<(Id<Token>, i64)>, StorageError> {
    const SQLITE: &str = "SELECT token_id, count(*) AS total
         FROM leaked_uses
         WHERE token_id IN (SELECT unhex(value) FROM json_each($1))
         GROUP BY token_id";
    const POSTGRES: &str = "SELECT token_id, count(*) AS total
         FROM leaked_uses
         WHERE token_id = ANY($1)
         GROUP BY token_id";
    let ids: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.try_map(|row| counted(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.try_map(|row| counted(&row)).fetch_all(c)).await
        }
    }
}

fn counted(row: &impl Columns) -> Result<(Id<Token>, i64), sqlx::Error> {
    Ok((Id::from_uuid(row.read("token_id")?), row.read("total")?))
}

fn stored(row: &impl Columns) -> Result<StoredUse, sqlx::Error> {
    let address: String = row.read("address")?;
    Ok(StoredUse {
        via: row.read("via")?,
        from: Some(address).filter(|address| !address.is_empty()),
        first_at: Timestamp::from_millis(row.read("first_at")?),
        last_at: Timestamp::from_millis(row.read("last_at")?),
        times: row.read("times")?,
    })
}
