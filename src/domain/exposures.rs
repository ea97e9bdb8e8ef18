//! The main job: a delivery comes in, tokens die, exposures are written down, owners are told.

use std::collections::HashSet;

use super::attempts::until_settled;
use super::cases::{Case, Revoked, Sightings};
use super::letters::{self, Managers};
use super::{Context, Wake, sessions};
use crate::model::{
    Delivery, Id, Remedy, Revocation, RevocationReason, Timestamp, TokenDigest, TokenKind, Verdict,
};
use crate::storage::deliveries::{self, Remembered};
use crate::storage::exposures::{self as exposures_table, NewExposure};
use crate::storage::outbox::{self, NewLetter};
use crate::storage::tokens::{self, ExposedSet, NewDigest, RevokedToken};
use crate::storage::{StorageError, Tx, grants, organizations};

/// Letters about leaks wait behind those that somebody sits and waits for.
pub(super) const PRIORITY: i64 = 10;

/// What became of a delivery.
#[derive(Clone, Debug, Default)]
pub struct Handled {
    /// One per report, in their order.
    pub verdicts: Vec<Verdict>,
    /// The tokens that this delivery, and no earlier event, has revoked.
    pub revoked: Vec<(TokenKind, RevocationReason)>,
    /// How many exposures are new.
    pub new_exposures: usize,
    /// How many letters were put into the outbox.
    pub letters: usize,
    /// Whether the same body was handled before.
    pub repeated: bool,
}

/// Handles a delivery. When this returns `Ok`, every token of ours in it is dead with its family,
/// every place is written down and everybody's letter is in the outbox, for good.
///
/// The number of statements does not depend on the number of reports: none when nothing has our
/// shape, one when nothing is ours, and at most nine otherwise,
/// or thirteen when the token of a session is among them.
///
/// # Errors
/// When the database fails. Nothing was changed then, or, when it failed during the commit,
/// perhaps everything; repeating the delivery is right in both cases.
pub async fn handle(ctx: &Context, delivery: &Delivery) -> Result<Handled, StorageError> {
    let sightings = Sightings::in_delivery(ctx, delivery);
    let nothing = Handled {
        verdicts: vec![Verdict::FalsePositive; delivery.reports.len()],
        ..Handled::default()
    };
    if sightings.is_empty() {
        return Ok(nothing);
    }
    // Reading first keeps deliveries in which nothing is ours away from the writer.
    let digests: Vec<TokenDigest> = sightings.by_digest.keys().copied().collect();
    let found = tokens::find_by_digests(&ctx.db, &digests).await?;
    if found.is_empty() {
        return Ok(nothing);
    }
    let cases: Vec<Case<'_>> = found
        .iter()
        .map(|found| Case::new(ctx, delivery, found, &sightings))
        .collect();
    until_settled(async || record(ctx, delivery, &cases).await).await
}

/// The transaction.
async fn record(
    ctx: &Context,
    delivery: &Delivery,
    cases: &[Case<'_>],
) -> Result<Handled, StorageError> {
    let now = delivery.received_at;
    let mut verdicts = vec![Verdict::FalsePositive; delivery.reports.len()];
    for report in cases.iter().flat_map(|case| &case.reports) {
        if let Some(verdict) = verdicts.get_mut(*report) {
            *verdict = Verdict::TruePositive;
        }
    }
    let mut exposed = exposed_set(cases);
    let mut tx = ctx.db.begin().await?;
    let delivery_id = remember(&mut tx, delivery, &mut verdicts).await?;
    let revoked = tokens::revoke_exposed(&mut tx, &exposed, now).await?;
    let from_sessions = end_what_sessions_made(&mut tx, cases, &mut exposed, &revoked, now).await?;
    let revoked = Revoked::new(revoked, from_sessions);
    if !exposed.grants.is_empty() {
        grants::revoke(&mut tx, &exposed.grants, now).await?;
    }
    let (owners, exposures): (Vec<&Case<'_>>, Vec<NewExposure>) = cases
        .iter()
        .flat_map(|case| {
            case.exposures(delivery)
                .map(move |exposure| (case, exposure))
        })
        .unzip();
    let written: HashSet<_> = exposures_table::insert(&mut tx, Some(delivery_id), &exposures)
        .await?
        .into_iter()
        .collect();
    let fresh: Vec<_> = owners
        .into_iter()
        .zip(&exposures)
        .filter(|(_, new)| written.contains(&new.exposure.id))
        .collect();
    let letters = write_letters(ctx, &mut tx, &fresh, &revoked, now).await?;
    rehash(ctx, &mut tx, cases).await?;
    tx.commit().await?;
    announce(&ctx.letters_waiting, letters);
    Ok(Handled {
        verdicts,
        revoked: revoked.by_kind_and_reason(&exposed.tokens),
        new_exposures: fresh.len(),
        letters,
        repeated: delivery_id != delivery.id,
    })
}

/// Ends what was minted from the sessions that ended just now, and everything that was granted in
/// a session whose own token was seen: whoever had it could allow any client anything. Tells which
/// tokens died.
async fn end_what_sessions_made(
    tx: &mut Tx,
    cases: &[Case<'_>],
    exposed: &mut ExposedSet,
    revoked: &[RevokedToken],
    now: Timestamp,
) -> Result<Vec<RevokedToken>, StorageError> {
    let revocation = Revocation {
        at: now,
        reason: RevocationReason::RelativeExposed,
    };
    let is_session = |kind: TokenKind| kind.remedy() == Remedy::UserSessions;
    let ended = revoked.iter().filter(|token| is_session(token.kind));
    let ended: Vec<_> = ended.map(|token| token.id).collect();
    let mut dead = sessions::wind_up(tx, &ended, revocation).await?;
    let seen = cases.iter().map(|case| &case.found.known.token);
    let seen: Vec<_> = seen
        .filter(|token| is_session(token.kind))
        .map(|token| token.id)
        .collect();
    if !seen.is_empty() {
        let granted = grants::list_by_sessions(tx, &seen).await?;
        dead.extend(tokens::revoke_families(tx, &granted, revocation).await?);
        exposed.grants.extend(granted);
    }
    Ok(dead)
}

fn exposed_set(cases: &[Case<'_>]) -> ExposedSet {
    let mut exposed = ExposedSet::default();
    for known in cases.iter().map(|case| &case.found.known) {
        exposed.tokens.push(known.token.id);
        match known.token.kind.remedy() {
            Remedy::Token => {}
            Remedy::Family => exposed.grants.extend(known.token.grant),
            Remedy::UserSessions => {
                exposed
                    .session_users
                    .extend(known.user.as_ref().map(|user| user.id));
            }
        }
    }
    exposed.grants.sort_unstable();
    exposed.grants.dedup();
    exposed.session_users.sort_unstable();
    exposed.session_users.dedup();
    exposed
}

/// Remembers the delivery. A verdict that was true once stays true, so a repeated delivery gets
/// the answer it got before; it only ever improves, when what we know has grown.
async fn remember(
    tx: &mut Tx,
    delivery: &Delivery,
    verdicts: &mut [Verdict],
) -> Result<Id<Delivery>, StorageError> {
    match deliveries::insert(tx, delivery, verdicts).await? {
        Remembered::Now => Ok(delivery.id),
        Remembered::Before {
            id,
            verdicts: earlier,
        } => {
            for (verdict, earlier) in verdicts.iter_mut().zip(earlier) {
                if earlier == Verdict::TruePositive {
                    *verdict = earlier;
                }
            }
            Ok(Id::from_uuid(id))
        }
    }
}

async fn write_letters(
    ctx: &Context,
    tx: &mut Tx,
    fresh: &[(&Case<'_>, &NewExposure)],
    revoked: &Revoked,
    now: Timestamp,
) -> Result<usize, StorageError> {
    if fresh.is_empty() {
        return Ok(0);
    }
    let managers = managers(tx, fresh).await?;
    let mut all = Vec::new();
    for (case, new) in fresh {
        let known = &case.found.known;
        let outcome = case.outcome(revoked, now);
        let relatives = revoked.relatives(case);
        for (recipient, addressee) in letters::addressees(ctx, known, &managers) {
            let exposure = &new.exposure;
            let letter =
                letters::token_exposed(ctx, known, exposure, addressee, outcome, relatives);
            let exposure = Some(exposure.id);
            all.push(NewLetter {
                id: Id::new(now),
                exposure,
                recipient,
                letter,
            });
        }
    }
    outbox::insert(tx, &all, PRIORITY, now).await?;
    Ok(all.len())
}

async fn managers(
    tx: &mut Tx,
    fresh: &[(&Case<'_>, &NewExposure)],
) -> Result<Managers, StorageError> {
    let mut ids: Vec<_> = fresh
        .iter()
        .filter_map(|(case, _)| case.found.known.organization.as_ref())
        .map(|organization| organization.id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut managers = Managers::new();
    if !ids.is_empty() {
        for (organization, email) in organizations::list_managers(tx, &ids).await? {
            managers.entry(organization).or_default().push(email);
        }
    }
    Ok(managers)
}

async fn rehash(ctx: &Context, tx: &mut Tx, cases: &[Case<'_>]) -> Result<(), StorageError> {
    let digests: Vec<NewDigest> = cases
        .iter()
        .filter_map(|case| {
            Some(NewDigest {
                token: case.id(),
                digest: case.rehash?,
            })
        })
        .collect();
    if digests.is_empty() {
        return Ok(());
    }
    tokens::rehash(tx, ctx.hash_keys.current().id(), &digests).await
}

pub(super) fn announce(letters_waiting: &Wake, letters: usize) {
    if letters > 0 {
        letters_waiting.ring();
    }
}
