//! From where leaked tokens were tried, as messages tell it.

use crate::model::Timestamp;
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient};
use crate::storage::overdue::{self, Overdue};

/// Removes the address from up to `limit` messages that were made before `before`, whatever became of
/// them; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn forget_addresses(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, StorageError> {
    // In the words of the index `webhook_messages_addresses`, which holds what is left to do.
    const SQLITE: &str = "UPDATE webhook_messages
         SET body = json_set(body, '$.data.attempt.address', NULL)
         WHERE id IN (
             SELECT id
             FROM webhook_messages
             WHERE type = 'exposure.attempted'
                 AND body ->> '$.data.attempt.address' IS NOT NULL
                 AND created_at < $1
             ORDER BY created_at
             LIMIT $2
         )";
    const POSTGRES: &str = "UPDATE webhook_messages
         SET body = jsonb_set(body::jsonb, '{data,attempt,address}', 'null')::text
         WHERE id IN (
             SELECT id
             FROM webhook_messages
             WHERE type = 'exposure.attempted'
                 AND body::jsonb #>> '{data,attempt,address}' IS NOT NULL
                 AND created_at < $1
             ORDER BY created_at
             LIMIT $2
         )";
    let before = before.as_millis();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(before).bind(limit);
            Ok(patient(query.execute(c)).await?.rows_affected())
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(before).bind(limit);
            Ok(patient(query.execute(c)).await?.rows_affected())
        }
    }
}

/// How many addresses [`forget_addresses`] would remove, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_addresses(
    db: &Db,
    before: Timestamp,
    most: i64,
) -> Result<Overdue, StorageError> {
    const SQLITE: &str = "SELECT count(*) AS number, min(created_at) AS oldest
         FROM (
             SELECT created_at
             FROM webhook_messages
             WHERE type = 'exposure.attempted'
                 AND body ->> '$.data.attempt.address' IS NOT NULL
                 AND created_at < $1
             ORDER BY created_at
             LIMIT $2
         ) AS due";
    const POSTGRES: &str = "SELECT count(*) AS number, min(created_at) AS oldest
         FROM (
             SELECT created_at
             FROM webhook_messages
             WHERE type = 'exposure.attempted'
                 AND body::jsonb #>> '{data,attempt,address}' IS NOT NULL
                 AND created_at < $1
             ORDER BY created_at
             LIMIT $2
         ) AS due";
    let statement = match db.reader() {
        Backend::Sqlite(_) => SQLITE,
        Backend::Postgres(_) => POSTGRES,
    };
    overdue::count(db, statement, before, most).await
}
