//! Rows as operators page through them, the latest first: a window at a time, so that a filter that
//! fits hardly anything costs no more than one that fits everything.

use std::sync::LazyLock;

use uuid::Uuid;

use super::rows::{COLUMNS, record};
use crate::model::AuditRecord;
use crate::storage::StorageError;
use crate::storage::backend::{Db, sql};
use crate::storage::rows::column;

/// Up to `limit` of the `window` rows before the row `before` that fit, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn look_back(
    db: &Db,
    (event, actor_kind): (Option<&str>, Option<&str>),
    before: Option<Uuid>,
    (window, limit): (i64, i64),
) -> Result<Vec<AuditRecord>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {COLUMNS}
             FROM (
                 SELECT {COLUMNS}
                 FROM audit_log
                 WHERE id < $1
                 ORDER BY id DESC
                 LIMIT $2
             ) AS a
             WHERE (CAST($4 AS TEXT) IS NULL OR a.event = $4)
                 AND (CAST($5 AS TEXT) IS NULL OR a.actor_kind = $5)
             ORDER BY a.id DESC
             LIMIT $3"
        )
    });
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(before.unwrap_or(Uuid::max()))
        .bind(window)
        .bind(limit)
        .bind(event)
        .bind(actor_kind)
        .try_map(|row| record(&row))
        .fetch_all(c))
}

/// The last of the `window` rows before the row `before`; `None` when there are fewer.
///
/// # Errors
/// When the database fails.
pub async fn window_end(
    db: &Db,
    before: Option<Uuid>,
    window: i64,
) -> Result<Option<Uuid>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id
         FROM audit_log
         WHERE id < $1
         ORDER BY id DESC
         LIMIT 1 OFFSET $2",
    )
    .bind(before.unwrap_or(Uuid::max()))
    .bind(window - 1)
    .try_map(|row| column::<Uuid>(&row, "id"))
    .fetch_optional(c))
}
