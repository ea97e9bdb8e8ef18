//! What was decided about a place that had been written down before.

use std::collections::HashMap;

use serde_json::json;
use uuid::Uuid;

use crate::model::{Exposure, Id, Reaction, Timestamp};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::journal::Event;
use crate::storage::rows::{Columns, hex_of, ids_as_json};

/// Writes down anew what was decided about the places of these tokens, because they are dead now and
/// were not when the places were written down.
///
/// # Errors
/// When the database fails.
pub async fn redecide(
    tx: &mut Tx,
    exposures: &[&Exposure],
    now: Timestamp,
) -> Result<(), StorageError> {
    note(tx, exposures, now).await?;
    const SQLITE: &str = "UPDATE exposures
         SET decision = n.decision, decided_by = n.rule, revoked_at = $2
         FROM (
             SELECT
                 unhex(value ->> 0) AS token_id, value ->> 1 AS decision, value ->> 2 AS rule
             FROM json_each($1)
         ) AS n
         WHERE exposures.token_id = n.token_id";
    const POSTGRES: &str = "UPDATE exposures
         SET decision = n.decision, decided_by = n.rule, revoked_at = $4
         FROM unnest($1::uuid[], $2::text[], $3::text[]) AS n (token_id, decision, rule)
         WHERE exposures.token_id = n.token_id";
    let decision = |one: &Exposure| one.decision.reaction.name();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let row = |one: &&Exposure| {
                json!([hex_of(one.token.uuid()), decision(one), one.decision.rule])
            };
            let rows: Vec<_> = exposures.iter().map(row).collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.bind(now.as_millis()).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            let tokens: Vec<Uuid> = exposures.iter().map(|one| one.token.uuid()).collect();
            let decisions: Vec<&str> = exposures.iter().map(|one| decision(one)).collect();
            let rules: Vec<&str> = exposures
                .iter()
                .map(|one| one.decision.rule.as_str())
                .collect();
            let query = sqlx::query(POSTGRES)
                .bind(tokens)
                .bind(decisions)
                .bind(rules);
            patient(query.bind(now.as_millis()).execute(c)).await?;
        }
    }
    Ok(())
}

/// Machines heard nothing of what was only observed so far.
async fn note(tx: &mut Tx, decided: &[&Exposure], now: Timestamp) -> Result<(), StorageError> {
    const SQLITE: &str = "SELECT id, token_id
         FROM exposures
         WHERE token_id IN (SELECT unhex(value) FROM json_each($1)) AND decision = 'observe'
         ORDER BY id";
    const POSTGRES: &str = "SELECT id, token_id
         FROM exposures
         WHERE token_id = ANY($1) AND decision = 'observe'
         ORDER BY id";
    let told = decided
        .iter()
        .filter(|one| one.decision.reaction != Reaction::Observe);
    let told: HashMap<Uuid, &Exposure> = told.map(|one| (one.token.uuid(), *one)).collect();
    if told.is_empty() {
        return Ok(());
    }
    let tokens: Vec<Uuid> = told.keys().copied().collect();
    let observed: Vec<(Uuid, Uuid)> = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&tokens));
            patient(query.try_map(|row| both(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(tokens);
            patient(query.try_map(|row| both(&row)).fetch_all(c)).await?
        }
    };
    for (exposure, token) in observed {
        if let Some(decided) = told.get(&token) {
            let event = Event::ExposureRedecided {
                exposure: Id::from_uuid(exposure),
                token: decided.token,
                decision: decided.decision.clone(),
            };
            tx.note(now, event);
        }
    }
    Ok(())
}

fn both(row: &impl Columns) -> Result<(Uuid, Uuid), sqlx::Error> {
    Ok((row.read("id")?, row.read("token_id")?))
}
