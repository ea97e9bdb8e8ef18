//! Letters without the place that they told of.

use uuid::Uuid;

use super::NewLetter;
use crate::model::{Exposure, Id, Letter};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::rows::ids_as_json;

/// Removes the place from all letters about these exposures, and what mail servers said about them:
/// a filter that dislikes an address repeats it.
///
/// # Errors
/// When the database fails.
pub async fn forget_places(tx: &mut Tx, exposures: &[Id<Exposure>]) -> Result<u64, StorageError> {
    // Whatever the letter is: one that a newer version wrote calls a place the same.
    const SQLITE: &str = "UPDATE outbox
         SET letter = json_set(letter, '$.url', NULL, '$.source', NULL), last_error = NULL
         WHERE exposure_id IN (SELECT unhex(value) FROM json_each($1))
             AND COALESCE(letter ->> '$.url', letter ->> '$.source', last_error) IS NOT NULL";
    const POSTGRES: &str = "UPDATE outbox
         SET letter = (letter::jsonb || '{\"url\": null, \"source\": null}')::text,
             last_error = NULL
         WHERE exposure_id = ANY($1)
             AND COALESCE(letter::json ->> 'url', letter::json ->> 'source', last_error)
                 IS NOT NULL";
    let ids: Vec<Uuid> = exposures.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            Ok(patient(query.execute(c)).await?.rows_affected())
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            Ok(patient(query.execute(c)).await?.rows_affected())
        }
    }
}

impl NewLetter {
    /// The same letter, but not about a place: it may go to somebody who was told of the place before.
    #[must_use]
    pub fn without_place(mut self) -> Self {
        self.exposure = None;
        if let Letter::TokenExposed(exposed) = &mut self.letter {
            exposed.url = None;
            exposed.source = None;
        }
        self
    }
}
