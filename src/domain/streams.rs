//! Event streams: machines that are sent Security Event Tokens (OpenID Shared Signals Framework 1.0).
//!
//! Tokens come by themselves, from [`crate::storage::journal`], in the transaction that made them true.
//! Here receivers manage their streams; [`delivery`] and [`polling`] hand tokens out.

use std::time::Duration;

use super::{Context, audit};
use crate::model::signal::{InvalidSignals, RequestedSignals};
use crate::model::stream::{
    Holder, InvalidWords, Receiver, SetBy, Standing, StreamStatus, View, words,
};
use crate::model::{
    About, Deed, DeliveryMethod, EventStream, Id, SubjectFormat, Timestamp, WebhookUrl,
};
use crate::storage::streams::{self as table, SealedHeader};
use crate::storage::{StorageError, Tx, turns};

pub mod delivery;
mod headers;
pub mod operating;
pub mod polling;
pub mod receivers;
pub mod subjects;
pub mod token;

pub use headers::seal_anew;

/// How many streams a list shows.
const PAGE: i64 = 100;
/// Longest description and reason, in characters.
const LONGEST_WORDS: usize = 255;
/// Longest header that goes with what is pushed, and longest state of a verification, in bytes.
const LONGEST_SECRET: usize = 4_096;

/// Why something about a stream did not happen.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// There is no such stream, or not for this receiver.
    #[error("there is no such stream")]
    NotFound,
    /// The receiver has as many streams as it may have.
    #[error("the receiver has as many streams as it may have: change or delete one")]
    TooMany,
    /// It was asked for in a way that makes no sense.
    #[error("{0}")]
    Invalid(&'static str),
    /// It is not for this receiver to do.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Nobody here is named like that.
    #[error("the subject is not known here")]
    UnknownSubject,
    /// Too soon after the last time; wait so long.
    #[error("a verification was asked for just now")]
    TooSoon(Duration),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<InvalidWords> for StreamError {
    fn from(_: InvalidWords) -> Self {
        Self::Invalid("description and reason are text on one line")
    }
}

impl From<InvalidSignals> for StreamError {
    fn from(_: InvalidSignals) -> Self {
        Self::Invalid("events_requested is a list of 1 to 64 URIs, none longer than 255 characters")
    }
}

/// How a receiver wants to get tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedDelivery {
    /// Pushed to this address, with this header if one is given.
    Push {
        /// Where.
        url: String,
        /// `Authorization`, as it is sent.
        authorization: Option<String>,
    },
    /// Fetched.
    Poll,
}

/// What a receiver decides about a stream (SSF 1.0 8.1.1); `None` is not said.
#[derive(Clone, Debug, Default)]
pub struct WantedStream {
    /// How tokens get there.
    pub delivery: Option<WantedDelivery>,
    /// Which of them.
    pub requested: Option<Vec<String>>,
    /// How people are named.
    pub format: Option<SubjectFormat>,
    /// What the stream is called.
    pub description: Option<String>,
}

/// What is said of what is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It stays as it is (SSF 1.0 8.1.1.3).
    Stays,
    /// It is taken away (SSF 1.0 8.1.1.4).
    Goes,
}

/// Makes a stream for a receiver.
///
/// # Errors
/// [`StreamError::TooMany`], and [`StreamError::Invalid`] when nothing can be sent like that.
pub async fn create(
    ctx: &Context,
    receiver: &Receiver,
    wanted: WantedStream,
) -> Result<EventStream, StreamError> {
    let now = ctx.clock.now();
    let policy = &ctx.policy.shared_signals;
    let mut stream = EventStream {
        id: Id::new(now),
        holder: receiver.holder,
        view: receiver.view,
        audience: receiver.audience.clone(),
        // SSF 1.0 8.1.1.1: without a word about it, tokens are fetched.
        delivery: DeliveryMethod::Poll,
        requested: RequestedSignals::default(),
        format: SubjectFormat::default(),
        description: None,
        default_subjects: policy.default_subjects,
        standing: Standing {
            status: StreamStatus::Enabled,
            by: SetBy::Receiver,
            reason: None,
        },
        created_at: now,
        failing_since: None,
    };
    let header = decide(ctx, &mut stream, wanted, Missing::Stays)?;
    let mut tx = ctx.db.begin().await?;
    turns::take(&mut tx, table::TURN).await?;
    if table::count(&mut tx, stream.holder).await? >= i64::from(policy.streams_per_receiver) {
        return Err(StreamError::TooMany);
    }
    table::insert(&mut tx, &stream, header.as_ref()).await?;
    note(&mut tx, now, "stream.created", &stream);
    tx.commit().await?;
    Ok(stream)
}

/// A receiver's streams, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(ctx: &Context, receiver: &Receiver) -> Result<Vec<EventStream>, StreamError> {
    Ok(table::list_of(&ctx.db, receiver.holder, PAGE).await?)
}

/// A stream of a receiver.
///
/// # Errors
/// [`StreamError::NotFound`]
pub async fn find(
    ctx: &Context,
    receiver: &Receiver,
    stream: Id<EventStream>,
) -> Result<EventStream, StreamError> {
    let found = table::find(&ctx.db, stream).await?;
    let theirs = |stream: &EventStream| stream.holder == receiver.holder;
    found.filter(theirs).ok_or(StreamError::NotFound)
}

/// Changes a stream of a receiver. Only what `expected` accepts is changed: a transmitter's properties
/// may come with a request and must be right then.
///
/// # Errors
/// [`StreamError::NotFound`], and [`StreamError::Invalid`] when it cannot be like that.
pub async fn change(
    ctx: &Context,
    receiver: &Receiver,
    stream: Id<EventStream>,
    (wanted, missing): (WantedStream, Missing),
    expected: impl FnOnce(&EventStream) -> bool,
) -> Result<EventStream, StreamError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let mut stream = lock(&mut tx, receiver, stream).await?;
    if !expected(&stream) {
        return Err(StreamError::Invalid(
            "a property that the transmitter supplies is not what it is",
        ));
    }
    let header = decide(ctx, &mut stream, wanted, missing)?;
    table::update(&mut tx, &stream, header.as_ref()).await?;
    note(&mut tx, now, "stream.changed", &stream);
    tx.commit().await?;
    Ok(stream)
}

/// Deletes a stream of a receiver, with what waits in it.
///
/// # Errors
/// [`StreamError::NotFound`]
pub async fn delete(
    ctx: &Context,
    receiver: &Receiver,
    stream: Id<EventStream>,
) -> Result<(), StreamError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let stream = lock(&mut tx, receiver, stream).await?;
    table::delete(&mut tx, stream.id, now).await?;
    note(&mut tx, now, "stream.deleted", &stream);
    tx.commit().await?;
    Ok(operating::drop_waiting(ctx, stream.id).await?)
}

/// Enables, pauses or disables a stream for its receiver.
///
/// # Errors
/// [`StreamError::NotFound`], and [`StreamError::Forbidden`] when an operator decided otherwise.
pub async fn set_status(
    ctx: &Context,
    receiver: &Receiver,
    stream: Id<EventStream>,
    status: StreamStatus,
    reason: Option<&str>,
) -> Result<EventStream, StreamError> {
    let now = ctx.clock.now();
    let reason = reason.map(|text| spoken(ctx, text)).transpose()?;
    let mut tx = ctx.db.begin().await?;
    let mut stream = lock(&mut tx, receiver, stream).await?;
    let before = &stream.standing;
    if before.by == SetBy::Operator && before.status != StreamStatus::Enabled {
        return Err(StreamError::Forbidden("an operator stopped the stream"));
    }
    stream.standing = Standing {
        status,
        by: SetBy::Receiver,
        reason,
    };
    table::set_standing(&mut tx, stream.id, &stream.standing).await?;
    // What we told of its status before is over, and must not make it look as if nobody took anything.
    table::delete_outdated(&mut tx, stream.id).await?;
    note(&mut tx, now, "stream.status_set", &stream);
    tx.commit().await?;
    if status == StreamStatus::Disabled {
        operating::drop_waiting(ctx, stream.id).await?;
    }
    Ok(stream)
}

/// Puts a token into a stream by which its receiver sees that tokens arrive (SSF 1.0 8.1.4).
///
/// # Errors
/// [`StreamError::NotFound`], [`StreamError::TooSoon`], and [`StreamError::Invalid`] when the stream is
/// disabled or the state is none.
pub async fn verify(
    ctx: &Context,
    receiver: &Receiver,
    stream: Id<EventStream>,
    state: Option<&str>,
) -> Result<(), StreamError> {
    let now = ctx.clock.now();
    let fits = |state: &str| state.len() <= LONGEST_SECRET && !ctx.detector.finds_secret(state);
    if !state.is_none_or(fits) {
        return Err(StreamError::Invalid(
            "state is text of at most 4096 bytes, and no secret",
        ));
    }
    let mut tx = ctx.db.begin().await?;
    let stream = lock(&mut tx, receiver, stream).await?;
    if stream.standing.status == StreamStatus::Disabled {
        return Err(StreamError::Invalid("the stream is disabled"));
    }
    let interval = ctx.policy.shared_signals.min_verification_interval;
    if !table::note_verification(&mut tx, stream.id, now.minus(interval), now).await? {
        return Err(StreamError::TooSoon(interval));
    }
    table::insert_verification(&mut tx, stream.id, state, now).await?;
    tx.commit().await?;
    Ok(())
}

async fn lock(
    tx: &mut Tx,
    receiver: &Receiver,
    stream: Id<EventStream>,
) -> Result<EventStream, StreamError> {
    let found = table::lock(tx, stream).await?;
    let theirs = |stream: &EventStream| stream.holder == receiver.holder;
    found.filter(theirs).ok_or(StreamError::NotFound)
}

/// Puts what a receiver decided into a stream; what is to be encrypted is returned so.
fn decide(
    ctx: &Context,
    stream: &mut EventStream,
    wanted: WantedStream,
    missing: Missing,
) -> Result<Option<SealedHeader>, StreamError> {
    let goes = missing == Missing::Goes;
    if wanted.requested.is_some() || goes {
        let uris = wanted.requested.map(RequestedSignals::parse).transpose()?;
        stream.requested = uris.unwrap_or_default();
        let uris = stream.requested.uris().unwrap_or_default();
        if uris.iter().any(|uri| ctx.detector.finds_secret(uri)) {
            return Err(StreamError::Invalid(
                "there is a secret in events_requested",
            ));
        }
    }
    if wanted.format.is_some() || goes {
        stream.format = wanted.format.unwrap_or_default();
    }
    // What a client may know of people, they decided: their address is not part of it.
    let by_client = matches!(stream.view, View::Client(_));
    if by_client && stream.format == SubjectFormat::Email {
        return Err(StreamError::Invalid("clients are not told addresses"));
    }
    if wanted.description.is_some() || goes {
        let text = wanted.description.as_deref();
        stream.description = text.map(|text| spoken(ctx, text)).transpose()?;
    }
    match wanted.delivery {
        None if !goes => Ok(None),
        None | Some(WantedDelivery::Poll) => {
            stream.delivery = DeliveryMethod::Poll;
            Ok(None)
        }
        Some(WantedDelivery::Push { url, authorization }) => {
            let authorized = authorization.is_some();
            let url = endpoint(ctx, &url)?;
            stream.delivery = DeliveryMethod::Push { url, authorized };
            let header = authorization.map(|value| headers::seal(ctx, stream.id, value));
            header.transpose()
        }
    }
}

fn endpoint(ctx: &Context, url: &str) -> Result<WebhookUrl, StreamError> {
    let private = ctx.policy.shared_signals.private_endpoints;
    let parsed = WebhookUrl::parse(url, private).ok();
    parsed
        .filter(|_| !ctx.detector.finds_secret(url))
        .ok_or(StreamError::Invalid(
            "endpoint_url is an https address without user, password, fragment and secret, and not in \
             a private network unless shared_signals.private_endpoints is set",
        ))
}

fn spoken(ctx: &Context, text: &str) -> Result<String, StreamError> {
    match ctx.detector.finds_secret(text) {
        true => Err(StreamError::Invalid("there is a secret in the text")),
        false => Ok(words(text, LONGEST_WORDS)?),
    }
}

fn note(tx: &mut Tx, now: Timestamp, name: &'static str, stream: &EventStream) {
    let detail = serde_json::json!({
        "stream_id": stream.id,
        "method": stream.delivery.name(),
        "status": stream.standing.status.name(),
        "sees": stream.view.name(),
    });
    audit::note(tx, now, Deed::new(name, about(stream)).with(detail));
}

/// Whose stream it is.
fn about(stream: &EventStream) -> About {
    let mut about = About::default();
    match stream.holder {
        Holder::Token(token) => about.token = Some(token),
        Holder::Client(client) => about.client = Some(client),
    }
    if let View::Organization(organization) = stream.view {
        about.organization = Some(organization);
    }
    about
}
