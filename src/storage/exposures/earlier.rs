//! Whether a token was seen before.

use uuid::Uuid;

use crate::model::{Exposure, Id, Token};
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::error::StorageError;
use crate::storage::rows::{column, ids_as_json};

/// Those of these tokens that were seen before, and not only observed: of which there are exposures
/// besides `fresh` ones. One probe per token in one statement, however often it was seen.
///
/// # Errors
/// When the database fails.
pub async fn list_seen_before(
    tx: &mut Tx,
    tokens: &[Id<Token>],
    fresh: &[Id<Exposure>],
) -> Result<Vec<Id<Token>>, StorageError> {
    const SQLITE: &str = "WITH named AS (SELECT unhex(value) AS id FROM json_each($1))
         SELECT named.id
         FROM named
         WHERE EXISTS (
             SELECT 1
             FROM exposures
             WHERE token_id = named.id
                 AND COALESCE(decision, 'revoke') <> 'observe'
                 AND id NOT IN (SELECT unhex(value) FROM json_each($2))
         )";
    const POSTGRES: &str = "SELECT named.id
         FROM unnest($1::uuid[]) AS named (id)
         WHERE EXISTS (
             SELECT 1
             FROM exposures AS e
             WHERE e.token_id = named.id
                 AND COALESCE(e.decision, 'revoke') <> 'observe'
                 AND e.id <> ALL ($2::uuid[])
         )";
    let tokens: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    let fresh: Vec<Uuid> = fresh.iter().map(|id| id.uuid()).collect();
    let seen: Vec<Uuid> = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&tokens));
            let query = query.bind(ids_as_json(&fresh));
            patient(query.try_map(|row| column(&row, "id")).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(tokens).bind(fresh);
            patient(query.try_map(|row| column(&row, "id")).fetch_all(c)).await?
        }
    };
    Ok(seen.into_iter().map(Id::from_uuid).collect())
}
