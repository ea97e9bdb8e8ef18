//! Finding tokens, each with everything that decides whether it works.

use std::sync::LazyLock;

use uuid::Uuid;

use crate::model::{
    Client, ClientId, Email, HashKeyId, Id, KnownToken, Networks, Organization, OrganizationName,
    Revocation, RevocationReason, ScopeSet, Slug, Timestamp, Token, TokenDigest, TokenKind,
    TokenName, User,
};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::rows::{Columns, exactly, ids_as_json, token_kind};

/// Everything about a token, its owner, client and grant.
const COLUMNS: &str = "
        t.id, t.digest, t.hash_key, t.kind, t.grant_id, t.customer, t.name, t.scopes, t.hint,
        t.created_at, t.expires_at, t.last_used_at, t.last_used_from, t.revoked_at,
        t.revoked_reason, t.user_id, t.organization_id, t.client_id,
        t.parent_id, t.redeemed_at, t.audience, t.modified_at, t.networks,
        u.email AS user_email, u.blocked_at AS user_blocked_at,
        o.slug AS organization_slug, o.name AS organization_name,
        o.blocked_at AS organization_blocked_at,
        c.client_id AS client_name_id, c.name AS client_name, c.disabled_at AS client_disabled_at,
        cu.email AS client_owner_email, cu.id AS client_owner_id,
        g.revoked_at AS grant_revoked_at, g.quarantined_at AS grant_quarantined_at,
        m.role AS member_role,
        CASE
            WHEN t.revoked_reason IN ('redeemed', 'superseded')
            THEN EXISTS (
                SELECT 1
                FROM exposures AS e
                WHERE e.token_id = t.id AND e.origin <> 'replay'
                    AND (e.decision IS NULL OR e.decision <> 'observe')
            )
            ELSE FALSE
        END AS was_seen_spent";

/// One read for all of it.
const JOINS: &str = "
    LEFT JOIN users AS u ON u.id = t.user_id
    LEFT JOIN organizations AS o ON o.id = t.organization_id
    LEFT JOIN organization_members AS m
        ON m.organization_id = t.organization_id AND m.user_id = t.user_id
    LEFT JOIN clients AS c ON c.id = t.client_id
    LEFT JOIN users AS cu ON cu.id = c.owner_user_id
    LEFT JOIN grants AS g ON g.id = t.grant_id";

pub(super) fn with(rest: &str) -> String {
    with_more("", rest)
}

/// A statement that reads `more` columns besides.
pub(in crate::storage) fn with_more(more: &str, rest: &str) -> String {
    format!("SELECT {COLUMNS}{more} FROM tokens AS t {JOINS} {rest}")
}

/// The same of what stays of tokens: where `condition` holds for `s`. What is not kept is empty. One
/// that was exchanged counts as its own parent: nothing that was minted in its place is taken back any
/// more. A grant that is gone is none.
pub(in crate::storage) fn with_spent(more: &str, condition: &str) -> String {
    format!(
        "SELECT {COLUMNS}{more}
         FROM (
             SELECT
                 s.id, s.digest, s.hash_key, s.kind, k.id AS grant_id, s.customer,
                 CAST(NULL AS TEXT) AS name, '' AS scopes, s.hint, s.created_at, s.expires_at,
                 CAST(NULL AS BIGINT) AS last_used_at,
                 CAST(NULL AS TEXT) AS last_used_from, s.revoked_at, s.revoked_reason, s.user_id,
                 s.organization_id, s.client_id, s.id AS parent_id,
                 CASE WHEN s.revoked_reason = 'redeemed' THEN s.revoked_at END AS redeemed_at,
                 CAST(NULL AS TEXT) AS audience, CAST(NULL AS BIGINT) AS modified_at,
                 CAST(NULL AS TEXT) AS networks
             FROM spent_tokens AS s
             LEFT JOIN grants AS k ON k.id = s.grant_id
             WHERE {condition}
         ) AS t {JOINS}"
    )
}

/// A token with the digest it was found under.
#[derive(Clone, Debug)]
pub struct FoundToken {
    /// The digest as stored.
    pub digest: TokenDigest,
    /// The key that made it.
    pub hash_key: HashKeyId,
    /// The token.
    pub known: KnownToken,
}

/// Every token that is stored under one of these digests. One statement, however many they are.
///
/// # Errors
/// When the database fails.
pub async fn find_by_digests(
    db: &Db,
    digests: &[TokenDigest],
) -> Result<Vec<FoundToken>, StorageError> {
    static SQLITE: LazyLock<String> =
        LazyLock::new(|| with("WHERE t.digest IN (SELECT unhex(value) FROM json_each($1))"));
    // A plan costs PostgreSQL several times what running it does. It keeps one only when a fresh one
    // would not look cheaper, and with `= ANY($1)` a fresh one, which sees how short the array is,
    // always does. Behind the subquery it sees no more than the kept one.
    static POSTGRES: LazyLock<String> =
        LazyLock::new(|| with("WHERE t.digest = ANY(ARRAY(SELECT unnest($1::bytea[])))"));
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE.as_str()).bind(digests_as_json(digests));
            patient(query.try_map(|row| found(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let digests: Vec<&[u8]> = digests.iter().map(|d| d.as_bytes().as_slice()).collect();
            let query = sqlx::query(POSTGRES.as_str()).bind(digests);
            patient(query.try_map(|row| found(&row)).fetch_all(c)).await
        }
    }
}

/// Every token with one of these ids.
///
/// # Errors
/// When the database fails.
pub async fn find_by_ids(db: &Db, ids: &[Id<Token>]) -> Result<Vec<FoundToken>, StorageError> {
    static SQLITE: LazyLock<String> =
        LazyLock::new(|| with("WHERE t.id IN (SELECT unhex(value) FROM json_each($1))"));
    static POSTGRES: LazyLock<String> =
        LazyLock::new(|| with("WHERE t.id = ANY(ARRAY(SELECT unnest($1::uuid[])))"));
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE.as_str()).bind(ids_as_json(&ids));
            patient(query.try_map(|row| found(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES.as_str()).bind(ids);
            patient(query.try_map(|row| found(&row)).fetch_all(c)).await
        }
    }
}

/// The token with this id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: Id<Token>) -> Result<Option<KnownToken>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| with("WHERE t.id = $1"));
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(id.uuid())
        .try_map(|row| known(&row))
        .fetch_optional(c))
}

/// The token with this id, as a transaction has left it so far.
///
/// # Errors
/// When the database fails.
pub async fn find_within(tx: &mut Tx, id: Id<Token>) -> Result<Option<KnownToken>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| with("WHERE t.id = $1"));
    sql!(tx.connection(), |c| sqlx::query(STATEMENT.as_str())
        .bind(id.uuid())
        .try_map(|row| known(&row))
        .fetch_optional(c))
}

/// Up to `limit` tokens of one kind behind `after`, in the order they were made.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    kind: TokenKind,
    after: Option<Id<Token>>,
    limit: i64,
) -> Result<Vec<KnownToken>, StorageError> {
    static STATEMENT: LazyLock<String> =
        LazyLock::new(|| with("WHERE t.kind = $1 AND t.id > $2 ORDER BY t.id LIMIT $3"));
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(kind.name())
        .bind(after.map_or(Uuid::nil(), Id::uuid))
        .bind(limit)
        .try_map(|row| known(&row))
        .fetch_all(c))
}

/// Up to `limit` tokens of a user behind `after`, in the order they were made.
///
/// # Errors
/// When the database fails.
pub async fn list_by_user(
    db: &Db,
    user: Id<User>,
    after: Option<Id<Token>>,
    limit: i64,
) -> Result<Vec<KnownToken>, StorageError> {
    static STATEMENT: LazyLock<String> =
        LazyLock::new(|| with("WHERE t.user_id = $1 AND t.id > $2 ORDER BY t.id LIMIT $3"));
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(user.uuid())
        .bind(after.map_or(Uuid::nil(), Id::uuid))
        .bind(limit)
        .try_map(|row| known(&row))
        .fetch_all(c))
}

/// Up to `limit` tokens of an organization behind `after`, in the order they were made.
///
/// # Errors
/// When the database fails.
pub async fn list_by_organization(
    db: &Db,
    organization: Id<Organization>,
    after: Option<Id<Token>>,
    limit: i64,
) -> Result<Vec<KnownToken>, StorageError> {
    static STATEMENT: LazyLock<String> =
        LazyLock::new(|| with("WHERE t.organization_id = $1 AND t.id > $2 ORDER BY t.id LIMIT $3"));
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(organization.uuid())
        .bind(after.map_or(Uuid::nil(), Id::uuid))
        .bind(limit)
        .try_map(|row| known(&row))
        .fetch_all(c))
}

pub(in crate::storage) fn digests_as_json(digests: &[TokenDigest]) -> String {
    let mut json = String::with_capacity(2 + digests.len() * 67);
    json.push('[');
    for (index, digest) in digests.iter().enumerate() {
        json.push_str(if index == 0 { "\"" } else { ",\"" });
        json.push_str(&digest.to_hex());
        json.push('"');
    }
    json.push(']');
    json
}

pub(in crate::storage) fn found(row: &impl Columns) -> Result<FoundToken, sqlx::Error> {
    Ok(FoundToken {
        digest: TokenDigest::from_bytes(exactly(&row.read::<Vec<u8>>("digest")?)?),
        hash_key: HashKeyId::from_stored(row.read("hash_key")?),
        known: known(row)?,
    })
}

pub(super) fn known(row: &impl Columns) -> Result<KnownToken, sqlx::Error> {
    Ok(KnownToken {
        token: token(row)?,
        user: user(row)?,
        organization: organization(row)?,
        client: client(row)?,
        grant_revoked_at: time(row, "grant_revoked_at")?,
        grant_is_quarantined: time(row, "grant_quarantined_at")?.is_some(),
        is_member: row.read::<Option<String>>("member_role")?.is_some(),
        was_seen_spent: row.read("was_seen_spent")?,
    })
}

fn token(row: &impl Columns) -> Result<Token, sqlx::Error> {
    let reason: Option<String> = row.read("revoked_reason")?;
    let revocation = time(row, "revoked_at")?.map(|at| Revocation {
        at,
        reason: RevocationReason::from_stored(reason.as_deref().unwrap_or_default()),
    });
    let from: Option<String> = row.read("last_used_from")?;
    let networks: Option<String> = row.read("networks")?;
    Ok(Token {
        id: Id::from_uuid(row.read("id")?),
        kind: token_kind(row)?,
        grant: row.read::<Option<Uuid>>("grant_id")?.map(Id::from_uuid),
        parent: row.read::<Option<Uuid>>("parent_id")?.map(Id::from_uuid),
        customer: row.read("customer")?,
        name: row
            .read::<Option<String>>("name")?
            .map(TokenName::from_stored),
        scopes: ScopeSet::from_stored(&row.read::<String>("scopes")?),
        audience: row.read("audience")?,
        networks: networks.as_deref().map(Networks::from_stored),
        hint: row.read("hint")?,
        created_at: Timestamp::from_millis(row.read("created_at")?),
        expires_at: time(row, "expires_at")?,
        last_used_at: time(row, "last_used_at")?,
        last_used_from: from.and_then(|from| from.parse().ok()),
        modified_at: time(row, "modified_at")?,
        redeemed_at: time(row, "redeemed_at")?,
        revocation,
    })
}

fn user(row: &impl Columns) -> Result<Option<User>, sqlx::Error> {
    let Some(id) = row.read::<Option<Uuid>>("user_id")? else {
        return Ok(None);
    };
    Ok(Some(User {
        id: Id::from_uuid(id),
        email: Email::from_stored(row.read("user_email")?),
        blocked_at: time(row, "user_blocked_at")?,
    }))
}

fn organization(row: &impl Columns) -> Result<Option<Organization>, sqlx::Error> {
    let Some(id) = row.read::<Option<Uuid>>("organization_id")? else {
        return Ok(None);
    };
    Ok(Some(Organization {
        id: Id::from_uuid(id),
        slug: Slug::from_stored(row.read("organization_slug")?),
        name: OrganizationName::from_stored(row.read("organization_name")?),
        blocked_at: time(row, "organization_blocked_at")?,
    }))
}

fn client(row: &impl Columns) -> Result<Option<Client>, sqlx::Error> {
    let Some(id) = row.read::<Option<Uuid>>("client_id")? else {
        return Ok(None);
    };
    Ok(Some(Client {
        id: Id::from_uuid(id),
        client_id: ClientId::from_stored(row.read("client_name_id")?),
        name: row.read("client_name")?,
        owner: row
            .read::<Option<String>>("client_owner_email")?
            .map(Email::from_stored),
        owner_id: row
            .read::<Option<Uuid>>("client_owner_id")?
            .map(Id::from_uuid),
        disabled_at: time(row, "client_disabled_at")?,
    }))
}

pub(super) fn time(row: &impl Columns, column: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    Ok(row.read::<Option<i64>>(column)?.map(Timestamp::from_millis))
}
