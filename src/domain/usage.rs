//! Last use: gathered in memory, written down by a job, so that looking a token up never writes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::Context;
use crate::model::{Id, Timestamp, Token, TokenDigest, TokenKind};
use crate::storage::StorageError;
use crate::storage::tokens::{self, NewDigest, Use};

/// How many tokens are written down in one transaction.
const BATCH: usize = 1_000;

/// What was seen since the last flush: per token, its latest use and, when it was found under an
/// older hash key, its digest under the current one.
#[derive(Debug, Default)]
pub struct PendingUses {
    seen: Mutex<HashMap<Id<Token>, Pending>>,
    hurry: Notify,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    at: Timestamp,
    from: Option<IpAddr>,
    digest: Option<TokenDigest>,
}

impl PendingUses {
    /// Notes that a token was used.
    pub fn note(
        &self,
        token: Id<Token>,
        at: Timestamp,
        from: Option<IpAddr>,
        digest: Option<TokenDigest>,
    ) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = seen.entry(token).or_insert(Pending { at, from, digest });
        // Uses do not come in order: what could not be written down comes back after newer ones.
        if at >= pending.at {
            (pending.at, pending.from) = (at, from);
        }
        pending.digest = digest.or(pending.digest);
    }

    /// Notes the use of a token that was found. The first use of an access token decides whether the
    /// refresh token that it came with may be used again, and another replica may be asked about
    /// that: it is written down at once.
    pub fn note_found(
        &self,
        token: &Token,
        at: Timestamp,
        from: Option<IpAddr>,
        digest: Option<TokenDigest>,
    ) {
        self.note(token.id, at, from, digest);
        let first = token.last_used_at.is_none() && token.parent.is_some();
        if first && token.kind == TokenKind::AccessToken {
            self.hurry.notify_one();
        }
    }

    /// Waits until a use is to be written down at once.
    pub async fn hurried(&self) {
        self.hurry.notified().await;
    }

    /// The latest use that has not been written down, if there is one.
    pub fn latest(&self, token: Id<Token>) -> Option<(Timestamp, Option<IpAddr>)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&token).map(|pending| (pending.at, pending.from))
    }

    fn take(&self) -> Vec<(Id<Token>, Pending)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = std::mem::take(&mut *seen).into_iter().collect();
        // The same order everywhere, so that two replicas do not wait for each other.
        all.sort_unstable_by_key(|(token, _)| *token);
        all
    }

    fn put_back(&self, rest: &[(Id<Token>, Pending)]) {
        for (token, pending) in rest {
            self.note(*token, pending.at, pending.from, pending.digest);
        }
    }
}

/// Writes down what was seen since the last time and tells how many tokens that were. What could
/// not be written is kept for the next time.
///
/// # Errors
/// When the database fails.
pub async fn flush(ctx: &Context) -> Result<usize, StorageError> {
    let all = ctx.pending_uses.take();
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(rest.len().min(BATCH));
        if let Err(error) = write(ctx, batch).await {
            ctx.pending_uses.put_back(rest);
            return Err(error);
        }
        rest = later;
    }
    Ok(all.len())
}

async fn write(ctx: &Context, batch: &[(Id<Token>, Pending)]) -> Result<(), StorageError> {
    let uses: Vec<Use> = batch
        .iter()
        .map(|(token, pending)| Use {
            token: *token,
            at: pending.at,
            from: pending.from,
        })
        .collect();
    let digests: Vec<NewDigest> = batch
        .iter()
        .filter_map(|(token, pending)| {
            Some(NewDigest {
                token: *token,
                digest: pending.digest?,
            })
        })
        .collect();
    let mut tx = ctx.db.begin().await?;
    tokens::record_uses(&mut tx, &uses).await?;
    if !digests.is_empty() {
        tokens::rehash(&mut tx, ctx.hash_keys.current().id(), &digests).await?;
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_use_wins_and_takes_no_address_from_an_earlier_one() {
        let pending = PendingUses::default();
        let token = Id::new(Timestamp::from_millis(0));
        let home = IpAddr::from([192, 0, 2, 1]);
        pending.note(token, Timestamp::from_millis(5), Some(home), None);
        pending.note(token, Timestamp::from_millis(9), None, None);
        pending.note(token, Timestamp::from_millis(7), Some(home), None);
        let latest = pending.latest(token);
        assert_eq!(latest, Some((Timestamp::from_millis(9), None)));
        assert_eq!(pending.take().len(), 1);
        assert_eq!(pending.latest(token), None);
    }

    #[test]
    fn an_older_use_that_comes_back_does_not_move_a_newer_one() {
        let pending = PendingUses::default();
        let token = Id::new(Timestamp::from_millis(0));
        let [home, elsewhere] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        pending.note(token, Timestamp::from_millis(5), Some(elsewhere), None);
        let unwritten = pending.take();
        pending.note(token, Timestamp::from_millis(9), Some(home), None);
        pending.put_back(&unwritten);
        let latest = pending.latest(token);
        assert_eq!(latest, Some((Timestamp::from_millis(9), Some(home))));
    }
}
