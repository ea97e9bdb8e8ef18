//! A refresh token that was used by two: the family dies, that is written down as an exposure, and
//! its owner is told.

use super::exposures::announce;
use super::incident::PRIORITY;
use super::{Context, families, places};
use crate::model::letter::TokenReplayed;
use crate::model::{
    Concerned, Decision, Exposure, Grant, Id, KnownToken, Letter, Origin, Place, Revocation,
    RevocationReason, Timestamp, TokenDigest, TokenState, User, Verdict,
};
use crate::storage::exposures::NewExposure;
use crate::storage::outbox::{self, NewLetter};
use crate::storage::{StorageError, Tx, spent_tokens};

/// The place of a replay: not an address, because the token came to us.
const SOURCE: &str = "refresh token used twice";

/// A refresh token that came again after others had been used in its place.
pub(super) struct Replay<'a> {
    pub(super) token: &'a KnownToken,
    pub(super) digest: TokenDigest,
    pub(super) grant: &'a Grant,
    pub(super) user: &'a User,
}

/// Ends the family in this transaction, and commits it.
pub(super) async fn end_family(
    ctx: &Context,
    mut tx: Tx,
    replay: &Replay<'_>,
    now: Timestamp,
) -> Result<(), StorageError> {
    let revocation = Revocation {
        at: now,
        reason: RevocationReason::Replayed,
    };
    // The token may be one of which little is kept, and is to be written down about.
    spent_tokens::bring_back(&mut tx, &[replay.digest]).await?;
    spent_tokens::forget(&mut tx, &[replay.digest]).await?;
    let revoked = families::end(&mut tx, &[replay.grant.id], revocation).await?;
    let exposure = exposure(ctx, replay, now);
    let written = places::write(ctx, &mut tx, None, std::slice::from_ref(&exposure)).await?;
    if !written.is_empty() {
        let letter = NewLetter {
            id: Id::new(now),
            exposure: Some(exposure.exposure.id),
            recipient: replay.user.email.clone(),
            letter: letter(replay, now),
        };
        outbox::insert(&mut tx, &[letter], PRIORITY, now).await?;
    }
    tx.commit().await?;
    announce(&ctx.letters_waiting, written.len());
    tracing::warn!(
        client.id = %replay.grant.client,
        grant.id = %replay.grant.id,
        tokens = revoked.len(),
        "a refresh token was used twice: its family is dead"
    );
    Ok(())
}

fn exposure(ctx: &Context, replay: &Replay<'_>, now: Timestamp) -> NewExposure {
    let state = replay.token.state(now);
    NewExposure {
        exposure: Exposure {
            id: Id::new(now),
            token: replay.token.token.id,
            origin: Origin::REPLAY,
            place: Place::new(None, Some(SOURCE), &ctx.detector),
            first_seen_at: now,
            revoked_at: Some(match state {
                TokenState::Revoked { at } => at,
                _ => now,
            }),
            decision: Decision::always(),
            verdict: Verdict::TruePositive,
        },
        state_before: state.name(),
        concerned: Concerned::by(replay.token),
        is_told: true,
    }
}

fn letter(replay: &Replay<'_>, now: Timestamp) -> Letter {
    let client = replay.token.client.as_ref();
    Letter::TokenReplayed(TokenReplayed {
        client: client.map(|client| client.name.clone()).unwrap_or_default(),
        hint: replay.token.token.hint.clone(),
        granted_at: replay.grant.created_at,
        scopes: replay.grant.scopes.iter().map(str::to_owned).collect(),
        ended_at: now,
    })
}
