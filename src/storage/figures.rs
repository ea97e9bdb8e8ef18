//! Table `figures`: what was counted, by the hour.

use serde_json::json;

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::overdue::{self, Overdue};
use super::rows::Columns;
use crate::model::{Figure, Timestamp};

/// Adds to what was counted in the hour that began at `hour`. Of outbox ages, the larger stays.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut Tx,
    hour: Timestamp,
    counts: &[(Figure, i64)],
) -> Result<(), StorageError> {
    const SQLITE: &str = "INSERT INTO figures (at, series, value)
         SELECT $1, value ->> 0, value ->> 1
         FROM json_each($2)
         WHERE true
         ON CONFLICT (at, series) DO UPDATE
         SET value = CASE
             WHEN excluded.series <> 'outbox_age' THEN figures.value + excluded.value
             WHEN excluded.value > figures.value THEN excluded.value
             ELSE figures.value
         END";
    // In one order, so that replicas that write the same rows do not wait for each other in a circle.
    const POSTGRES: &str = "INSERT INTO figures (at, series, value)
         SELECT $1, c.series, c.value
         FROM unnest($2::text[], $3::bigint[]) AS c (series, value)
         ORDER BY c.series
         ON CONFLICT (at, series) DO UPDATE
         SET value = CASE
             WHEN excluded.series <> 'outbox_age' THEN figures.value + excluded.value
             WHEN excluded.value > figures.value THEN excluded.value
             ELSE figures.value
         END";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = counts
                .iter()
                .map(|(figure, value)| json!([figure.name(), value]))
                .collect();
            let query = sqlx::query(SQLITE).bind(hour.as_millis());
            patient(query.bind(json!(rows).to_string()).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            let names: Vec<_> = counts.iter().map(|(figure, _)| figure.name()).collect();
            let values: Vec<_> = counts.iter().map(|(_, value)| *value).collect();
            let query = sqlx::query(POSTGRES).bind(hour.as_millis());
            patient(query.bind(names).bind(values).execute(c)).await?;
        }
    }
    Ok(())
}

/// What was counted from `since` until `until`, in slots of `step` milliseconds: the place of the slot
/// from 0, the figure, and how much. Of outbox ages, the largest.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    since: Timestamp,
    until: Timestamp,
    step: i64,
) -> Result<Vec<(i64, Figure, i64)>, StorageError> {
    let rows = sql!(db.reader(), |c| sqlx::query(
        "SELECT
             (at - $1) / $3 AS slot, series,
             CAST(
                 CASE WHEN series = 'outbox_age' THEN max(value) ELSE sum(value) END AS BIGINT
             ) AS value
         FROM figures
         WHERE at >= $1 AND at < $2
         GROUP BY (at - $1) / $3, series",
    )
    .bind(since.as_millis())
    .bind(until.as_millis())
    .bind(step)
    .try_map(|row| counted(&row))
    .fetch_all(c))?;
    let known = |(slot, name, value): (i64, String, i64)| {
        Figure::from_stored(&name).map(|figure| (slot, figure, value))
    };
    Ok(rows.into_iter().filter_map(known).collect())
}

fn counted(row: &impl Columns) -> Result<(i64, String, i64), sqlx::Error> {
    Ok((row.read("slot")?, row.read("series")?, row.read("value")?))
}

/// Deletes up to `limit` rows of hours that began before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_old(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM figures
         WHERE (at, series) IN (
             SELECT at, series
             FROM figures
             WHERE at < $1
             ORDER BY at, series
             LIMIT $2
         )",
    )
    .bind(before.as_millis())
    .bind(limit))
}

/// How many rows of hours that began before `before` there are, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_old(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(at) AS oldest
         FROM (
             SELECT at
             FROM figures
             WHERE at < $1
             ORDER BY at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}
