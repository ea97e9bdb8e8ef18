//! What operators and the service itself do about streams.

use std::time::Duration;

use uuid::Uuid;

use super::{StreamError, note};
use crate::domain::{Context, letters};
use crate::model::letter::{Addressee, StreamDisabled, StreamEnd};
use crate::model::stream::{DeliveryMethod, SetBy, Standing, View};
use crate::model::{EventStream, Id, Letter, StreamStatus, Timestamp};
pub use crate::storage::streams::Depth;
use crate::storage::streams::{self as table};
use crate::storage::{StorageError, Tx, clients, organizations};

/// How much of what waits is deleted in one transaction.
const BATCH: i64 = 500;
/// How many streams are tended together.
const TOGETHER: i64 = 100;
/// Counting further would cost more than knowing is worth.
const MOST_COUNTED: i64 = 100_000;

/// Up to `limit` streams behind `after`, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn page(
    ctx: &Context,
    after: Option<Id<EventStream>>,
    limit: u32,
) -> Result<Vec<EventStream>, StorageError> {
    table::page(&ctx.db, after, i64::from(limit)).await
}

/// Finds a stream, whosever it is.
///
/// # Errors
/// [`StreamError::NotFound`]
pub async fn find(ctx: &Context, stream: Id<EventStream>) -> Result<EventStream, StreamError> {
    let found = table::find(&ctx.db, stream).await?;
    found.ok_or(StreamError::NotFound)
}

/// Enables or disables a stream in an operator's name, and tells its receiver. What an operator
/// disabled, only an operator enables.
///
/// # Errors
/// [`StreamError::NotFound`]
pub async fn set_enabled(
    ctx: &Context,
    stream: Id<EventStream>,
    enabled: bool,
) -> Result<EventStream, StreamError> {
    let status = match enabled {
        true => StreamStatus::Enabled,
        false => StreamStatus::Disabled,
    };
    let standing = Standing {
        status,
        by: SetBy::Operator,
        reason: None,
    };
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let stream = table::lock(&mut tx, stream).await?;
    let stream = stream.ok_or(StreamError::NotFound)?;
    let changed = set(&mut tx, stream, standing, now).await?;
    tx.commit().await?;
    if !enabled {
        drop_waiting(ctx, changed.id).await?;
    }
    Ok(changed)
}

/// Deletes a stream, whosever it is.
///
/// # Errors
/// [`StreamError::NotFound`]
pub async fn delete(ctx: &Context, stream: Id<EventStream>) -> Result<(), StreamError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let stream = table::lock(&mut tx, stream).await?;
    let stream = stream.ok_or(StreamError::NotFound)?;
    table::delete(&mut tx, stream.id, now).await?;
    note(&mut tx, now, "stream.deleted", &stream);
    tx.commit().await?;
    Ok(drop_waiting(ctx, stream.id).await?)
}

/// Gives a locked stream another status and puts a token into it that says so (SSF 1.0 8.1.5).
pub(super) async fn set(
    tx: &mut Tx,
    stream: EventStream,
    standing: Standing,
    now: Timestamp,
) -> Result<EventStream, StorageError> {
    let told = stream.standing.status != standing.status;
    let changed = EventStream { standing, ..stream };
    table::set_standing(tx, changed.id, &changed.standing).await?;
    if told {
        table::delete_outdated(tx, changed.id).await?;
        let Standing { status, reason, .. } = &changed.standing;
        table::insert_stream_updated(tx, changed.id, *status, reason.as_deref(), now).await?;
    }
    note(tx, now, "stream.status_set", &changed);
    Ok(changed)
}

/// Deletes what waits in a stream that was disabled or deleted.
pub(super) async fn drop_waiting(
    ctx: &Context,
    stream: Id<EventStream>,
) -> Result<(), StorageError> {
    loop {
        let mut tx = ctx.db.begin().await?;
        let gone = table::delete_waiting(&mut tx, stream, BATCH).await?;
        tx.commit().await?;
        if gone < BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}

/// Disables streams in which more waits than may, or for longer, and those whose holder has ended; and
/// deletes what no stream needs any more. Tells how many were disabled.
///
/// # Errors
/// When the database fails. What was done until then stays done.
pub async fn tend(ctx: &Context) -> Result<usize, StorageError> {
    let mut disabled = 0;
    let mut after = Uuid::nil();
    while let Some(few) = table::next_few(&ctx.db, after, TOGETHER).await? {
        after = few.1;
        disabled += tend_few(ctx, few).await?;
    }
    Ok(disabled)
}

async fn tend_few(ctx: &Context, few: table::Few) -> Result<usize, StorageError> {
    let now = ctx.clock.now();
    let policy = &ctx.policy.shared_signals;
    let latest = now.minus(policy.max_age);
    let most = i64::from(policy.max_waiting);
    let mut disabled = 0;
    for (why, streams) in [
        (
            StreamEnd::HolderEnded,
            table::list_orphaned(&ctx.db, few, now).await?,
        ),
        (
            StreamEnd::Overdue,
            table::list_overdue(&ctx.db, few, latest).await?,
        ),
        (
            StreamEnd::Crowded,
            table::list_crowded(&ctx.db, few, most).await?,
        ),
    ] {
        for stream in streams {
            disabled += usize::from(stop(ctx, stream.id, why, now).await?);
        }
    }
    for stream in table::list_idle(&ctx.db, few).await? {
        drop_waiting(ctx, stream).await?;
    }
    Ok(disabled)
}

/// Disables a stream, unless that was done meanwhile.
async fn stop(
    ctx: &Context,
    stream: Id<EventStream>,
    why: StreamEnd,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let mut tx = ctx.db.begin().await?;
    let done = disable(ctx, &mut tx, stream, why, now).await?;
    tx.commit().await?;
    if done {
        after_disabling(ctx, stream, why).await?;
    }
    Ok(done)
}

/// Disables a stream in the service's own name, unless it is disabled, and writes to whoever answers for
/// it; says whether it did. What is left to do then does [`after_disabling`].
pub(super) async fn disable(
    ctx: &Context,
    tx: &mut Tx,
    stream: Id<EventStream>,
    why: StreamEnd,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let Some(stream) = table::lock(tx, stream).await? else {
        return Ok(false);
    };
    if stream.standing.status == StreamStatus::Disabled {
        return Ok(false);
    }
    let standing = Standing {
        status: StreamStatus::Disabled,
        by: SetBy::Service,
        reason: Some(why.reason().to_owned()),
    };
    let stream = set(tx, stream, standing, now).await?;
    write_to_answerable(ctx, tx, &stream, why, now).await?;
    Ok(true)
}

/// What follows once it is certain that a stream was disabled.
pub(super) async fn after_disabling(
    ctx: &Context,
    stream: Id<EventStream>,
    why: StreamEnd,
) -> Result<(), StorageError> {
    tracing::warn!(stream.id = %stream, reason = why.reason(), "an event stream was disabled");
    ctx.letters_waiting.ring();
    drop_waiting(ctx, stream).await
}

/// Writes to those who manage the organization whose events a stream carries, or own the client; or to
/// the security contact, so that somebody hears of it.
async fn write_to_answerable(
    ctx: &Context,
    tx: &mut Tx,
    stream: &EventStream,
    why: StreamEnd,
    now: Timestamp,
) -> Result<(), StorageError> {
    let (mut readers, mut addressee) = match stream.view {
        View::Everything => (Vec::new(), Addressee::Operator),
        View::Organization(organization) => {
            let managers = organizations::list_managers(tx, &[organization]).await?;
            let managers = managers.into_iter().map(|(_, email)| email).collect();
            (managers, Addressee::OrganizationManager)
        }
        View::Client(client) => {
            let owner = clients::find_owner_email(tx, client).await?;
            (owner.into_iter().collect(), Addressee::ClientOwner)
        }
    };
    if readers.is_empty() {
        readers.push(ctx.security_contact.clone());
        addressee = Addressee::Operator;
    }
    let host = match &stream.delivery {
        DeliveryMethod::Push { url, .. } => Some(url.host().to_owned()),
        DeliveryMethod::Poll => None,
    };
    let letter = Letter::StreamDisabled(StreamDisabled {
        stream: stream.id.to_string(),
        description: stream.description.clone(),
        host,
        why,
        addressee,
        disabled_at: now,
    });
    letters::write_about_machine(tx, readers, &letter, now).await
}

/// How full the streams are.
///
/// # Errors
/// When the database fails.
pub async fn depth(ctx: &Context) -> Result<Depth, StorageError> {
    table::depth(&ctx.db, MOST_COUNTED).await
}

/// How long the oldest event waits.
#[must_use]
pub fn oldest(depth: &Depth, now: Timestamp) -> Duration {
    depth.oldest.map(|at| now.since(at)).unwrap_or_default()
}
