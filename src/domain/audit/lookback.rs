//! The audit log as operators look back through it, and whether its end is whole.

use std::time::Duration;

use uuid::Uuid;

use super::{Anchor, MOST_COUNTED, is_vouched};
use crate::domain::lookback::{self, Portion};
use crate::domain::{Context, DomainError};
use crate::model::{AuditRecord, Id, Token};
use crate::storage::StorageError;
use crate::storage::audit_log::{self, AuditFilter};

/// How many rows of one token are shown.
const SHOWN: i64 = 200;
/// How many rows at the end of the chain are checked.
const CHECKED: i64 = 100;

/// The latest rows before the row `before`, of an event and a kind of actor, where these are said.
///
/// # Errors
/// When the database fails.
pub async fn look_back(
    ctx: &Context,
    (event, actor_kind): (Option<&str>, Option<&str>),
    before: Option<Uuid>,
) -> Result<Portion<AuditRecord, Uuid>, StorageError> {
    let bounds = (lookback::WINDOW, lookback::PORTION);
    let items = audit_log::look_back(&ctx.db, (event, actor_kind), before, bounds).await?;
    let last = items.last().map(|record| record.id);
    if lookback::is_full(items.len()) {
        return Ok(Portion { items, next: last });
    }
    let next = audit_log::window_end(&ctx.db, before, lookback::WINDOW).await?;
    Ok(Portion { items, next })
}

/// The latest 200 rows about a token.
///
/// # Errors
/// When the database fails.
pub async fn of_token(ctx: &Context, token: Id<Token>) -> Result<Vec<AuditRecord>, StorageError> {
    let filter = AuditFilter {
        token: Some(token),
        ..AuditFilter::default()
    };
    audit_log::latest(&ctx.db, &filter, SHOWN).await
}

/// The end of the log, as far as it can be told without reading all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The last row, to be noted elsewhere.
    pub anchor: Anchor,
    /// Whether a hash key of ours vouches for the head; `None` when its key is not here.
    pub vouched: Option<bool>,
    /// Whether the last hundred rows fit to each other and to the head.
    pub fits: bool,
    /// How many rows wait to be chained.
    pub waiting: u64,
    /// For how long the oldest of them does.
    pub oldest: Duration,
}

/// Looks at the end of the log.
///
/// # Errors
/// [`DomainError::NotFound`] when nothing says where the chain ends.
pub async fn end(ctx: &Context) -> Result<End, DomainError> {
    const GONE: DomainError = DomainError::NotFound("the head of the audit log is gone");
    let head = audit_log::head(&ctx.db).await?.ok_or(GONE)?;
    let first = (head.seq - CHECKED).max(head.pruned_seq);
    let rows = audit_log::page(&ctx.db, first, CHECKED).await?;
    // The row before the first one that is read is known only where the log begins.
    let begins = first == head.pruned_seq;
    let mut before = begins.then_some((head.pruned_seq, head.pruned_link));
    let mut fits = true;
    for row in rows.iter().filter(|row| row.seq <= head.seq) {
        fits &= before.is_none_or(|(seq, link)| {
            row.seq == seq + 1 && row.record.link(row.seq, &link) == row.link
        });
        before = Some((row.seq, row.link));
    }
    fits &= before == Some((head.seq, head.link));
    let (waiting, oldest) = audit_log::count_loose(&ctx.db, MOST_COUNTED).await?;
    let now = ctx.clock.now();
    Ok(End {
        anchor: Anchor {
            seq: head.seq,
            link: head.link,
        },
        vouched: is_vouched(&head, &ctx.hash_keys),
        fits,
        waiting: u64::try_from(waiting).unwrap_or_default(),
        oldest: oldest.map(|oldest| now.since(oldest)).unwrap_or_default(),
    })
}
