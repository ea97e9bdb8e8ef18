//! What tokens tell of, and who may hear it.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::model::signal::RequestedSignals;
use crate::model::stream::{DefaultSubjects, View, receives};
use crate::model::{ClientMetadata, Id, ScopeSet, Timestamp, TokenKind};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::rows::{Columns, ids_as_json, token_kind, unreadable};

/// A token, and whose it is.
#[derive(Clone, Debug)]
pub(super) struct TokenFacts {
    pub(super) kind: TokenKind,
    pub(super) user: Option<Uuid>,
    /// The organization that owns it, or to which it is limited.
    pub(super) organization: Option<Uuid>,
    pub(super) client: Option<Uuid>,
    pub(super) client_id: Option<String>,
    pub(super) customer: Option<String>,
    pub(super) grant: Option<Uuid>,
    /// Of a session.
    pub(super) sid: Option<Uuid>,
    /// That of the session in which it was granted, if it was in one.
    pub(super) granted_in: Option<Uuid>,
}

impl TokenFacts {
    /// The organization that owns it. A token of a user may be limited to one, and stays the user's.
    pub(super) fn owner(&self) -> Option<Uuid> {
        let owned = self.kind == TokenKind::OrganizationAccessToken || self.user.is_none();
        self.organization.filter(|_| owned)
    }

    /// The person that it belongs to: whoever made an organization's token does not own it.
    pub(super) fn person(&self) -> Option<Uuid> {
        self.user.filter(|_| self.owner().is_none())
    }
}

/// These tokens.
pub(super) async fn tokens(
    tx: &mut Tx,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, TokenFacts>, StorageError> {
    const SQLITE: &str = "SELECT
             t.id, t.kind, t.user_id, t.organization_id, t.client_id, t.customer, t.grant_id, s.sid,
             g.sid AS granted_in, c.client_id AS client_name
         FROM tokens AS t
         LEFT JOIN sessions AS s ON s.token_id = t.id
         LEFT JOIN clients AS c ON c.id = t.client_id
         LEFT JOIN grants AS g ON g.id = t.grant_id
         WHERE t.id IN (SELECT unhex(value) FROM json_each($1))";
    const POSTGRES: &str = "SELECT
             t.id, t.kind, t.user_id, t.organization_id, t.client_id, t.customer, t.grant_id, s.sid,
             g.sid AS granted_in, c.client_id AS client_name
         FROM tokens AS t
         LEFT JOIN sessions AS s ON s.token_id = t.id
         LEFT JOIN clients AS c ON c.id = t.client_id
         LEFT JOIN grants AS g ON g.id = t.grant_id
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

/// Pairs of two ids.
pub(super) type Pairs = HashSet<(Uuid, Uuid)>;

/// Which of these people are members of organizations that have a stream: organization and user.
pub(super) async fn memberships(tx: &mut Tx, users: Vec<Uuid>) -> Result<Pairs, StorageError> {
    const SQLITE: &str = "SELECT m.organization_id AS one, m.user_id AS other
         FROM organization_members AS m
         WHERE m.user_id IN (SELECT unhex(value) FROM json_each($1))
             AND EXISTS (
                 SELECT 1 FROM event_streams AS s
                 WHERE s.organization_id = m.organization_id AND s.deleted_at IS NULL
             )";
    const POSTGRES: &str = "SELECT m.organization_id AS one, m.user_id AS other
         FROM organization_members AS m
         WHERE m.user_id = ANY($1)
             AND EXISTS (
                 SELECT 1 FROM event_streams AS s
                 WHERE s.organization_id = m.organization_id AND s.deleted_at IS NULL
             )";
    pairs(tx, (SQLITE, POSTGRES), users).await
}

/// Which clients with a stream were granted something in these sessions: client and session.
pub(super) async fn granted(tx: &mut Tx, sids: Vec<Uuid>) -> Result<Pairs, StorageError> {
    const SQLITE: &str = "SELECT DISTINCT g.client_id AS one, g.sid AS other
         FROM grants AS g
         WHERE g.sid IN (SELECT unhex(value) FROM json_each($1))
             AND EXISTS (
                 SELECT 1 FROM event_streams AS s
                 WHERE s.client_id = g.client_id AND s.deleted_at IS NULL
             )";
    const POSTGRES: &str = "SELECT DISTINCT g.client_id AS one, g.sid AS other
         FROM grants AS g
         WHERE g.sid = ANY($1)
             AND EXISTS (
                 SELECT 1 FROM event_streams AS s
                 WHERE s.client_id = g.client_id AND s.deleted_at IS NULL
             )";
    pairs(tx, (SQLITE, POSTGRES), sids).await
}

async fn pairs(
    tx: &mut Tx,
    (sqlite, postgres): (&'static str, &'static str),
    ids: Vec<Uuid>,
) -> Result<Pairs, StorageError> {
    if ids.is_empty() {
        return Ok(Pairs::new());
    }
    let all = match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(sqlite).bind(ids_as_json(&ids));
            patient(query.try_map(|row| pair(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(postgres).bind(ids);
            patient(query.try_map(|row| pair(&row)).fetch_all(c)).await?
        }
    };
    Ok(all.into_iter().collect())
}

/// A stream that may want to hear.
pub(super) struct Listener {
    pub(super) stream: Uuid,
    pub(super) view: View,
    pub(super) requested: RequestedSignals,
    pub(super) default_subjects: DefaultSubjects,
}

/// The streams of operators, and those of these organizations and clients, whose holder works.
pub(super) async fn listeners(
    tx: &mut Tx,
    organizations: Vec<Uuid>,
    clients: Vec<Uuid>,
    now: Timestamp,
) -> Result<Vec<Listener>, StorageError> {
    const SELECT: &str = "SELECT
             s.id, s.sees, s.organization_id, s.client_id, s.requested, s.default_subjects,
             t.scopes, c.metadata, c.introspects_all
         FROM event_streams AS s
         LEFT JOIN tokens AS t ON t.id = s.token_id
         LEFT JOIN clients AS c ON c.id = s.client_id
         LEFT JOIN organizations AS o ON o.id = s.organization_id
         WHERE s.deleted_at IS NULL AND s.status <> 'disabled'
             AND t.revoked_at IS NULL AND COALESCE(t.expires_at, $3) >= $3
             AND c.disabled_at IS NULL AND o.blocked_at IS NULL";
    let at = now.as_millis();
    let all = match tx.connection() {
        Backend::Sqlite(c) => {
            let sets = "(SELECT unhex(value) FROM json_each($1))";
            let others = "(SELECT unhex(value) FROM json_each($2))";
            let text = format!(
                "{SELECT} AND s.sees = 'everything'
                 UNION ALL {SELECT} AND s.sees = 'organization' AND s.organization_id IN {sets}
                 UNION ALL {SELECT} AND s.sees = 'client' AND s.client_id IN {others}"
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(text));
            let query = query.bind(ids_as_json(&organizations));
            let query = query.bind(ids_as_json(&clients)).bind(at);
            patient(query.try_map(|row| listener(&row)).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            let text = format!(
                "{SELECT} AND s.sees = 'everything'
                 UNION ALL {SELECT} AND s.sees = 'organization' AND s.organization_id = ANY($1)
                 UNION ALL {SELECT} AND s.sees = 'client' AND s.client_id = ANY($2)"
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(text));
            let query = query.bind(organizations).bind(clients).bind(at);
            patient(query.try_map(|row| listener(&row)).fetch_all(c)).await?
        }
    };
    Ok(all.into_iter().flatten().collect())
}

fn token(row: &impl Columns) -> Result<(Uuid, TokenFacts), sqlx::Error> {
    let facts = TokenFacts {
        kind: token_kind(row)?,
        user: row.read("user_id")?,
        organization: row.read("organization_id")?,
        client: row.read("client_id")?,
        client_id: row.read("client_name")?,
        customer: row.read("customer")?,
        grant: row.read("grant_id")?,
        sid: row.read("sid")?,
        granted_in: row.read("granted_in")?,
    };
    Ok((row.read("id")?, facts))
}

fn pair(row: &impl Columns) -> Result<(Uuid, Uuid), sqlx::Error> {
    Ok((row.read("one")?, row.read("other")?))
}

/// Whoever may no longer receive hears nothing, though the stream is still there.
fn listener(row: &impl Columns) -> Result<Option<Listener>, sqlx::Error> {
    let client: Option<Uuid> = row.read("client_id")?;
    let scopes = match client {
        Some(_) => {
            let metadata: Option<String> = row.read("metadata")?;
            let metadata = metadata.map(|text| serde_json::from_str::<ClientMetadata>(&text));
            let metadata = metadata.transpose().map_err(unreadable)?;
            metadata.map_or_else(ScopeSet::default, |metadata| metadata.scope)
        }
        None => ScopeSet::from_stored(&row.read::<Option<String>>("scopes")?.unwrap_or_default()),
    };
    let view = match (row.read::<String>("sees")?.as_str(), client) {
        ("everything", None) => View::Everything,
        // The operators' decision about a client counts as it is now.
        ("everything", Some(_)) if row.read::<Option<bool>>("introspects_all")? == Some(true) => {
            View::Everything
        }
        ("organization", None) => {
            let organization: Option<Uuid> = row.read("organization_id")?;
            View::Organization(Id::from_uuid(organization.unwrap_or_default()))
        }
        (_, Some(client)) => View::Client(Id::from_uuid(client)),
        _ => return Ok(None),
    };
    let requested: Option<String> = row.read("requested")?;
    let default_subjects: String = row.read("default_subjects")?;
    Ok(receives(&scopes).then_some(Listener {
        stream: row.read("id")?,
        view,
        requested: RequestedSignals::from_stored(requested.as_deref()),
        default_subjects: DefaultSubjects::from_name(&default_subjects)
            .unwrap_or(DefaultSubjects::None),
    }))
}
