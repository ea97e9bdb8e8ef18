//! Where tokens were seen is removed some time after a case was closed: its token is dead, and each
//! of its letters was sent or is dead.

use std::time::Duration;

use serde_json::json;

use super::{BATCH, Backlog, MOST_COUNTED, Rest, TURN};
use crate::domain::{Context, audit};
use crate::model::{About, Deed, Exposure, Id, Origin, Timestamp, random};
use crate::storage::exposures::{self, SealedPlace};
use crate::storage::{StorageError, digests, outbox, turns, webhooks};

/// The pause between two batches.
const PAUSE: Duration = Duration::from_millis(50);

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// How many exposures lost their place.
    pub exposures: u64,
    /// How many letters did.
    pub letters: u64,
    /// How many places could be guessed until now.
    pub sealed: u64,
    /// How many exposures were not found by whom they concern until now.
    pub owned: u64,
}

/// Removes every place whose time is over, origin by origin.
///
/// # Errors
/// When the database fails. What was done until then stays done.
pub async fn scrub(ctx: &Context, rest: &impl Rest) -> Result<Scrubbed, StorageError> {
    let scrubbed = scrub_due(ctx, rest).await;
    // Also after a round that failed, and for one that was killed or found readers in the way.
    if !ctx.db.forget_log().await? {
        tracing::warn!("readers keep the log of the database: the next round empties it");
    }
    scrubbed
}

async fn scrub_due(ctx: &Context, rest: &impl Rest) -> Result<Scrubbed, StorageError> {
    let mut done = Scrubbed {
        sealed: seal(ctx, rest).await?,
        owned: own(ctx, rest).await?,
        ..Scrubbed::default()
    };
    let now = ctx.clock.now();
    for origin in exposures::list_origins(&ctx.db).await? {
        let before = now.minus(ctx.policy.retention.places.of(&origin));
        let mut after = None;
        loop {
            let old = exposures::list_old(&ctx.db, &origin, before, after, BATCH).await?;
            let Some(last) = old.last().copied() else {
                break;
            };
            let ids: Vec<_> = old.into_iter().map(|(_, id)| id).collect();
            let (exposures, letters) = scrub_batch(ctx, &ids, before, now).await?;
            done.exposures += exposures;
            done.letters += letters;
            // Those that wait for a letter are passed by, and looked at again in the next round.
            after = Some(last);
            if !rest.rest(PAUSE).await {
                return Ok(done);
            }
        }
    }
    Ok(done)
}

/// The transaction. Replicas take turns, so that none of them waits for a row of another one.
async fn scrub_batch(
    ctx: &Context,
    ids: &[Id<Exposure>],
    before: Timestamp,
    now: Timestamp,
) -> Result<(u64, u64), StorageError> {
    let mut tx = ctx.db.begin().await?;
    turns::take(&mut tx, TURN).await?;
    let scrubbed = exposures::scrub(&mut tx, ids, before, now).await?;
    let letters = match scrubbed.is_empty() {
        true => 0,
        false => {
            outbox::forget_places(&mut tx, &scrubbed).await?
                + digests::forget_places(&mut tx, &scrubbed).await?
        }
    };
    if !scrubbed.is_empty() {
        webhooks::forget_places(&mut tx, &scrubbed).await?;
        let detail = json!({ "exposures": scrubbed.len(), "letters": letters });
        let deed = Deed::new("places.scrubbed", About::default());
        audit::note(&mut tx, now, deed.with(detail));
    }
    let committed = tx.commit().await;
    // Perhaps also when that failed.
    if !scrubbed.is_empty() {
        ctx.db.log_remembers();
    }
    committed?;
    Ok((scrubbed.len().try_into().unwrap_or(u64::MAX), letters))
}

/// Seals what an earlier version stored under a plain digest. Nothing is left to do from the second
/// round on.
async fn seal(ctx: &Context, rest: &impl Rest) -> Result<u64, StorageError> {
    let key = ctx.hash_keys.current();
    let mut done = 0;
    loop {
        let unsealed = exposures::list_unsealed(&ctx.db, BATCH).await?;
        if unsealed.is_empty() {
            return Ok(done);
        }
        let places: Vec<_> = unsealed
            .iter()
            .map(|(exposure, guessable)| SealedPlace {
                exposure: *exposure,
                key: key.seal(guessable),
                otherwise: random::bytes(),
            })
            .collect();
        let mut tx = ctx.db.begin().await?;
        turns::take(&mut tx, TURN).await?;
        done += exposures::seal(&mut tx, key.id(), &places).await?;
        tx.commit().await?;
        if !rest.rest(PAUSE).await {
            return Ok(done);
        }
    }
}

/// Writes down whom exposures concern that an earlier version wrote. Nothing is left to do from the
/// second round on.
async fn own(ctx: &Context, rest: &impl Rest) -> Result<u64, StorageError> {
    let mut done = 0;
    while exposures::is_any_unowned(&ctx.db).await? {
        let mut tx = ctx.db.begin().await?;
        turns::take(&mut tx, TURN).await?;
        done += exposures::assign_owners(&mut tx, BATCH).await?;
        tx.commit().await?;
        if !rest.rest(PAUSE).await {
            break;
        }
    }
    Ok(done)
}

/// What is kept of the places that an origin reported.
#[derive(Clone, Debug)]
pub struct PlaceReport {
    /// Who reported them.
    pub origin: Origin,
    /// How long they are kept.
    pub kept_for: Duration,
    /// How many exposures there are.
    pub exposures: u64,
    /// How many of them hold their place.
    pub held: u64,
    /// When the oldest of those was first seen.
    pub oldest: Option<Timestamp>,
    /// How many were scrubbed.
    pub scrubbed: u64,
    /// How many letters hold a place.
    pub letters: u64,
    /// How many messages to machines do.
    pub messages: u64,
}

/// What is kept of places, by origin. Reads everything, so that it is a proof.
///
/// # Errors
/// When the database fails.
pub async fn report(ctx: &Context) -> Result<Vec<PlaceReport>, StorageError> {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let all = exposures::places_held(&ctx.db).await?;
    let report = all.into_iter().map(|held| PlaceReport {
        kept_for: ctx.policy.retention.places.of(&held.origin),
        exposures: count(held.exposures),
        held: count(held.held),
        oldest: held.oldest,
        scrubbed: count(held.scrubbed),
        letters: count(held.letters),
        messages: count(held.messages),
        origin: held.origin,
    });
    Ok(report.collect())
}

/// How many places are older than their origin's are kept, those included that wait for a letter.
pub(super) async fn backlog(ctx: &Context) -> Result<Backlog, StorageError> {
    let now = ctx.clock.now();
    let mut backlog = Backlog {
        what: "places",
        waiting: 0,
        overdue: Duration::ZERO,
    };
    for origin in exposures::list_origins(&ctx.db).await? {
        let before = now.minus(ctx.policy.retention.places.of(&origin));
        let most = i64::try_from(MOST_COUNTED).unwrap_or(i64::MAX);
        let overdue = exposures::count_old(&ctx.db, &origin, before, most).await?;
        backlog.waiting += u64::try_from(overdue.number).unwrap_or_default();
        let overdue = overdue.oldest.map(|oldest| before.since(oldest));
        backlog.overdue = backlog.overdue.max(overdue.unwrap_or_default());
    }
    Ok(backlog)
}
