//! Table `leaked_uses`: attempts to use a token after it leaked; and `leaked_use_alarms`: whose
//! owners were told.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::json;
use uuid::Uuid;

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::journal::Event;
use super::overdue::{self, Overdue};
use super::rows::{Columns, column, hex_of, ids_as_json};
use crate::model::{Id, LeakedUse, Timestamp, Token};

/// Attempts as they stand in a row.
struct Row {
    token: Uuid,
    via: String,
    /// Empty when nobody said.
    address: String,
    first_at: i64,
    last_at: i64,
    times: i64,
}

impl From<&LeakedUse> for Row {
    fn from(one: &LeakedUse) -> Self {
        Self {
            token: one.token.uuid(),
            via: one.via.name().to_owned(),
            address: one.from.map(|from| from.to_string()).unwrap_or_default(),
            first_at: one.first_at.as_millis(),
            last_at: one.last_at.as_millis(),
            times: i64::try_from(one.times).unwrap_or(i64::MAX),
        }
    }
}

/// Adds attempts to those that were written down before.
///
/// # Errors
/// When the database fails.
pub async fn add(tx: &mut Tx, uses: &[LeakedUse]) -> Result<(), StorageError> {
    let rows: Vec<_> = uses.iter().map(Row::from).collect();
    add_rows(tx, &rows).await
}

/// No two rows are of the same token, way and address.
async fn add_rows(tx: &mut Tx, rows: &[Row]) -> Result<(), StorageError> {
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
            let rows: Vec<_> = rows.iter().map(as_json).collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.execute(c)).await?;
        }
        Backend::Postgres(c) => {
            fn each<T>(all: &[Row], of: impl Fn(&Row) -> T) -> Vec<T> {
                all.iter().map(of).collect()
            }
            let query = sqlx::query(POSTGRES)
                .bind(each(rows, |row| row.token))
                .bind(each(rows, |row| row.via.clone()))
                .bind(each(rows, |row| row.address.clone()))
                .bind(each(rows, |row| row.first_at))
                .bind(each(rows, |row| row.last_at))
                .bind(each(rows, |row| row.times));
            patient(query.execute(c)).await?;
        }
    }
    Ok(())
}

fn as_json(row: &Row) -> serde_json::Value {
    json!([
        hex_of(row.token),
        row.via,
        row.address,
        row.first_at,
        row.last_at,
        row.times,
    ])
}

/// Forgets up to `limit` addresses from which nobody tried a token since `before`, and tells how many those
/// were. How often each token was tried by which way, and when, stays.
///
/// # Errors
/// When the database fails.
pub async fn forget_addresses(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StorageError> {
    // What was tried again meanwhile is not old any more.
    let old = sql!(tx.connection(), |c| sqlx::query(
        "DELETE FROM leaked_uses
         WHERE (token_id, via, address) IN (
                 SELECT token_id, via, address
                 FROM leaked_uses
                 WHERE address <> '' AND last_at < $1
                 ORDER BY last_at
                 LIMIT $2
             )
             AND last_at < $1
         RETURNING token_id, via, first_at, last_at, times",
    )
    .bind(before.as_millis())
    .bind(limit)
    .try_map(|row| nameless(&row))
    .fetch_all(c))?;
    let number = old.len();
    let mut together: BTreeMap<(Uuid, String), Row> = BTreeMap::new();
    for row in old {
        match together.entry((row.token, row.via.clone())) {
            Entry::Vacant(place) => {
                place.insert(row);
            }
            Entry::Occupied(mut sum) => sum.get_mut().absorb(&row),
        }
    }
    let rows: Vec<_> = together.into_values().collect();
    if !rows.is_empty() {
        add_rows(tx, &rows).await?;
    }
    Ok(u64::try_from(number).unwrap_or(u64::MAX))
}

impl Row {
    fn absorb(&mut self, more: &Self) {
        self.first_at = self.first_at.min(more.first_at);
        self.last_at = self.last_at.max(more.last_at);
        self.times = self.times.saturating_add(more.times);
    }
}

fn nameless(row: &impl Columns) -> Result<Row, sqlx::Error> {
    Ok(Row {
        token: row.read("token_id")?,
        via: row.read("via")?,
        address: String::new(),
        first_at: row.read("first_at")?,
        last_at: row.read("last_at")?,
        times: row.read("times")?,
    })
}

/// How many addresses [`forget_addresses`] would forget, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_addresses(
    db: &Db,
    before: Timestamp,
    most: i64,
) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(last_at) AS oldest
         FROM (
             SELECT last_at
             FROM leaked_uses
             WHERE address <> '' AND last_at < $1
             ORDER BY last_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

/// Raises the alarm for the tokens of these attempts and tells for which of them it is the first. One that
/// came back since it was tried raises none.
///
/// # Errors
/// When the database fails.
pub async fn raise_alarms(
    tx: &mut Tx,
    uses: &[LeakedUse],
    now: Timestamp,
) -> Result<Vec<Id<Token>>, StorageError> {
    const SQLITE: &str = "INSERT INTO leaked_use_alarms (token_id, raised_at)
         SELECT unhex(value), $2
         FROM json_each($1)
         WHERE NOT EXISTS (
             SELECT 1
             FROM tokens AS t
             LEFT JOIN grants AS g ON g.id = t.grant_id
             WHERE t.id = unhex(value) AND (
                 t.revoked_at IS NULL
                 OR t.revoked_reason IN ('redeemed', 'superseded') AND g.revoked_at IS NULL
             )
         )
         ON CONFLICT (token_id) DO NOTHING
         RETURNING token_id";
    const POSTGRES: &str = "INSERT INTO leaked_use_alarms (token_id, raised_at)
         SELECT n.id, $2
         FROM unnest($1::uuid[]) AS n (id)
         WHERE NOT EXISTS (
             SELECT 1
             FROM tokens AS t
             LEFT JOIN grants AS g ON g.id = t.grant_id
             WHERE t.id = n.id AND (
                 t.revoked_at IS NULL
                 OR t.revoked_reason IN ('redeemed', 'superseded') AND g.revoked_at IS NULL
             )
         )
         ON CONFLICT (token_id) DO NOTHING
         RETURNING token_id";
    const LOCK: &str = "SELECT 1 FROM tokens WHERE id = ANY($1) ORDER BY id FOR SHARE";
    const LOCK_GRANTS: &str = "SELECT 1
         FROM grants
         WHERE id IN (SELECT grant_id FROM tokens WHERE id = ANY($1))
         ORDER BY id
         FOR SHARE";
    let mut ids: Vec<Uuid> = uses.iter().map(|one| one.token.uuid()).collect();
    ids.dedup();
    let first = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            let query = query.bind(now.as_millis());
            patient(query.try_map(|row| column(&row, "token_id")).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            // Whoever brings one back silences its alarm, and comes before this or after it.
            for lock in [LOCK, LOCK_GRANTS] {
                patient(sqlx::query(lock).bind(&ids).execute(&mut *c)).await?;
            }
            let query = sqlx::query(POSTGRES).bind(ids).bind(now.as_millis());
            patient(query.try_map(|row| column(&row, "token_id")).fetch_all(c)).await?
        }
    };
    let first: Vec<_> = first.into_iter().map(Id::from_uuid).collect();
    for token in &first {
        let attempts = uses.iter().filter(|one| one.token == *token);
        if let Some(attempt) = attempts.min_by_key(|one| one.first_at) {
            tx.note(now, Event::ExposureAttempted(*attempt));
        }
    }
    Ok(first)
}

/// Forgets that these tokens were tried: they work again, and so would be tried by whoever owns them.
///
/// # Errors
/// When the database fails.
pub async fn silence_alarms(tx: &mut Tx, tokens: &[Id<Token>]) -> Result<(), StorageError> {
    const SQLITE: &str = "DELETE FROM leaked_use_alarms
         WHERE token_id IN (SELECT unhex(value) FROM json_each($1))";
    const POSTGRES: &str = "DELETE FROM leaked_use_alarms WHERE token_id = ANY($1)";
    let ids: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.execute(c)).await.map(drop)
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.execute(c)).await.map(drop)
        }
    }
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
