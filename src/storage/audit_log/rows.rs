//! Rows as they are read: for people, for exports, for the check.

use std::sync::LazyLock;

use super::chain::AuditHead;
use crate::model::audit::Link;
use crate::model::{AuditRecord, HashKeyId, Id, Timestamp, Token};
use crate::storage::StorageError;
use crate::storage::backend::{Db, Tx, sql};
use crate::storage::overdue::{self, Overdue};
use crate::storage::rows::{Columns, column, exactly};

/// The columns of a record.
pub(super) const COLUMNS: &str = "id, at, event, actor_kind, actor, origin, key_id, request_id,
         token_id, exposure_id, user_id, organization_id, client_id, detail";

/// A row with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainedRecord {
    /// Its place, from 1.
    pub seq: i64,
    /// What ties it to the row before.
    pub link: Link,
    /// What it says.
    pub record: AuditRecord,
}

pub(super) fn record(row: &impl Columns) -> Result<AuditRecord, sqlx::Error> {
    Ok(AuditRecord {
        id: row.read("id")?,
        at: Timestamp::from_millis(row.read("at")?),
        event: row.read("event")?,
        actor_kind: row.read("actor_kind")?,
        actor: row.read("actor")?,
        origin: row.read("origin")?,
        key_id: row.read("key_id")?,
        request_id: row.read("request_id")?,
        token_id: row.read("token_id")?,
        exposure_id: row.read("exposure_id")?,
        user_id: row.read("user_id")?,
        organization_id: row.read("organization_id")?,
        client_id: row.read("client_id")?,
        detail: row.read("detail")?,
    })
}

fn chained(row: &impl Columns) -> Result<ChainedRecord, sqlx::Error> {
    Ok(ChainedRecord {
        seq: row.read("seq")?,
        link: exactly(&row.read::<Vec<u8>>("link")?)?,
        record: record(row)?,
    })
}

/// Which rows are wanted; all of it must fit.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// What happened, by its name.
    pub event: Option<String>,
    /// What kind of actor did it.
    pub actor_kind: Option<String>,
    /// The token that it is about.
    pub token: Option<Id<Token>>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
}

/// Up to `limit` chained rows behind the place `after`, in their order.
///
/// # Errors
/// When the database fails.
pub async fn page(db: &Db, after: i64, limit: i64) -> Result<Vec<ChainedRecord>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| {
        format!("SELECT seq, link, {COLUMNS} FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT $2")
    });
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(after)
        .bind(limit)
        .try_map(|row| chained(&row))
        .fetch_all(c))
}

/// The last `limit` rows that fit, chained or not, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn latest(
    db: &Db,
    filter: &AuditFilter,
    limit: i64,
) -> Result<Vec<AuditRecord>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {COLUMNS} FROM audit_log
             WHERE (CAST($1 AS TEXT) IS NULL OR event = $1)
                 AND (CAST($2 AS TEXT) IS NULL OR actor_kind = $2)
                 AND at >= $4 AND at < $5
                 {{token}}
             ORDER BY id DESC
             LIMIT $6"
        )
    });
    // Asked by itself where it is asked, so that its index is used.
    static OF_TOKEN: LazyLock<String> =
        LazyLock::new(|| STATEMENT.replace("{token}", "AND token_id = $3"));
    static OF_ANY: LazyLock<String> =
        LazyLock::new(|| STATEMENT.replace("{token}", "AND CAST($3 AS TEXT) IS NULL"));
    let statement = if filter.token.is_some() {
        &OF_TOKEN
    } else {
        &OF_ANY
    };
    let since = filter.since.map_or(0, Timestamp::as_millis);
    let until = filter.until.map_or(i64::MAX, Timestamp::as_millis);
    sql!(db.reader(), |c| sqlx::query(statement.as_str())
        .bind(filter.event.as_deref())
        .bind(filter.actor_kind.as_deref())
        .bind(filter.token.map(Id::uuid))
        .bind(since)
        .bind(until)
        .bind(limit)
        .try_map(|row| record(&row))
        .fetch_all(c))
}

/// The place of the last chained row.
///
/// # Errors
/// When the database fails.
pub async fn last(db: &Db) -> Result<Option<i64>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT max(seq) AS last FROM audit_log WHERE seq IS NOT NULL",
    )
    .try_map(|row| column(&row, "last"))
    .fetch_one(c))
}

/// The end of the chain.
///
/// # Errors
/// When the database fails.
pub async fn head(db: &Db) -> Result<Option<AuditHead>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT seq, link, pruned_seq, pruned_link, hash_key, seal
         FROM audit_head
         WHERE one = 1",
    )
    .try_map(|row| read_head(&row))
    .fetch_optional(c))
}

pub(super) fn read_head(row: &impl Columns) -> Result<AuditHead, sqlx::Error> {
    let seal = row.read::<Option<Vec<u8>>>("seal")?;
    Ok(AuditHead {
        seq: row.read("seq")?,
        link: exactly(&row.read::<Vec<u8>>("link")?)?,
        pruned_seq: row.read("pruned_seq")?,
        pruned_link: exactly(&row.read::<Vec<u8>>("pruned_link")?)?,
        hash_key: row
            .read::<Option<String>>("hash_key")?
            .map(HashKeyId::from_stored),
        seal: seal.map(|seal| exactly(&seal)).transpose()?,
    })
}

/// How many rows wait to be chained, up to `most`, and since when the oldest does.
///
/// # Errors
/// When the database fails.
pub async fn count_loose(db: &Db, most: i64) -> Result<(i64, Option<Timestamp>), StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT count(*) AS loose, min(at) AS oldest
         FROM (SELECT at FROM audit_log WHERE seq IS NULL ORDER BY id LIMIT $1) AS waiting",
    )
    .bind(most)
    .try_map(|row| {
        let oldest = column::<Option<i64>>(&row, "oldest")?;
        Ok((column(&row, "loose")?, oldest.map(Timestamp::from_millis)))
    })
    .fetch_one(c))
}

/// How many rows at the beginning of the chain are older than `before`, of the first `most`.
///
/// # Errors
/// When the database fails.
pub async fn count_old(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(at) AS oldest
         FROM (
             SELECT at
             FROM audit_log
             WHERE seq > (SELECT pruned_seq FROM audit_head WHERE one = 1)
             ORDER BY seq
             LIMIT $2
         ) AS due
         WHERE at < $1";
    overdue::count(db, STATEMENT, before, most).await
}

/// What was configured when that was last written down, as the text of its details.
///
/// # Errors
/// When the database fails.
pub async fn last_configuration(tx: &mut Tx) -> Result<Option<String>, StorageError> {
    let detail = sql!(tx.connection(), |c| sqlx::query(
        "SELECT detail
         FROM audit_log
         WHERE event = 'configuration.changed'
         ORDER BY id DESC
         LIMIT 1",
    )
    .try_map(|row| column::<Option<String>>(&row, "detail"))
    .fetch_optional(c))?;
    Ok(detail.flatten())
}
