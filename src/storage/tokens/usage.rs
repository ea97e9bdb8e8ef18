//! What is written down about tokens some time after they were looked up.

use std::net::IpAddr;

use serde_json::json;
use uuid::Uuid;

use crate::model::{HashKeyId, Id, Timestamp, Token, TokenDigest};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::rows::hex_of;

/// The last time a token was seen in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Which token.
    pub token: Id<Token>,
    /// When.
    pub at: Timestamp,
    /// From where, if the service that asked told us.
    pub from: Option<IpAddr>,
}

/// Writes down uses. An older one never replaces a newer one, whichever replica is faster; time and
/// address are replaced together, because they are told together.
///
/// # Errors
/// When the database fails.
pub async fn record_uses(tx: &mut Tx, uses: &[Use]) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE tokens
         SET last_used_at = u.at, last_used_from = u.address
         FROM (
             SELECT unhex(value ->> 0) AS id, value ->> 1 AS at, value ->> 2 AS address
             FROM json_each($1)
         ) AS u
         WHERE tokens.id = u.id AND COALESCE(tokens.last_used_at, 0) < u.at";
    const POSTGRES: &str = "UPDATE tokens
         SET last_used_at = u.at, last_used_from = u.address
         FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS u (id, at, address)
         WHERE tokens.id = u.id AND COALESCE(tokens.last_used_at, 0) < u.at";
    let address = |one: &Use| one.from.map(|from| from.to_string());
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = uses
                .iter()
                .map(|one| json!([hex_of(one.token.uuid()), one.at.as_millis(), address(one)]))
                .collect();
            patient(sqlx::query(SQLITE).bind(json!(rows).to_string()).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            let ids: Vec<Uuid> = uses.iter().map(|one| one.token.uuid()).collect();
            let times: Vec<i64> = uses.iter().map(|one| one.at.as_millis()).collect();
            let addresses: Vec<Option<String>> = uses.iter().map(address).collect();
            patient(
                sqlx::query(POSTGRES)
                    .bind(ids)
                    .bind(times)
                    .bind(addresses)
                    .execute(c),
            )
            .await?;
        }
    }
    Ok(())
}

/// The digest of a token under the current hash key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewDigest {
    /// Which token.
    pub token: Id<Token>,
    /// Its digest under the current key.
    pub digest: TokenDigest,
}

/// Moves tokens that were found under an older hash key to the current one.
///
/// # Errors
/// When the database fails.
pub async fn rehash(
    tx: &mut Tx,
    hash_key: &HashKeyId,
    digests: &[NewDigest],
) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE tokens
         SET digest = n.digest, hash_key = $2
         FROM (
             SELECT unhex(value ->> 0) AS id, unhex(value ->> 1) AS digest FROM json_each($1)
         ) AS n
         WHERE tokens.id = n.id AND tokens.hash_key <> $2";
    const POSTGRES: &str = "UPDATE tokens
         SET digest = n.digest, hash_key = $3
         FROM unnest($1::uuid[], $2::bytea[]) AS n (id, digest)
         WHERE tokens.id = n.id AND tokens.hash_key <> $3";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = digests
                .iter()
                .map(|one| json!([hex_of(one.token.uuid()), one.digest.to_hex()]))
                .collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.bind(hash_key.as_str()).execute(c)).await?;
        }
        Backend::Postgres(c) => {
            let ids: Vec<Uuid> = digests.iter().map(|one| one.token.uuid()).collect();
            let digests: Vec<&[u8]> = digests
                .iter()
                .map(|one| one.digest.as_bytes().as_slice())
                .collect();
            let query = sqlx::query(POSTGRES).bind(ids).bind(digests);
            patient(query.bind(hash_key.as_str()).execute(c)).await?;
        }
    }
    Ok(())
}
