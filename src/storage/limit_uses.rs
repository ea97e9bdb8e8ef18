//! Table `limit_uses`: what network addresses and credentials used up of what they may do.

use serde_json::json;

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::overdue::{self, Overdue};
use super::rows::Columns;
use crate::model::Timestamp;

/// Whoever writes here does so one after another.
pub const TURN: &str = "uses of limits";

/// What one subject used of one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUse {
    /// The limit's name.
    pub limit: String,
    /// A network address, or the id of a credential.
    pub subject: String,
    /// When it may do everything again.
    pub whole_again: Timestamp,
}

/// What is stored of these, each by the limit's name and the subject.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx, keys: &[(&str, &str)]) -> Result<Vec<StoredUse>, StorageError> {
    const SQLITE: &str = "SELECT used.limit_name, used.subject, used.whole_again
         FROM json_each($1) AS asked
         CROSS JOIN limit_uses AS used
             ON used.limit_name = asked.value ->> 0 AND used.subject = asked.value ->> 1";
    const POSTGRES: &str = "SELECT used.limit_name, used.subject, used.whole_again
         FROM unnest($1::text[], $2::text[]) AS asked (limit_name, subject)
         JOIN limit_uses AS used
             ON used.limit_name = asked.limit_name AND used.subject = asked.subject";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(json!(keys).to_string());
            patient(query.try_map(|row| stored(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let (limits, subjects): (Vec<_>, Vec<_>) = keys.iter().copied().unzip();
            let query = sqlx::query(POSTGRES).bind(limits).bind(subjects);
            patient(query.try_map(|row| stored(&row)).fetch_all(c)).await
        }
    }
}

/// Writes what was used, in place of what is stored of the same subjects.
///
/// # Errors
/// When the database fails.
pub async fn put(tx: &mut Tx, uses: &[StoredUse]) -> Result<(), StorageError> {
    const SQLITE: &str = "INSERT INTO limit_uses (limit_name, subject, whole_again)
         SELECT value ->> 0, value ->> 1, value ->> 2
         FROM json_each($1)
         WHERE true
         ON CONFLICT (limit_name, subject) DO UPDATE
         SET whole_again = excluded.whole_again";
    const POSTGRES: &str = "INSERT INTO limit_uses (limit_name, subject, whole_again)
         SELECT *
         FROM unnest($1::text[], $2::text[], $3::bigint[])
         ON CONFLICT (limit_name, subject) DO UPDATE
         SET whole_again = excluded.whole_again";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows = uses
                .iter()
                .map(|one| json!([one.limit, one.subject, one.whole_again]));
            let rows = serde_json::Value::Array(rows.collect());
            patient(sqlx::query(SQLITE).bind(rows.to_string()).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            let text = |of: fn(&StoredUse) -> &String| uses.iter().map(of).collect::<Vec<_>>();
            let ends: Vec<_> = uses.iter().map(|one| one.whole_again.as_millis()).collect();
            let query = sqlx::query(POSTGRES)
                .bind(text(|one| &one.limit))
                .bind(text(|one| &one.subject))
                .bind(ends);
            patient(query.execute(c)).await?;
        }
    }
    Ok(())
}

/// Deletes up to `limit` rows that say nothing any more since before that time.
///
/// # Errors
/// When the database fails.
pub async fn delete_over(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM limit_uses
         WHERE (limit_name, subject) IN (
             SELECT limit_name, subject
             FROM limit_uses
             WHERE whole_again < $1
             ORDER BY whole_again
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many rows say nothing any more since before that time, counted up to `most`, and the oldest.
///
/// # Errors
/// When the database fails.
pub async fn count_over(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(whole_again) AS oldest
         FROM (
             SELECT whole_again
             FROM limit_uses
             WHERE whole_again < $1
             ORDER BY whole_again
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

fn stored(row: &impl Columns) -> Result<StoredUse, sqlx::Error> {
    Ok(StoredUse {
        limit: row.read("limit_name")?,
        subject: row.read("subject")?,
        whole_again: Timestamp::from_millis(row.read("whole_again")?),
    })
}
