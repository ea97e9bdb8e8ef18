//! What was decided about a place that had been written down before.

use serde_json::json;
use uuid::Uuid;

use crate::model::{Decision, Exposure, Id, Timestamp, Token};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::journal::Event;
use crate::storage::rows::{Columns, hex_of, ids_as_json};

/// A token of which something is decided that counts for places that are known.
#[derive(Clone, Copy, Debug)]
pub struct Redecided<'a> {
    /// Which.
    pub token: Id<Token>,
    /// What is decided.
    pub decision: &'a Decision,
    /// Whether it died just now, so that the decision counts for all of its places; otherwise it counts for
    /// those at which it was only observed.
    pub died: bool,
    /// The places at which it was only observed until now, of which everybody hears now.
    pub observed: &'a [Id<Exposure>],
}

/// Writes down anew what was decided about places of these tokens, and since when the tokens are dead that
/// died just now.
///
/// # Errors
/// When the database fails.
pub async fn redecide(
    tx: &mut Tx,
    all: &[Redecided<'_>],
    now: Timestamp,
) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE exposures
         SET decision = n.decision, decided_by = n.rule,
             revoked_at = CASE WHEN n.died THEN $2 ELSE exposures.revoked_at END
         FROM (
             SELECT
                 unhex(value ->> 0) AS token_id, value ->> 1 AS decision, value ->> 2 AS rule,
                 value ->> 3 AS died
             FROM json_each($1)
         ) AS n
         WHERE exposures.token_id = n.token_id AND (n.died OR exposures.decision = 'observe')";
    const POSTGRES: &str = "UPDATE exposures
         SET decision = n.decision, decided_by = n.rule,
             revoked_at = CASE WHEN n.died THEN $5 ELSE exposures.revoked_at END
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[])
             AS n (token_id, decision, rule, died)
         WHERE exposures.token_id = n.token_id AND (n.died OR exposures.decision = 'observe')";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let row = |one: &Redecided<'_>| {
                let token = hex_of(one.token.uuid());
                let reaction = one.decision.reaction.name();
                json!([token, reaction, one.decision.rule, one.died])
            };
            let rows: Vec<_> = all.iter().map(row).collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.bind(now.as_millis()).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            fn each<'a, T>(
                all: &'a [Redecided<'a>],
                of: impl Fn(&'a Redecided<'a>) -> T,
            ) -> Vec<T> {
                all.iter().map(of).collect()
            }
            let query = sqlx::query(POSTGRES)
                .bind(each(all, |one| one.token.uuid()))
                .bind(each(all, |one| one.decision.reaction.name()))
                .bind(each(all, |one| one.decision.rule.as_str()))
                .bind(each(all, |one| one.died));
            patient(query.bind(now.as_millis()).execute(c)).await?;
        }
    }
    note(tx, all, now);
    Ok(())
}

/// Machines heard nothing of what was only observed so far.
fn note(tx: &mut Tx, all: &[Redecided<'_>], now: Timestamp) {
    for one in all {
        for exposure in one.observed {
            let event = Event::ExposureRedecided {
                exposure: *exposure,
                token: one.token,
                decision: one.decision.clone(),
            };
            tx.note(now, event);
        }
    }
}

/// The places at which these tokens were only observed: each with its token, the oldest first. Of two reports
/// at once, the second finds what the first made of them.
///
/// # Errors
/// When the database fails.
pub async fn list_observed(
    tx: &mut Tx,
    tokens: &[Id<Token>],
) -> Result<Vec<(Id<Token>, Id<Exposure>)>, StorageError> {
    const SQLITE: &str = "SELECT token_id, id
         FROM exposures
         WHERE token_id IN (SELECT unhex(value) FROM json_each($1)) AND decision = 'observe'
         ORDER BY id";
    const POSTGRES: &str = "SELECT token_id, id
         FROM exposures
         WHERE token_id = ANY($1) AND decision = 'observe'
         ORDER BY id
         FOR UPDATE";
    let ids: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.try_map(|row| both(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.try_map(|row| both(&row)).fetch_all(c)).await
        }
    }
}

fn both(row: &impl Columns) -> Result<(Id<Token>, Id<Exposure>), sqlx::Error> {
    Ok((
        Id::from_uuid(row.read("token_id")?),
        Id::from_uuid(row.read("id")?),
    ))
}
