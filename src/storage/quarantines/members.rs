//! What is in a quarantine, and what becomes of it.

use uuid::Uuid;

use super::Quarantine;
use crate::model::{Id, Timestamp, Token};
use crate::storage::backend::{Backend, Tx, patient, sql};
use crate::storage::journal::Event;
use crate::storage::rows::ids_as_json;
use crate::storage::tokens::{RevokedToken, noted, revoked};
use crate::storage::{StorageError, leaked_uses};

/// Writes down what is in the open quarantines of these tokens: whatever is dead by a quarantine, this
/// one or another, and would have died with the token. So what is in two comes back with the second.
///
/// # Errors
/// When the database fails.
pub async fn gather(tx: &mut Tx, tokens: &[Id<Token>]) -> Result<(), StorageError> {
    let ids: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    for (what, of) in [("token", TOKENS), ("grant", GRANTS)] {
        let text = |named: &str| {
            sqlx::AssertSqlSafe(format!(
                "WITH named AS (
                     SELECT q.id AS quarantine_id, n.id, n.kind, n.grant_id, n.user_id
                     FROM quarantines AS q
                     JOIN tokens AS n ON n.id = q.token_id
                     WHERE q.token_id {named} AND q.settled_at IS NULL
                 )
                 INSERT INTO quarantined_{what}s (quarantine_id, {what}_id)
                 SELECT m.quarantine_id, m.id FROM ({of}) AS m
                 WHERE true
                 ON CONFLICT DO NOTHING"
            ))
        };
        match tx.connection() {
            Backend::Sqlite(c) => {
                let text = text("IN (SELECT unhex(value) FROM json_each($1))");
                patient(sqlx::query(text).bind(ids_as_json(&ids)).execute(c)).await?;
            }
            Backend::Postgres(c) => {
                let text = text("= ANY($1)");
                patient(sqlx::query(text).bind(ids.clone()).execute(c)).await?;
            }
        }
    }
    Ok(())
}

/// In this order: itself, its family, its user's sessions, what came from those, and the families of
/// what was granted in its own session.
const TOKENS: &str = "SELECT named.quarantine_id, t.id
                     FROM named JOIN tokens AS t ON t.id = named.id
                     WHERE t.revoked_reason IN ('quarantined', 'relative_quarantined')
                     UNION
                     SELECT named.quarantine_id, t.id
                     FROM named JOIN tokens AS t ON t.grant_id = named.grant_id
                     WHERE named.kind IN ('access_token', 'refresh_token', 'authorization_code')
                         AND t.revoked_reason IN ('quarantined', 'relative_quarantined')
                     UNION
                     SELECT named.quarantine_id, t.id
                     FROM named JOIN tokens AS t ON t.user_id = named.user_id
                     WHERE named.kind = 'user_session_token' AND t.kind = 'user_session_token'
                         AND t.revoked_reason IN ('quarantined', 'relative_quarantined')
                     UNION
                     SELECT named.quarantine_id, t.id
                     FROM named
                     JOIN tokens AS o ON o.user_id = named.user_id
                     JOIN tokens AS t ON t.parent_id = o.id
                     WHERE named.kind = 'user_session_token' AND o.kind = 'user_session_token'
                         AND t.revoked_reason IN ('quarantined', 'relative_quarantined')
                     UNION
                     SELECT named.quarantine_id, t.id
                     FROM named
                     JOIN sessions AS s ON s.token_id = named.id
                     JOIN grants AS g ON g.sid = s.sid
                     JOIN tokens AS t ON t.grant_id = g.id
                     WHERE named.kind = 'user_session_token'
                         AND t.revoked_reason IN ('quarantined', 'relative_quarantined')";

const GRANTS: &str = "SELECT named.quarantine_id, g.id
                     FROM named JOIN grants AS g ON g.id = named.grant_id
                     WHERE named.kind IN ('access_token', 'refresh_token', 'authorization_code')
                         AND g.quarantined_at IS NOT NULL
                     UNION
                     SELECT named.quarantine_id, g.id
                     FROM named
                     JOIN sessions AS s ON s.token_id = named.id
                     JOIN grants AS g ON g.sid = s.sid
                     WHERE named.kind = 'user_session_token' AND g.quarantined_at IS NOT NULL";

/// Brings back the tokens of a quarantine that has been settled, but for those that died for good
/// meanwhile and those that are in another one that is open. Tells which.
///
/// # Errors
/// When the database fails.
pub async fn revive_tokens(
    tx: &mut Tx,
    of: Id<Quarantine>,
    now: Timestamp,
) -> Result<Vec<RevokedToken>, StorageError> {
    let back = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET revoked_at = NULL, revoked_reason = NULL
         WHERE id IN (SELECT token_id FROM quarantined_tokens WHERE quarantine_id = $1)
             AND revoked_reason IN ('quarantined', 'relative_quarantined')
             AND NOT EXISTS (
                 SELECT 1
                 FROM quarantined_tokens AS m
                 JOIN quarantines AS q ON q.id = m.quarantine_id
                 WHERE m.token_id = tokens.id AND q.settled_at IS NULL
             )
         RETURNING
             id, kind, grant_id, user_id, organization_id, client_id,
             'quarantined' AS revoked_reason",
    )
    .bind(of.uuid())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    let ids: Vec<_> = back.iter().map(|token| token.id).collect();
    leaked_uses::silence_alarms(tx, &ids).await?;
    for token in &back {
        tx.note(now, Event::TokenReleased(token.clone()));
    }
    Ok(back)
}

/// Brings back the grants of a quarantine that has been settled, likewise. What was exchanged under them
/// is no alarm any more.
///
/// # Errors
/// When the database fails.
pub async fn revive_grants(tx: &mut Tx, of: Id<Quarantine>) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE grants
         SET revoked_at = NULL, quarantined_at = NULL
         WHERE id IN (SELECT grant_id FROM quarantined_grants WHERE quarantine_id = $1)
             AND quarantined_at IS NOT NULL
             AND NOT EXISTS (
                 SELECT 1
                 FROM quarantined_grants AS m
                 JOIN quarantines AS q ON q.id = m.quarantine_id
                 WHERE m.grant_id = grants.id AND q.settled_at IS NULL
             )",
    )
    .bind(of.uuid()))?;
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM leaked_use_alarms
         WHERE token_id IN (
             SELECT t.id
             FROM quarantined_grants AS m
             JOIN grants AS g ON g.id = m.grant_id
             JOIN tokens AS t ON t.grant_id = g.id
             WHERE m.quarantine_id = $1 AND g.revoked_at IS NULL
                 AND t.revoked_reason IN ('redeemed', 'superseded')
         )",
    )
    .bind(of.uuid()))
    .map(drop)
}

/// Makes the end of the tokens of a quarantine final. Tells which.
///
/// # Errors
/// When the database fails.
pub async fn seal_tokens(
    tx: &mut Tx,
    of: Id<Quarantine>,
    now: Timestamp,
) -> Result<Vec<RevokedToken>, StorageError> {
    let dead = sql!(tx.connection(), |c| sqlx::query(
        "UPDATE tokens
         SET revoked_reason = CASE
                 WHEN revoked_reason = 'quarantined' THEN 'exposed'
                 ELSE 'relative_exposed'
             END
         WHERE id IN (SELECT token_id FROM quarantined_tokens WHERE quarantine_id = $1)
             AND revoked_reason IN ('quarantined', 'relative_quarantined')
         RETURNING id, kind, grant_id, user_id, organization_id, client_id, revoked_reason",
    )
    .bind(of.uuid())
    .try_map(|row| revoked(&row))
    .fetch_all(c))?;
    Ok(noted(tx, now, dead))
}

/// Makes the end of the grants of a quarantine final.
///
/// # Errors
/// When the database fails.
pub async fn seal_grants(tx: &mut Tx, of: Id<Quarantine>) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE grants
         SET quarantined_at = NULL
         WHERE id IN (SELECT grant_id FROM quarantined_grants WHERE quarantine_id = $1)
             AND quarantined_at IS NOT NULL",
    )
    .bind(of.uuid()))
    .map(drop)
}
