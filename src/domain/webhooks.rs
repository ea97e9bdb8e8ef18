//! Machines that are told of exposures and revocations: who listens, and what becomes of that.
//!
//! Messages come by themselves, from [`crate::storage::journal`], in the transaction that made them
//! true; [`delivery`] signs them and settles what became of each.

use std::time::Duration;

use uuid::Uuid;

use super::{Context, DomainError, audit};
use crate::model::webhook::WebhookSecret;
use crate::model::{
    About, Deed, EventTypes, Id, Organization, Timestamp, WebhookEndpoint, WebhookMessage,
    WebhookUrl,
};
use crate::storage::webhooks as table;
pub use crate::storage::webhooks::{Depth, LoggedAttempt, StoredMessage};
use crate::storage::{StorageError, Tx, turns};

pub mod delivery;
mod secrets;
pub mod subscribers;

pub use secrets::seal_anew;
pub use subscribers::Reach;

/// What a service key needs to manage webhooks.
pub const SCOPE: &str = "webhooks:manage";
/// How many endpoints an organization may have, and how many operators may.
const MOST_ENDPOINTS: i64 = 16;
/// How many messages one transaction makes due again.
const BATCH: i64 = 500;
/// A message that waits for no longer than this and was never tried is as good as new.
const AS_NEW: Duration = Duration::from_secs(3_600);
/// Counting further would cost more than knowing is worth.
const MOST_COUNTED: i64 = 100_000;

const UNKNOWN: DomainError = DomainError::NotFound("there is no such webhook endpoint");
const UNKNOWN_ORGANIZATION: DomainError = DomainError::NotFound("there is no such organization");

/// An endpoint that was just made, or given a new secret.
#[derive(Debug)]
pub struct WithSecret {
    /// It.
    pub endpoint: WebhookEndpoint,
    /// What signs from now on. It is shown once.
    pub secret: WebhookSecret,
}

/// Adds an endpoint: for an organization, of whose tokens alone it hears, or for operators. Whoever
/// reaches one organization only need not name it.
///
/// # Errors
/// [`DomainError::NotFound`] without such an organization within reach, [`DomainError::Invalid`] when
/// nobody is told at such an address, [`DomainError::Taken`] when there are too many endpoints already.
pub async fn create(
    ctx: &Context,
    reach: Reach,
    organization: Option<Id<Organization>>,
    url: &str,
    events: EventTypes,
) -> Result<WithSecret, DomainError> {
    let now = ctx.clock.now();
    let organization = reach.narrow(organization)?;
    let url = address(ctx, url)?;
    let endpoint = WebhookEndpoint {
        id: Id::new(now),
        organization,
        url,
        events,
        created_at: now,
        disabled_at: None,
        disabled_why: None,
        failing_since: None,
        paused_until: Timestamp::from_millis(0),
    };
    let secret = WebhookSecret::fresh();
    let sealed = secrets::seal(ctx, endpoint.id, &secret)?;
    let mut tx = ctx.db.begin().await?;
    // What counts before it writes must not count while others write.
    turns::take(&mut tx, table::TURN).await?;
    if table::count(&mut tx, organization).await? >= MOST_ENDPOINTS {
        return Err(DomainError::Taken("there are 16 endpoints already"));
    }
    match table::insert(&mut tx, &endpoint, &sealed).await {
        // The only reference there is.
        Err(StorageError::Conflict(_)) => return Err(UNKNOWN_ORGANIZATION),
        outcome => outcome?,
    }
    note(&mut tx, now, "webhook.created", &endpoint);
    tx.commit().await?;
    Ok(WithSecret { endpoint, secret })
}

fn address(ctx: &Context, url: &str) -> Result<WebhookUrl, DomainError> {
    let parsed = WebhookUrl::parse(url, ctx.policy.webhooks.private_endpoints).ok();
    parsed
        .filter(|_| !ctx.detector.finds_secret(url))
        .ok_or(DomainError::Invalid(
            "an endpoint is an https address without user, password, fragment and token of this \
             service, and not in a private network unless webhooks.private_endpoints is set",
        ))
}

/// Finds an endpoint. It stays whose it is: what is found within reach may be changed by its id from then on.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none within reach.
pub async fn find(
    ctx: &Context,
    reach: Reach,
    endpoint: Id<WebhookEndpoint>,
) -> Result<WebhookEndpoint, DomainError> {
    let found = table::find(&ctx.db, reach.organization(), endpoint).await?;
    found.ok_or(UNKNOWN)
}

/// Up to `limit` endpoints behind `after`, oldest first; of an organization, or all within reach.
///
/// # Errors
/// [`DomainError::NotFound`] when the organization is beyond reach.
pub async fn list(
    ctx: &Context,
    reach: Reach,
    organization: Option<Id<Organization>>,
    after: Option<Id<WebhookEndpoint>>,
    limit: u32,
) -> Result<Vec<WebhookEndpoint>, DomainError> {
    let organization = reach.narrow(organization)?;
    Ok(table::page(&ctx.db, organization, after, i64::from(limit)).await?)
}

/// Gives an endpoint a new secret. The one before signs as well for a while, and the three before it for the
/// rest of theirs: whoever did not hear the answer and asks again loses nothing that is in use.
///
/// # Errors
/// [`DomainError::NotFound`] when there is no such endpoint.
pub async fn rotate_secret(
    ctx: &Context,
    reach: Reach,
    endpoint: Id<WebhookEndpoint>,
) -> Result<WithSecret, DomainError> {
    let now = ctx.clock.now();
    let endpoint = find(ctx, reach, endpoint).await?;
    let secret = WebhookSecret::fresh();
    let sealed = secrets::seal(ctx, endpoint.id, &secret)?;
    let until = now.plus(ctx.policy.webhooks.secret_overlap);
    let mut tx = ctx.db.begin().await?;
    // The secret that becomes a former one must be the one that is replaced.
    turns::take(&mut tx, table::TURN).await?;
    if !table::rotate_secret(&mut tx, endpoint.id, &sealed, (now, until)).await? {
        return Err(UNKNOWN);
    }
    note(&mut tx, now, "webhook.secret_rotated", &endpoint);
    tx.commit().await?;
    Ok(WithSecret { endpoint, secret })
}

/// Tells an endpoint nothing any more (`false`), or tells it again, beginning with the oldest that waits. One
/// that was disabled because it was gone or failed is also told what was given up since it failed. Whoever
/// is cut short and asks again loses nothing of what was done.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn set_enabled(
    ctx: &Context,
    reach: Reach,
    endpoint: Id<WebhookEndpoint>,
    enabled: bool,
) -> Result<WebhookEndpoint, DomainError> {
    let now = ctx.clock.now();
    let before = find(ctx, reach, endpoint).await?;
    if enabled && before.disabled_at.is_some() {
        begin_anew(ctx, &before, now).await?;
    }
    let mut tx = ctx.db.begin().await?;
    let name = match enabled {
        true if !table::enable(&mut tx, endpoint).await? => return Err(UNKNOWN),
        true => "webhook.enabled",
        false => {
            table::disable(&mut tx, endpoint, "operator", now).await?;
            "webhook.disabled"
        }
    };
    note(&mut tx, now, name, &before);
    tx.commit().await?;
    find(ctx, reach, endpoint).await
}

/// Lets what an endpoint missed be tried as patiently as what is new, while it is still disabled.
async fn begin_anew(
    ctx: &Context,
    disabled: &WebhookEndpoint,
    now: Timestamp,
) -> Result<(), StorageError> {
    let by_us = matches!(disabled.disabled_why.as_deref(), Some("gone" | "failing"));
    let failing_since = disabled.failing_since.or(disabled.disabled_at);
    let start = table::NewStart {
        at: now,
        before: now.minus(AS_NEW),
        dead_since: failing_since.filter(|_| by_us),
    };
    let mut next = Some(Uuid::nil());
    while let Some(after) = next {
        let mut tx = ctx.db.begin().await?;
        next = table::begin_anew(&mut tx, disabled.id, after, BATCH, &start).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Deletes an endpoint. What it was not told yet, it is not told.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn delete(
    ctx: &Context,
    reach: Reach,
    endpoint: Id<WebhookEndpoint>,
) -> Result<(), DomainError> {
    let now = ctx.clock.now();
    let before = find(ctx, reach, endpoint).await?;
    let mut tx = ctx.db.begin().await?;
    if !table::delete(&mut tx, endpoint, now).await? {
        return Err(UNKNOWN);
    }
    note(&mut tx, now, "webhook.deleted", &before);
    tx.commit().await?;
    Ok(())
}

/// The last tries at an endpoint, the latest first.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn deliveries(
    ctx: &Context,
    reach: Reach,
    endpoint: Id<WebhookEndpoint>,
    limit: u32,
) -> Result<Vec<LoggedAttempt>, DomainError> {
    find(ctx, reach, endpoint).await?;
    Ok(table::list_attempts(&ctx.db, endpoint, i64::from(limit)).await?)
}

/// The last messages of an endpoint, the latest first.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub async fn messages(
    ctx: &Context,
    reach: Reach,
    endpoint: Id<WebhookEndpoint>,
    limit: u32,
) -> Result<Vec<StoredMessage>, DomainError> {
    find(ctx, reach, endpoint).await?;
    Ok(table::list_messages(&ctx.db, endpoint, i64::from(limit)).await?)
}

/// Sends one message of an endpoint again, under the same id, and without waiting for a pause to end.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none, or it was deleted already.
pub async fn replay(
    ctx: &Context,
    reach: Reach,
    endpoint: Id<WebhookEndpoint>,
    message: Id<WebhookMessage>,
) -> Result<(), DomainError> {
    let now = ctx.clock.now();
    let found = find(ctx, reach, endpoint).await?;
    let mut tx = ctx.db.begin().await?;
    // The endpoint first, as whoever settles a message takes it.
    table::end_pause(&mut tx, endpoint).await?;
    if !table::replay(&mut tx, endpoint, message, now).await? {
        return Err(DomainError::NotFound("the endpoint has no such message"));
    }
    note(&mut tx, now, "webhook.replayed", &found);
    tx.commit().await?;
    Ok(())
}

/// Sends every message of an endpoint again that was made since then, under the same ids and without
/// waiting for a pause to end, and tells how many. What was asked for before a failure stays asked for.
///
/// # Errors
/// [`DomainError::NotFound`] when there is no such endpoint.
pub async fn replay_since(
    ctx: &Context,
    reach: Reach,
    endpoint: Id<WebhookEndpoint>,
    since: Timestamp,
) -> Result<usize, DomainError> {
    let now = ctx.clock.now();
    let found = find(ctx, reach, endpoint).await?;
    let mut after = Uuid::nil();
    let mut replayed = 0;
    loop {
        let mut tx = ctx.db.begin().await?;
        if after.is_nil() {
            table::end_pause(&mut tx, endpoint).await?;
        }
        let from = (after, since);
        let batch = table::replay_since(&mut tx, endpoint, from, BATCH, now).await?;
        if batch.is_some() && replayed == 0 {
            note(&mut tx, now, "webhook.replayed", &found);
        }
        tx.commit().await?;
        let Some((last, number)) = batch else {
            return Ok(replayed);
        };
        after = last;
        replayed += number;
    }
}

/// Sends an endpoint a message without news, without waiting for a pause to end, and tells its id.
///
/// # Errors
/// [`DomainError::NotFound`] when there is no such endpoint, [`DomainError::Invalid`] when it is
/// disabled.
pub async fn test(
    ctx: &Context,
    reach: Reach,
    endpoint: Id<WebhookEndpoint>,
) -> Result<Id<WebhookMessage>, DomainError> {
    let found = find(ctx, reach, endpoint).await?;
    if found.disabled_at.is_some() {
        return Err(DomainError::Invalid(
            "the endpoint is disabled: enable it first",
        ));
    }
    let mut tx = ctx.db.begin().await?;
    table::end_pause(&mut tx, endpoint).await?;
    let message = table::insert_test(&mut tx, endpoint, ctx.clock.now()).await?;
    tx.commit().await?;
    Ok(message)
}

/// How full the queue is.
///
/// # Errors
/// When the database fails.
pub async fn depth(ctx: &Context) -> Result<Depth, StorageError> {
    table::depth(&ctx.db, MOST_COUNTED).await
}

fn note(tx: &mut Tx, now: Timestamp, name: &'static str, endpoint: &WebhookEndpoint) {
    let about = About {
        organization: endpoint.organization,
        ..About::default()
    };
    let detail = serde_json::json!({ "webhook_id": endpoint.id });
    audit::note(tx, now, Deed::new(name, about).with(detail));
}
