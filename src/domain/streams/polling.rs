//! Fetching tokens (RFC 8936).

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
    /// How many it takes at most; none asks for nothing but to be heard.
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
    /// Tokens, in the order in which they came about, by their `jti`.
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

/// Writes down what a receiver took and what it refused. What was said before stays said.
///
/// # Errors
/// When the database fails.
pub async fn hear(
    ctx: &Context,
    stream: Id<EventStream>,
    request: &PollRequest,
) -> Result<u64, StreamError> {
    if request.acks.is_empty() && request.errors.is_empty() {
        return Ok(0);
    }
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let taken = (Outcome::Taken, None);
    let mut settled = table::settle_all(&mut tx, stream, &request.acks, taken, now).await?;
    for (message, error) in &request.errors {
        let refused = (Outcome::Refused, Some(error.as_str()));
        settled += table::settle_all(&mut tx, stream, &[*message], refused, now).await?;
    }
    tx.commit().await?;
    Ok(settled)
}

/// Hands out what waits, up to `most`. It waits on until it was acknowledged.
///
/// # Errors
/// See [`PollError`].
pub async fn fetch(ctx: &Context, stream: &EventStream, most: u32) -> Result<Polled, PollError> {
    let most = most.min(MOST);
    if most == 0 {
        return Ok(Polled::default());
    }
    // One more than is handed out tells whether there are more.
    let waiting = table::waiting(&ctx.db, stream.id, i64::from(most) + 1);
    let mut waiting = waiting.await.map_err(StreamError::from)?;
    let more = waiting.len() > most as usize;
    waiting.truncate(most as usize);
    let mut sets = Vec::with_capacity(waiting.len());
    for signal in &waiting {
        sets.push((signal.id, token::sign(ctx, stream, signal).await?));
    }
    Ok(Polled { sets, more })
}
