//! Fetching tokens (RFC 8936).

use super::delivery::{UNREADABLE, is_passing};
use super::{StreamError, find, token};
use crate::domain::Context;
use crate::domain::signing_keys::SigningError;
use crate::model::stream::Receiver;
use crate::model::{DeliveryMethod, EventStream, Id, SignalMessage};
use crate::storage::streams::{self as table, Outcome};

/// How many tokens are handed out at once.
pub const MOST: u32 = 100;

/// What a receiver says when it fetches tokens (RFC 8936 2.2).
#[derive(Clone, Debug, Default)]
pub struct PollRequest {
    /// How many it takes at most; 0 asks for nothing but to be heard, and whether something waits.
    pub max_events: Option<u32>,
    /// Whether it does not want to wait for something to come.
    pub return_immediately: bool,
    /// What it has taken.
    pub acks: Vec<Id<SignalMessage>>,
    /// What it cannot use, and why.
    pub errors: Vec<(Id<SignalMessage>, String)>,
}

/// What it is answered (RFC 8936 2.3).
#[derive(Clone, Debug, Default)]
pub struct Polled {
    /// Tokens by their `jti`, in the order in which they came about; those that were sent back come last.
    pub sets: Vec<(Id<SignalMessage>, String)>,
    /// Whether there are more.
    pub more: bool,
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// Something about the stream.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// Nothing could be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// The stream of a receiver that fetches.
///
/// # Errors
/// [`StreamError::NotFound`], and [`StreamError::Invalid`] when its tokens are pushed.
pub async fn open(
    ctx: &Context,
    receiver: &Receiver,
    stream: Id<EventStream>,
) -> Result<EventStream, StreamError> {
    let stream = find(ctx, receiver, stream).await?;
    match stream.delivery {
        DeliveryMethod::Poll => Ok(stream),
        DeliveryMethod::Push { .. } => Err(StreamError::Invalid(
            "the stream is pushed (urn:ietf:rfc:8935)",
        )),
    }
}

/// How many tokens a receiver spoke of that waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Those that it took.
    pub taken: u64,
    /// Those that it will never take.
    pub refused: u64,
    /// Those that it may take later, and is offered again.
    pub sent_back: u64,
}

/// Writes down what a receiver took, refused and sent back. What was settled before stays settled.
///
/// # Errors
/// When the database fails.
pub async fn hear(
    ctx: &Context,
    stream: Id<EventStream>,
    request: &PollRequest,
) -> Result<Heard, StreamError> {
    let mut heard = Heard::default();
    if request.acks.is_empty() && request.errors.is_empty() {
        return Ok(heard);
    }
    let now = ctx.clock.now();
    let mut refused = Vec::new();
    let mut tx = ctx.db.begin().await?;
    let taken = (Outcome::Taken, None);
    heard.taken = table::settle_all(&mut tx, stream, &request.acks, taken, now).await?;
    for (message, said) in &request.errors {
        let code = match ctx.detector.finds_secret(said) {
            true => UNREADABLE,
            false => said.as_str(),
        };
        // As with pushes, what may be over soon is no reason to lose a token.
        if is_passing(code) {
            let waits = table::send_back(&mut tx, stream, *message, code).await?;
            heard.sent_back += u64::from(waits);
            continue;
        }
        let outcome = (Outcome::Refused, Some(code));
        if table::settle_all(&mut tx, stream, &[*message], outcome, now).await? > 0 {
            refused.push(code);
        }
    }
    tx.commit().await?;
    heard.refused = refused.len() as u64;
    for code in refused {
        tracing::warn!(stream.id = %stream, reason = code, "an event was refused for good");
    }
    Ok(heard)
}

/// Hands out what waits, up to `most`. It waits on until it was acknowledged. To whoever wants none, it is
/// told whether there is any (RFC 8936 2.2). For whoever `waits` for something new it is `None` as long as
/// there is only what they sent back: they would send it back for ever, as fast as they can.
///
/// # Errors
/// See [`PollError`].
pub async fn fetch(
    ctx: &Context,
    stream: &EventStream,
    most: u32,
    waits: bool,
) -> Result<Option<Polled>, PollError> {
    let most = most.min(MOST);
    // One more than is handed out tells whether there are more.
    let waiting = table::offered(&ctx.db, stream.id, (i64::from(most) + 1, waits));
    let (mut waiting, is_any_new) = waiting.await.map_err(StreamError::from)?;
    if waits && !is_any_new {
        return Ok(None);
    }
    let more = waiting.len() > most as usize;
    waiting.truncate(most as usize);
    let mut sets = Vec::with_capacity(waiting.len());
    for signal in &waiting {
        sets.push((signal.id, token::sign(ctx, stream, signal).await?));
    }
    Ok(Some(Polled { sets, more }))
}
