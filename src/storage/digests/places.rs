//! What is collected, without the place that it tells of.

use uuid::Uuid;

use crate::model::{Exposure, Id};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::rows::ids_as_json;

/// Removes the place from every entry about these exposures, and what mail servers said about the letters
/// that told of them. Tells how many entries had one.
///
/// # Errors
/// When the database fails.
pub async fn forget_places(tx: &mut Tx, exposures: &[Id<Exposure>]) -> Result<u64, StorageError> {
    const SQLITE: [&str; 2] = [
        "UPDATE outbox
         SET last_error = NULL
         WHERE id IN (
                 SELECT digest_id
                 FROM digest_entries
                 WHERE exposure_id IN (SELECT unhex(value) FROM json_each($1))
             )
             AND last_error IS NOT NULL",
        "UPDATE digest_entries
         SET letter = json_set(letter, '$.url', NULL, '$.source', NULL)
         WHERE exposure_id IN (SELECT unhex(value) FROM json_each($1))
             AND COALESCE(letter ->> '$.url', letter ->> '$.source') IS NOT NULL",
    ];
    const POSTGRES: [&str; 2] = [
        "UPDATE outbox
         SET last_error = NULL
         WHERE id IN (SELECT digest_id FROM digest_entries WHERE exposure_id = ANY($1))
             AND last_error IS NOT NULL",
        "UPDATE digest_entries
         SET letter = (letter::jsonb || '{\"url\": null, \"source\": null}')::text
         WHERE exposure_id = ANY($1)
             AND COALESCE(letter::json ->> 'url', letter::json ->> 'source') IS NOT NULL",
    ];
    let ids: Vec<Uuid> = exposures.iter().map(|id| id.uuid()).collect();
    let mut changed = 0;
    match tx.connection() {
        Backend::Sqlite(c) => {
            for statement in SQLITE {
                let query = sqlx::query(statement).bind(ids_as_json(&ids));
                changed = patient(query.execute(&mut *c)).await?.rows_affected();
            }
        }
        Backend::Postgres(c) => {
            for statement in POSTGRES {
                let query = sqlx::query(statement).bind(&ids);
                changed = patient(query.execute(&mut *c)).await?.rows_affected();
            }
        }
    }
    Ok(changed)
}
