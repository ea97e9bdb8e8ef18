//! Whether any machine listens at all. None does in most places, and there this is all that is asked.

use super::backend::{Tx, sql};
use super::error::StorageError;
use super::journal::Noted;
use super::rows::Columns;
use super::{streams, webhooks};

/// Who listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Audience {
    /// Some endpoint of webhooks, or one that hears later.
    pub(super) webhooks: bool,
    /// Some event stream.
    pub(super) streams: bool,
}

/// Who might hear of these events.
pub(super) async fn of(tx: &mut Tx, noted: &[Noted]) -> Result<Audience, StorageError> {
    let for_webhooks = noted.iter().any(webhooks::is_telling);
    let for_streams = noted.iter().any(streams::is_telling);
    if !for_webhooks && !for_streams {
        return Ok(Audience::default());
    }
    let present = sql!(tx.connection(), |c| sqlx::query(
        "SELECT
             EXISTS (
                 SELECT 1 FROM webhook_endpoints
                 WHERE disabled_at IS NULL AND deleted_at IS NULL
             ) OR EXISTS (
                 SELECT 1 FROM webhook_endpoints
                 WHERE disabled_why IN ('gone', 'failing') AND deleted_at IS NULL
             ) AS webhooks,
             EXISTS (
                 SELECT 1 FROM event_streams
                 WHERE deleted_at IS NULL AND status <> 'disabled'
             ) AS streams",
    )
    .try_map(|row| read(&row))
    .fetch_one(c))?;
    Ok(Audience {
        webhooks: for_webhooks && present.webhooks,
        streams: for_streams && present.streams,
    })
}

fn read(row: &impl Columns) -> Result<Audience, sqlx::Error> {
    Ok(Audience {
        webhooks: row.read("webhooks")?,
        streams: row.read("streams")?,
    })
}
