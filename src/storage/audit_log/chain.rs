//! Chaining: the head is held, the rows that wait get their places, the head moves on.

use std::sync::LazyLock;

use serde_json::json;
use uuid::Uuid;

use super::rows::{COLUMNS, read_head, record};
use crate::model::audit::Link;
use crate::model::{AuditRecord, HashKeyId, Timestamp};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, Tx, patient, sql};
use crate::storage::rows::{column, exactly, hex_of};

/// The end of the chain, and how much of its beginning is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The place of the last row; 0 before the first.
    pub seq: i64,
    /// Its link.
    pub link: Link,
    /// The place of the last row that is past keeping; 0 when none is.
    pub pruned_seq: i64,
    /// Its link, to which the first row that is left is tied.
    pub pruned_link: Link,
    /// The hash key that vouches for all this; none before the database was used.
    pub hash_key: Option<HashKeyId>,
    /// What it says.
    pub seal: Option<[u8; 32]>,
}

/// A row that waits for its place.
pub type Loose = AuditRecord;

/// Whether any row waits. Asked before the head is held, so that looking takes nobody's lock.
///
/// # Errors
/// When the database fails.
pub async fn is_loose(db: &Db) -> Result<bool, StorageError> {
    let one = sql!(db.reader(), |c| sqlx::query(
        "SELECT id FROM audit_log WHERE seq IS NULL LIMIT 1",
    )
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))?;
    Ok(one.is_some())
}

/// Whether nothing is there that a service leaves behind by which this database is used: neither rows of
/// the log nor reports nor keys that sign.
///
/// # Errors
/// When the database fails.
pub async fn is_unused(tx: &mut Tx) -> Result<bool, StorageError> {
    let one = sql!(tx.connection(), |c| sqlx::query(
        "SELECT id FROM (SELECT id FROM audit_log LIMIT 1) AS logged
         UNION ALL
         SELECT id FROM (SELECT id FROM deliveries LIMIT 1) AS delivered
         UNION ALL
         SELECT id FROM (SELECT id FROM exposures LIMIT 1) AS seen
         UNION ALL
         SELECT id FROM (SELECT id FROM signing_keys LIMIT 1) AS signing
         LIMIT 1",
    )
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))?;
    Ok(one.is_none())
}

/// Holds the head until the transaction ends: one chains at a time. `None` when somebody deleted it.
///
/// # Errors
/// When the database fails.
pub async fn lock_head(tx: &mut Tx) -> Result<Option<AuditHead>, StorageError> {
    sql!(tx.connection(), |c| sqlx::query(
        "UPDATE audit_head
         SET one = one
         WHERE one = 1
         RETURNING seq, link, pruned_seq, pruned_link, hash_key, seal",
    )
    .try_map(|row| read_head(&row))
    .fetch_optional(c))
}

/// Up to `limit` rows that wait, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list_loose(tx: &mut Tx, limit: i64) -> Result<Vec<Loose>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| {
        format!("SELECT {COLUMNS} FROM audit_log WHERE seq IS NULL ORDER BY id LIMIT $1")
    });
    sql!(tx.connection(), |c| sqlx::query(STATEMENT.as_str())
        .bind(limit)
        .try_map(|row| record(&row))
        .fetch_all(c))
}

/// Gives rows their places.
///
/// # Errors
/// When the database fails.
pub async fn link(tx: &mut Tx, links: &[(Uuid, i64, Link)]) -> Result<(), StorageError> {
    const SQLITE: &str = "UPDATE audit_log
         SET seq = l.seq, link = l.link
         FROM (
             SELECT unhex(value ->> 0) AS id, value ->> 1 AS seq, unhex(value ->> 2) AS link
             FROM json_each($1)
         ) AS l
         WHERE audit_log.id = l.id";
    const POSTGRES: &str = "UPDATE audit_log
         SET seq = l.seq, link = l.link
         FROM unnest($1::uuid[], $2::bigint[], $3::bytea[]) AS l (id, seq, link)
         WHERE audit_log.id = l.id";
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows = links.iter();
            let rows: Vec<_> = rows
                .map(|(id, seq, link)| json!([hex_of(*id), seq, hex::encode(link)]))
                .collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.execute(c)).await.map(drop)
        }
        Backend::Postgres(c) => {
            let ids: Vec<_> = links.iter().map(|(id, ..)| *id).collect();
            let places: Vec<_> = links.iter().map(|(_, seq, _)| *seq).collect();
            let links: Vec<_> = links.iter().map(|(.., link)| link.to_vec()).collect();
            let query = sqlx::query(POSTGRES).bind(ids).bind(places).bind(links);
            patient(query.execute(c)).await.map(drop)
        }
    }
}

/// Moves the head, which [`lock_head`] holds.
///
/// # Errors
/// When the database fails.
pub async fn move_head(tx: &mut Tx, head: &AuditHead) -> Result<(), StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "UPDATE audit_head
         SET seq = $1, link = $2, pruned_seq = $3, pruned_link = $4, hash_key = $5, seal = $6
         WHERE one = 1",
    )
    .bind(head.seq)
    .bind(head.link.as_slice())
    .bind(head.pruned_seq)
    .bind(head.pruned_link.as_slice())
    .bind(head.hash_key.as_ref().map(HashKeyId::as_str))
    .bind(head.seal.as_ref().map(<[u8; 32]>::as_slice)))
    .map(drop)
}

/// Deletes up to `limit` rows behind `after` from the beginning of the chain, as long as they are
/// older than `before`, and tells the place and link of the last one. A row that is later than `now` was
/// written by a clock that was ahead; it is as old as the one that follows it.
///
/// # Errors
/// When the database fails.
pub async fn prune(
    tx: &mut Tx,
    after: i64,
    (before, now): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<(i64, Link)>, StorageError> {
    let next = sql!(tx.connection(), |c| sqlx::query(
        "SELECT seq, at
         FROM audit_log
         WHERE seq > $1 AND at <= $2
         ORDER BY seq
         LIMIT 1",
    )
    .bind(after)
    .bind(now.as_millis())
    .try_map(|row| Ok::<(i64, i64), _>((column(&row, "seq")?, column(&row, "at")?)))
    .fetch_optional(c))?;
    let Some((next, _)) = next.filter(|(_, at)| *at < before.as_millis()) else {
        return Ok(Vec::new());
    };
    // Behind nothing but rows of the future there is an old one: they may go.
    let beyond = next > after.saturating_add(limit);
    // A younger row keeps all that follow it: the chain has one beginning.
    sql!(tx.connection(), |c| sqlx::query(
        "DELETE FROM audit_log
         WHERE seq > $1 AND seq <= $1 + $4
             AND ($5 OR seq <= (
                 SELECT max(seq)
                 FROM audit_log
                 WHERE seq > $1 AND seq <= $1 + $4 AND at < $2
                     AND seq < COALESCE(
                         (SELECT min(seq) FROM audit_log
                          WHERE seq > $1 AND seq <= $1 + $4 AND at >= $2 AND at <= $3),
                         $1 + $4 + 1
                     )
             ))
         RETURNING seq, link",
    )
    .bind(after)
    .bind(before.as_millis())
    .bind(now.as_millis())
    .bind(limit)
    .bind(beyond)
    .try_map(|row| {
        let link = exactly(&column::<Vec<u8>>(&row, "link")?)?;
        Ok((column(&row, "seq")?, link))
    })
    .fetch_all(c))
}
