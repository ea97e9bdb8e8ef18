//! What messages tell of tokens and exposures.

use std::collections::HashMap;

use serde::Serialize;
use uuid::Uuid;

use crate::model::{EventTypes, Id, Organization, Timestamp, Token, TokenKind};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::rows::{Columns, ids_as_json, token_kind};

/// Most exposures that a message names.
const MOST_EXPOSURES: i64 = 20;

/// A token as messages show it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TokenFacts {
    pub(super) id: String,
    pub(super) kind: &'static str,
    /// Its last four characters.
    pub(super) hint: String,
    pub(super) user_id: Option<String>,
    pub(super) organization_id: Option<String>,
    pub(super) client_id: Option<String>,
    /// The customer it acts for, as the issuing service named them.
    pub(super) customer: Option<String>,
    pub(super) revoked_at: Option<String>,
    pub(super) revoked_reason: Option<String>,
    /// The organization that owns it; others that are only named with it hear nothing.
    #[serde(skip)]
    pub(super) owner: Option<Uuid>,
}

/// An exposure as messages show it. The names of `url` and `source` are known to
/// [`super::forget_places`].
#[derive(Clone, Debug, Serialize)]
pub(super) struct ExposureFacts {
    pub(super) id: String,
    pub(super) origin: String,
    pub(super) url: Option<String>,
    pub(super) source: Option<String>,
    pub(super) first_seen_at: String,
    pub(super) state_before: String,
    /// What was decided about the token.
    pub(super) decision: String,
}

/// An endpoint that may want to hear.
pub(super) struct Listener {
    pub(super) endpoint: Uuid,
    pub(super) organization: Option<Uuid>,
    pub(super) events: EventTypes,
}

/// The endpoints of operators, and those of these organizations. One that is disabled because it is gone
/// or fails is told later what happens meanwhile; one that somebody switched off is not.
pub(super) async fn listeners(
    tx: &mut Tx,
    organizations: Vec<Uuid>,
) -> Result<Vec<Listener>, StorageError> {
    const SQLITE: &str = "SELECT id, organization_id, events
         FROM webhook_endpoints
         WHERE organization_id IS NULL AND deleted_at IS NULL
             AND (disabled_at IS NULL OR disabled_why IN ('gone', 'failing'))
         UNION ALL
         SELECT id, organization_id, events
         FROM webhook_endpoints
         WHERE organization_id IN (SELECT unhex(value) FROM json_each($1)) AND deleted_at IS NULL
             AND (disabled_at IS NULL OR disabled_why IN ('gone', 'failing'))";
    const POSTGRES: &str = "SELECT id, organization_id, events
         FROM webhook_endpoints
         WHERE organization_id IS NULL AND deleted_at IS NULL
             AND (disabled_at IS NULL OR disabled_why IN ('gone', 'failing'))
         UNION ALL
         SELECT id, organization_id, events
         FROM webhook_endpoints
         WHERE organization_id = ANY($1) AND deleted_at IS NULL
             AND (disabled_at IS NULL OR disabled_why IN ('gone', 'failing'))";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&organizations));
            patient(query.try_map(|row| listener(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(organizations);
            patient(query.try_map(|row| listener(&row)).fetch_all(c)).await
        }
    }
}

/// These tokens.
pub(super) async fn tokens(
    tx: &mut Tx,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, TokenFacts>, StorageError> {
    const SQLITE: &str = "SELECT
             t.id, t.kind, t.hint, t.user_id, t.organization_id, t.revoked_at, t.revoked_reason,
             t.customer, c.client_id AS client
         FROM tokens AS t
         LEFT JOIN clients AS c ON c.id = t.client_id
         WHERE t.id IN (SELECT unhex(value) FROM json_each($1))";
    const POSTGRES: &str = "SELECT
             t.id, t.kind, t.hint, t.user_id, t.organization_id, t.revoked_at, t.revoked_reason,
             t.customer, c.client_id AS client
         FROM tokens AS t
         LEFT JOIN clients AS c ON c.id = t.client_id
         WHERE t.id = ANY($1)";
    let all = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.try_map(|row| token(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.try_map(|row| token(&row)).fetch_all(c)).await?
        }
    };
    Ok(all.into_iter().collect())
}

/// These exposures.
pub(super) async fn exposures(
    tx: &mut Tx,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, ExposureFacts>, StorageError> {
    const SQLITE: &str = "SELECT id, origin, url, source, first_seen_at, state_before, decision
         FROM exposures
         WHERE id IN (SELECT unhex(value) FROM json_each($1))";
    const POSTGRES: &str = "SELECT id, origin, url, source, first_seen_at, state_before, decision
         FROM exposures
         WHERE id = ANY($1)";
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let all = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.try_map(|row| exposure(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.try_map(|row| exposure(&row)).fetch_all(c)).await?
        }
    };
    Ok(all.into_iter().collect())
}

/// The ids of the exposures of each of these tokens, the latest first, [`MOST_EXPOSURES`] of each at
/// most. What is only observed is told to nobody.
pub(super) async fn exposures_of(
    tx: &mut Tx,
    tokens: Vec<Uuid>,
) -> Result<HashMap<Uuid, Vec<String>>, StorageError> {
    const SQLITE: &str = "SELECT e.token_id, e.id
         FROM json_each($1)
         JOIN exposures AS e ON e.id IN (
             SELECT n.id
             FROM exposures AS n
             WHERE n.token_id = unhex(value) AND COALESCE(n.decision, 'revoke') <> 'observe'
             ORDER BY n.id DESC
             LIMIT $2
         )
         ORDER BY e.id DESC";
    const POSTGRES: &str = "SELECT e.token_id, e.id
         FROM unnest($1::uuid[]) AS t (id)
         CROSS JOIN LATERAL (
             SELECT n.token_id, n.id
             FROM exposures AS n
             WHERE n.token_id = t.id AND COALESCE(n.decision, 'revoke') <> 'observe'
             ORDER BY n.id DESC
             LIMIT $2
         ) AS e
         ORDER BY e.id DESC";
    if tokens.is_empty() {
        return Ok(HashMap::new());
    }
    let all: Vec<(Uuid, Uuid)> = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&tokens));
            let query = query.bind(MOST_EXPOSURES);
            patient(query.try_map(|row| both(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(tokens).bind(MOST_EXPOSURES);
            patient(query.try_map(|row| both(&row)).fetch_all(c)).await?
        }
    };
    let mut by_token: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (token, exposure) in all {
        by_token
            .entry(token)
            .or_default()
            .push(exposure.to_string());
    }
    Ok(by_token)
}

fn both(row: &impl Columns) -> Result<(Uuid, Uuid), sqlx::Error> {
    Ok((row.read("token_id")?, row.read("id")?))
}

fn listener(row: &impl Columns) -> Result<Listener, sqlx::Error> {
    Ok(Listener {
        endpoint: row.read("id")?,
        organization: row.read("organization_id")?,
        events: EventTypes::from_stored(&row.read::<String>("events")?),
    })
}

fn token(row: &impl Columns) -> Result<(Uuid, TokenFacts), sqlx::Error> {
    let id: Uuid = row.read("id")?;
    let kind = token_kind(row)?;
    let user: Option<Uuid> = row.read("user_id")?;
    let organization: Option<Uuid> = row.read("organization_id")?;
    // A token of a user may be limited to an organization, and is not its business for that.
    let owned = kind == TokenKind::OrganizationAccessToken || user.is_none();
    let revoked: Option<i64> = row.read("revoked_at")?;
    let facts = TokenFacts {
        id: Id::<Token>::from_uuid(id).to_string(),
        kind: kind.name(),
        hint: row.read("hint")?,
        user_id: user.map(|id| id.to_string()),
        organization_id: organization.map(|id| Id::<Organization>::from_uuid(id).to_string()),
        client_id: row.read("client")?,
        customer: row.read("customer")?,
        revoked_at: revoked.map(|at| Timestamp::from_millis(at).to_string()),
        revoked_reason: row.read("revoked_reason")?,
        owner: organization.filter(|_| owned),
    };
    Ok((id, facts))
}

fn exposure(row: &impl Columns) -> Result<(Uuid, ExposureFacts), sqlx::Error> {
    let id: Uuid = row.read("id")?;
    let facts = ExposureFacts {
        id: id.to_string(),
        origin: row.read("origin")?,
        url: row.read("url")?,
        source: row.read("source")?,
        first_seen_at: Timestamp::from_millis(row.read("first_seen_at")?).to_string(),
        state_before: row.read("state_before")?,
        decision: row.read("decision")?,
    };
    Ok((id, facts))
}
