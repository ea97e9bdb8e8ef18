//! The main job: a delivery comes in, tokens die, exposures are written down, owners are told.

pub mod owned;

use super::attempts::until_settled;
use super::cases::{Case, Sightings};
use super::incident::{self, Incident};
use super::{Context, Wake, breakers, provenance, reactions, retention};
use crate::model::{
    Actor, Delivery, Exposure, Id, Origin, RevocationReason, TokenDigest, TokenKind, Verdict,
};
use crate::storage::deliveries::{self, Remembered};
use crate::storage::exposures as exposures_table;
pub use crate::storage::exposures::{ExposureFilter, SeenToken};
use crate::storage::{StorageError, Tx, spent_tokens};

/// The scope that lets a service key read exposures.
pub const SCOPE: &str = "exposures:read";

/// What became of a delivery.
#[derive(Clone, Debug, Default)]
pub struct Handled {
    /// One per report, in their order.
    pub verdicts: Vec<Verdict>,
    /// The tokens that this delivery, and no earlier event, has revoked or put into quarantine.
    pub revoked: Vec<(TokenKind, RevocationReason)>,
    /// How many exposures are new.
    pub new_exposures: usize,
    /// How many letters were put into the outbox.
    pub letters: usize,
    /// Whether the same body was handled before.
    pub repeated: bool,
}

/// Handles a delivery. When this returns `Ok`, what policy says was done about every token of ours in
/// it, which is that it is dead with its family unless an operator decided otherwise; every place is
/// written down and everybody's letter is in the outbox, for good.
///
/// The number of statements does not depend on the number of reports: none when nothing has our
/// shape, one when nothing is ours, and otherwise at most sixteen, or twenty when the token of a
/// session is among them; four more when an endpoint listens, five more when something goes into
/// quarantine, two more when a token ended so long ago that little of it is kept, one more when it tells
/// of tokens that were dead before and of others, one more when one of them had died as a relative, and one
/// more while there is an older hash key. When another transaction was in the way, it begins anew, after a few statements that keep pruning away.
///
/// # Errors
/// When the database fails. Nothing was changed then, or, when it failed during the commit,
/// perhaps everything; repeating the delivery is right in both cases.
pub async fn handle(ctx: &Context, delivery: &Delivery) -> Result<Handled, StorageError> {
    if delivery.origin == Origin::POSSESSION {
        // Whoever proves nothing must not learn from a database that takes nothing, or late, whether there was
        // something to write.
        ctx.db.begin().await?.probe().await?;
    }
    let sightings = Sightings::in_reports(ctx, &delivery.reports);
    let nothing = Handled {
        verdicts: vec![Verdict::FalsePositive; delivery.reports.len()],
        ..Handled::default()
    };
    if sightings.is_empty() {
        return Ok(nothing);
    }
    let key = Some(delivery.key_id.clone()).filter(|key| !key.is_empty());
    provenance::act_as(Actor::Origin(delivery.origin.clone(), key));
    let digests = sightings.digests();
    let attempt = async || {
        // Reading first keeps deliveries in which nothing is ours away from the writer.
        let issued = spent_tokens::find_issued(&ctx.db, &digests).await?;
        if issued.is_empty() {
            return Ok(nothing.clone());
        }
        let (reports, now) = (&delivery.reports, delivery.received_at);
        let cases: Vec<Case<'_>> = issued
            .iter()
            .map(|issued| Case::new(ctx, reports, &issued.found, &sightings, now))
            .collect();
        record(ctx, delivery, &cases, &incident::spent(&issued)).await
    };
    match attempt().await {
        Err(StorageError::Conflict(_)) => {
            let issued = spent_tokens::find_issued(&ctx.db, &digests).await?;
            retention::spare(ctx, &issued).await?;
            until_settled(attempt).await
        }
        outcome => outcome,
    }
}

/// The transaction. Of `spent` tokens only a few facts are kept, and they become tokens again.
async fn record(
    ctx: &Context,
    delivery: &Delivery,
    cases: &[Case<'_>],
    spent: &[TokenDigest],
) -> Result<Handled, StorageError> {
    let now = delivery.received_at;
    let mut verdicts = vec![Verdict::FalsePositive; delivery.reports.len()];
    for (report, _) in cases.iter().flat_map(|case| &case.seen) {
        if let Some(verdict) = verdicts.get_mut(*report) {
            *verdict = Verdict::TruePositive;
        }
    }
    let mut tx = ctx.db.begin().await?;
    let delivery_id = remember(&mut tx, delivery, &mut verdicts).await?;
    incident::bring_back(&mut tx, spent).await?;
    let reacted = reactions::react(ctx, &mut tx, &delivery.origin, cases, now).await?;
    let incident = Incident {
        origin: &delivery.origin,
        delivery: delivery_id,
        cases,
        reacted: &reacted,
        at: now,
    };
    let written = incident.write_down(ctx, &mut tx).await?;
    tx.commit().await?;
    let letters = written.letters + reacted.letters;
    announce(&ctx.letters_waiting, letters);
    if reacted.breaker_opened {
        breakers::announce(&delivery.origin);
    }
    Ok(Handled {
        verdicts,
        revoked: reacted.revoked.by_kind_and_reason(),
        new_exposures: written.fresh.len(),
        letters,
        repeated: delivery_id.is_some_and(|id| id != delivery.id),
    })
}

/// Remembers the delivery. A verdict that was true once stays true, so a repeated delivery gets
/// the answer it got before; it only ever improves, when what we know has grown. `None` when
/// nothing of it may be kept.
async fn remember(
    tx: &mut Tx,
    delivery: &Delivery,
    verdicts: &mut [Verdict],
) -> Result<Option<Id<Delivery>>, StorageError> {
    match deliveries::insert(tx, delivery, verdicts).await? {
        Remembered::Never => Ok(None),
        Remembered::Now => Ok(Some(delivery.id)),
        Remembered::Before {
            id,
            verdicts: earlier,
        } => {
            for (verdict, earlier) in verdicts.iter_mut().zip(earlier) {
                if earlier == Verdict::TruePositive {
                    *verdict = earlier;
                }
            }
            Ok(Some(Id::from_uuid(id)))
        }
    }
}

/// Up to `limit` exposures that fit, newest first, behind `after`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    ctx: &Context,
    filter: &ExposureFilter,
    after: Option<Id<Exposure>>,
    limit: u32,
) -> Result<Vec<SeenToken>, StorageError> {
    exposures_table::page(&ctx.db, filter, after, i64::from(limit)).await
}

/// The exposure with this id.
///
/// # Errors
/// When the database fails.
pub async fn find(ctx: &Context, id: Id<Exposure>) -> Result<Option<SeenToken>, StorageError> {
    exposures_table::find(&ctx.db, id).await
}

pub(super) fn announce(letters_waiting: &Wake, letters: usize) {
    if letters > 0 {
        letters_waiting.ring();
    }
}
