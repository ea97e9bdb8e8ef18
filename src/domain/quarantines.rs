//! The end of quarantines: a token comes back as it was, or dies for good.

use super::attempts::until_settled;
use super::exposures::announce;
use super::incident::{self, PRIORITY};
use super::{Context, DomainError, letters};
use crate::model::letter::QuarantineEnded;
use crate::model::{Id, Letter, Origin, QuarantineEnd, Timestamp, Token, TokenKind, TokenState};
use crate::storage::outbox::{self, NewLetter};
pub use crate::storage::quarantines::Quarantine;
use crate::storage::quarantines::{self as table, Settlement};
use crate::storage::tokens::{self, RevokedToken};
use crate::storage::{StorageError, Tx, turns};

/// How many are ended in one round of the timer.
const AT_ONCE: i64 = 200;
/// How many are read at once.
const PAGE: i64 = 1_000;
/// Counting further would cost more than knowing is worth.
const MOST_COUNTED: i64 = 10_000;

/// What became of a quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Which.
    pub id: Id<Quarantine>,
    /// How it ended.
    pub ending: QuarantineEnd,
    /// The tokens that came back, or died for good, with it.
    pub tokens: Vec<RevokedToken>,
}

/// Where one is in the list of open quarantines: when the timer ends it, and which it is.
pub type Position = (Timestamp, Id<Quarantine>);

/// Up to `limit` open quarantines behind `after`, or from the first on: the one that the timer ends next
/// comes first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    ctx: &Context,
    after: Option<Position>,
    limit: u32,
) -> Result<Vec<Quarantine>, StorageError> {
    table::page_open(&ctx.db, after, i64::from(limit)).await
}

/// Every open quarantine of what this origin reported.
///
/// # Errors
/// When the database fails.
pub async fn list_of_origin(
    ctx: &Context,
    origin: &Origin,
) -> Result<Vec<Id<Quarantine>>, StorageError> {
    let mut all = Vec::new();
    let mut after = Id::from_uuid(uuid::Uuid::nil());
    loop {
        let page = table::list_open_of_origin(&ctx.db, origin, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        after = *last;
        all.extend(page);
    }
}

/// Whether anything that this origin reported was ever in quarantine, as far as that is kept.
///
/// # Errors
/// When the database fails.
pub async fn has_reported(ctx: &Context, origin: &Origin) -> Result<bool, StorageError> {
    table::has_of_origin(&ctx.db, origin).await
}

/// How many are open; no more than 10,000 are counted.
///
/// # Errors
/// When the database fails.
pub async fn count(ctx: &Context) -> Result<i64, StorageError> {
    table::count_open(&ctx.db, MOST_COUNTED).await
}

/// The open quarantine of a token.
///
/// # Errors
/// [`DomainError::NotFound`] when it is in none.
pub async fn find(ctx: &Context, token: Id<Token>) -> Result<Quarantine, DomainError> {
    let found = table::find_open(&ctx.db, token).await?;
    found.ok_or(DomainError::NotFound("this token is not in quarantine"))
}

/// The open quarantine with this id.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none, or somebody ended it before.
pub async fn find_by_id(ctx: &Context, id: Id<Quarantine>) -> Result<Quarantine, DomainError> {
    let found = table::find(&ctx.db, id).await?;
    found.ok_or(DomainError::NotFound("there is no such open quarantine"))
}

/// Ends a quarantine as an operator says. What was revoked meanwhile for another reason stays
/// revoked, what is in another quarantine stays in that, and what has expired or belongs to somebody
/// who is blocked comes back as expired or blocked.
///
/// # Errors
/// [`DomainError::NotFound`] when there is no such quarantine, or somebody ended it before.
pub async fn settle(
    ctx: &Context,
    id: Id<Quarantine>,
    ending: QuarantineEnd,
) -> Result<Settled, DomainError> {
    let settled = until_settled(async || end(ctx, id, ending, "operator").await).await?;
    settled.ok_or(DomainError::NotFound("there is no such open quarantine"))
}

/// Ends quarantines whose time is over, as each says. Tells what became of them; when there are as
/// many as one round takes, more may wait.
///
/// # Errors
/// When the database fails. Those that were ended are ended.
pub async fn settle_due(ctx: &Context) -> Result<Vec<Settled>, StorageError> {
    let mut all = Vec::new();
    for due in table::list_open(&ctx.db, ctx.clock.now(), AT_ONCE).await? {
        match end(ctx, due.id, due.ending, "timer").await {
            Ok(settled) => all.extend(settled),
            // It lost against another transaction, and nothing has changed: the next round does it.
            Err(StorageError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

async fn end(
    ctx: &Context,
    id: Id<Quarantine>,
    ending: QuarantineEnd,
    by: &'static str,
) -> Result<Option<Settled>, StorageError> {
    let now = ctx.clock.now();
    let settlement = Settlement {
        ending,
        by,
        at: now,
    };
    let mut tx = ctx.db.begin().await?;
    turns::take(&mut tx, table::TURN).await?;
    let Some(ended) = table::settle(&mut tx, id, settlement).await? else {
        return Ok(None);
    };
    let tokens = match ending {
        QuarantineEnd::Release => {
            let back = table::revive_tokens(&mut tx, id, now).await?;
            table::revive_grants(&mut tx, id).await?;
            back
        }
        QuarantineEnd::Finish => {
            let dead = table::seal_tokens(&mut tx, id, now).await?;
            table::seal_grants(&mut tx, id).await?;
            dead
        }
    };
    let settled = Settled { id, ending, tokens };
    let letters = tell(ctx, &mut tx, &ended, &settled, now).await?;
    tx.commit().await?;
    announce(&ctx.letters_waiting, letters);
    tracing::info!(
        quarantine.id = %id, ending = ending.name(), by, tokens = settled.tokens.len(),
        "a quarantine ended"
    );
    Ok(Some(settled))
}

/// Writes to everybody who heard that the token went into quarantine what became of it. Nobody is told
/// when it ended for another reason meanwhile, or stays in another quarantine. Tells how many letters wait.
async fn tell(
    ctx: &Context,
    tx: &mut Tx,
    ended: &Quarantine,
    settled: &Settled,
    now: Timestamp,
) -> Result<usize, StorageError> {
    if settled.tokens.iter().all(|token| token.id != ended.token) {
        return Ok(0);
    }
    let Some(known) = tokens::find_within(tx, ended.token).await? else {
        return Ok(0);
    };
    let managers = incident::managers(tx, &[&known]).await?;
    let relatives = settled.tokens.len().saturating_sub(1);
    let letter = |addressee| QuarantineEnded {
        token: letters::letter_token(ctx, &known),
        addressee,
        began_at: ended.began_at,
        ended_at: now,
        released: settled.ending == QuarantineEnd::Release,
        works: known.state(now) == TokenState::Live,
        relatives: u64::try_from(relatives).unwrap_or(u64::MAX),
    };
    let readers = letters::addressees(ctx, &known, &managers).into_iter();
    let letters = readers.map(|(recipient, addressee)| NewLetter {
        id: Id::new(now),
        exposure: None,
        recipient,
        letter: Letter::QuarantineEnded(Box::new(letter(addressee))),
    });
    let letters: Vec<_> = letters.collect();
    outbox::insert(tx, &letters, PRIORITY, now).await?;
    Ok(letters.len())
}

impl Settled {
    /// Those that died for good, by kind, as metrics count them.
    pub fn revoked(&self) -> impl Iterator<Item = (TokenKind, crate::model::RevocationReason)> {
        let dead = self
            .tokens
            .iter()
            .filter(|_| self.ending == QuarantineEnd::Finish);
        dead.map(|token| (token.kind, token.reason))
    }
}
