//! A client and the secret it presents, looked up together.

use uuid::Uuid;

use super::backend::{Backend, Db, patient};
use super::clients::registered;
use super::error::StorageError;
use super::rows::{Columns, exactly};
use super::tokens::digests_as_json;
use crate::model::{
    Client, HashKeyId, Id, RegisteredClient, RevocationReason, Timestamp, Token, TokenDigest,
};

/// What was found for an identifier and a secret, each by itself.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The client with this identifier, unless it was deleted.
    pub client: Option<RegisteredClient>,
    /// The client secret with this text, also when it was revoked.
    pub secret: Option<StoredSecret>,
}

/// A client secret.
#[derive(Clone, Debug)]
pub struct StoredSecret {
    /// Its token.
    pub token: Id<Token>,
    /// Whose it is.
    pub client: Id<Client>,
    /// The digest as stored.
    pub digest: TokenDigest,
    /// The key that made it.
    pub hash_key: HashKeyId,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
    /// Why it was revoked, if it was.
    pub revoked_because: Option<RevocationReason>,
}

/// Looks up a client by its identifier and a secret by its digests. Both are looked up whether the
/// other is there or not, so that an unknown client costs what a wrong secret does.
///
/// # Errors
/// When the database fails.
pub async fn find(
    db: &Db,
    client_id: &str,
    digests: &[TokenDigest],
) -> Result<Presented, StorageError> {
    const SQLITE: &str = "SELECT
             c.id, c.client_id, c.owner_user_id, c.metadata, c.first_party, c.require_pkce,
             c.introspects_all, c.created_at, c.modified_at, c.disabled_at,
             t.id AS secret_id, t.client_id AS secret_client_id, t.digest AS secret_digest,
             t.hash_key AS secret_hash_key, t.expires_at AS secret_expires_at,
             t.revoked_reason AS secret_revoked_reason
         FROM (SELECT 1 AS one) AS always
         LEFT JOIN clients AS c ON c.client_id = $1 AND c.deleted_at IS NULL
         LEFT JOIN tokens AS t ON t.digest IN (SELECT unhex(value) FROM json_each($2))
             AND t.kind = 'client_secret'";
    const POSTGRES: &str = "SELECT
             c.id, c.client_id, c.owner_user_id, c.metadata, c.first_party, c.require_pkce,
             c.introspects_all, c.created_at, c.modified_at, c.disabled_at,
             t.id AS secret_id, t.client_id AS secret_client_id, t.digest AS secret_digest,
             t.hash_key AS secret_hash_key, t.expires_at AS secret_expires_at,
             t.revoked_reason AS secret_revoked_reason
         FROM (SELECT 1 AS one) AS always
         LEFT JOIN clients AS c ON c.client_id = $1 AND c.deleted_at IS NULL
         LEFT JOIN tokens AS t ON t.digest = ANY(ARRAY(SELECT unnest($2::bytea[])))
             AND t.kind = 'client_secret'";
    // PostgreSQL refuses texts with this character, and no identifier has it.
    let client_id = match client_id.contains('\0') {
        true => "",
        false => client_id,
    };
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(client_id);
            let query = query.bind(digests_as_json(digests));
            patient(query.try_map(|row| presented(&row)).fetch_one(c)).await
        }
        Backend::Postgres(c) => {
            let digests: Vec<&[u8]> = digests.iter().map(|d| d.as_bytes().as_slice()).collect();
            let query = sqlx::query(POSTGRES).bind(client_id).bind(digests);
            patient(query.try_map(|row| presented(&row)).fetch_one(c)).await
        }
    }
}

fn presented(row: &impl Columns) -> Result<Presented, sqlx::Error> {
    let client = match row.read::<Option<Uuid>>("id")? {
        Some(_) => Some(registered(row)?),
        None => None,
    };
    let secret = match row.read::<Option<Uuid>>("secret_id")? {
        Some(id) => Some(stored(id, row)?),
        None => None,
    };
    Ok(Presented { client, secret })
}

fn stored(id: Uuid, row: &impl Columns) -> Result<StoredSecret, sqlx::Error> {
    let expires_at: Option<i64> = row.read("secret_expires_at")?;
    let reason: Option<String> = row.read("secret_revoked_reason")?;
    Ok(StoredSecret {
        token: Id::from_uuid(id),
        client: Id::from_uuid(row.read("secret_client_id")?),
        digest: TokenDigest::from_bytes(exactly(&row.read::<Vec<u8>>("secret_digest")?)?),
        hash_key: HashKeyId::from_stored(row.read("secret_hash_key")?),
        expires_at: expires_at.map(Timestamp::from_millis),
        revoked_because: reason.as_deref().map(RevocationReason::from_stored),
    })
}
