//! Bodies: how much is read of one, for how long, and how many large ones at once. What strangers send
//! takes bounded memory, however many they are:
//!
//! * the beginning of a body, 16 KiB and what comes in one piece with it (128 KiB at most), is read for
//!   whoever has a connection, of which there are so many (`server.max_connections`);
//! * for more it needs room, of which all have 64 MiB and one network address 4 MiB;
//! * of a delivery that is larger than a block, the rest needs one of few places.
//!
//! Each step has to come within a time: who stalls gives the room to the next.

use std::ops::Deref;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::concurrency::{ConcurrencyLimit, Taken};
use super::extract::limited_address;
use super::state::ApiState;
use super::{ApiError, OAuthError};
use crate::domain::limits::Subject;
use crate::telemetry::Metrics;

/// When so much of a body has come, more needs room.
const BEGINNING: usize = 16 * 1_024;
/// What the room is counted in: so much of a body of strangers is kept in one.
const BLOCK: usize = 256 * 1_024;
/// So many blocks are there, 64 MiB,
const BLOCKS: u32 = 256;
/// and so many of them for one network address.
const BLOCKS_OF_ONE: u32 = 16;
/// So many deliveries larger than a block are read at a time from one origin: who sends one can be told
/// only when all of it is here.
const LARGE_AT_ONCE: u32 = 16;
/// So many of them from one network address.
const LARGE_OF_ONE: u32 = 12;
/// Longest time for each step after the beginning: another [`BEGINNING`] within the first block, and
/// another [`BLOCK`] after it. Also how long anybody may wait for one of the places for large deliveries,
/// and hold room meanwhile, while others lack room.
const PATIENCE: Duration = Duration::from_secs(5);

/// So often whoever waits for longer than [`PATIENCE`] looks whether others lack room.
const LOOK: Duration = Duration::from_secs(1);

/// Whoever waits for longer than this is late because of it.
const NOTICEABLE: Duration = Duration::from_millis(100);

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is larger than so many bytes.
    TooLarge(usize),
    /// It, or a step of it, did not come in time.
    TooSlow,
    /// There was no room in time.
    NoRoom,
    /// The connection broke.
    BrokeOff,
}

impl From<Unread> for ApiError {
    fn from(why: Unread) -> Self {
        match why {
            Unread::TooLarge(limit) => Self::too_large(limit),
            Unread::TooSlow => Self::too_slow(),
            Unread::NoRoom => Self::unavailable("too many large bodies are being read", 5),
            Unread::BrokeOff => Self::malformed("the body broke off"),
        }
    }
}

impl From<Unread> for OAuthError {
    fn from(why: Unread) -> Self {
        match why {
            Unread::TooLarge(_) => Self::TooLarge,
            Unread::TooSlow => Self::InvalidRequest("the body is too slow"),
            Unread::NoRoom => Self::Other(why.into()),
            Unread::BrokeOff => Self::InvalidRequest("the body broke off"),
        }
    }
}

/// Whether a body is sent as it is. Nothing is unpacked here: a small body might become a huge one.
pub(super) fn is_plain(request: &HttpRequest) -> bool {
    let mut codings = request.headers().get_all(CONTENT_ENCODING);
    codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Room for the bodies of strangers, one for the whole service.
#[derive(Clone, Debug)]
pub struct Room(ConcurrencyLimit);

impl Default for Room {
    fn default() -> Self {
        Self(ConcurrencyLimit::new(BLOCKS, BLOCKS_OF_ONE))
    }
}

/// The bodies that one origin may send.
#[derive(Clone, Debug)]
pub struct Bodies {
    /// Largest one, in bytes.
    pub(super) limit: usize,
    large: ConcurrencyLimit,
}

impl Bodies {
    /// Bodies of so many bytes, none of which is under way.
    #[must_use]
    pub fn up_to(limit: usize) -> Self {
        Self {
            limit,
            large: ConcurrencyLimit::new(LARGE_AT_ONCE, LARGE_OF_ONE),
        }
    }
}

/// What was read, and the room that it takes until it is dropped.
pub(super) struct Body {
    bytes: Vec<u8>,
    taken: Vec<Taken>,
}

impl Body {
    /// The bytes of what is kept for as long as its request is answered, and the room with it.
    pub(super) fn keep_for(self, request: &HttpRequest) -> Vec<u8> {
        if !self.taken.is_empty() {
            request.extensions_mut().insert(self.taken);
        }
        self.bytes
    }
}

/// Gives back the room of what was kept for a request: it is small now, and the request may take long.
pub(super) fn release(request: &HttpRequest) {
    request.extensions_mut().remove::<Vec<Taken>>();
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A body that is on its way.
pub(super) struct Incoming {
    payload: Payload,
    bytes: Vec<u8>,
    limit: usize,
    /// How long it is, if its sender says so.
    announced: Option<usize>,
    whose: Subject,
    deadline: Instant,
    /// Whether it is late because there was no room for it.
    has_waited: bool,
    metrics: Metrics,
}

impl Incoming {
    /// A body of at most so many bytes, all of which must be here at some time. A larger size that is
    /// announced is refused before anything is read or asked; a chunked body announces none.
    ///
    /// # Errors
    /// [`Unread::TooLarge`].
    pub(super) fn new(
        request: &HttpRequest,
        state: &ApiState,
        payload: Payload,
        limit: usize,
        deadline: Instant,
    ) -> Result<Self, Unread> {
        let announced = request.headers().get(CONTENT_LENGTH);
        let announced: Option<usize> =
            announced.and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(Unread::TooLarge(limit));
        }
        Ok(Self {
            payload,
            bytes: Vec::new(),
            limit,
            announced,
            whose: Subject::Address(limited_address(request, state)),
            deadline,
            has_waited: false,
            metrics: state.metrics.clone(),
        })
    }

    /// Reads what somebody sends who showed a key of a service first.
    pub(super) async fn of_service(mut self) -> Result<Vec<u8>, Unread> {
        self.read(usize::MAX, self.deadline).await?;
        Ok(self.bytes)
    }

    /// Reads what anybody may send.
    pub(super) async fn of_stranger(mut self, room: &Room) -> Result<Body, Unread> {
        let mut taken = Vec::new();
        if self.read(BEGINNING, self.deadline).await? {
            let blocks = self.limit.div_ceil(BLOCK);
            taken.push(self.take_room(room, blocks).await?);
            self.read_steps(BEGINNING, usize::MAX).await?;
        }
        Ok(self.read_whole(taken))
    }

    /// Reads what may be a delivery.
    pub(super) async fn of_origin(mut self, room: &Room, origin: &Bodies) -> Result<Body, Unread> {
        let mut taken = Vec::new();
        if self.read(BEGINNING, self.deadline).await? {
            taken.push(self.take_room(room, 1).await?);
            if self.read_steps(BEGINNING, BLOCK).await? {
                taken.push(self.take_large_place(room, origin).await?);
                self.read_steps(BLOCK, usize::MAX).await?;
            }
        }
        Ok(self.read_whole(taken))
    }

    fn read_whole(self, taken: Vec<Taken>) -> Body {
        Body {
            bytes: self.bytes,
            taken,
        }
    }

    async fn take_room(&mut self, room: &Room, blocks: usize) -> Result<Taken, Unread> {
        let blocks = u32::try_from(blocks).unwrap_or(u32::MAX);
        let asked_at = Instant::now();
        let taken = timeout_at(self.deadline, room.0.take(self.whose, blocks)).await;
        self.has_waited |= asked_at.elapsed() > NOTICEABLE;
        let taken = taken.ok().and_then(Result::ok);
        taken.ok_or_else(|| self.turned_away("bodies"))
    }

    /// Waits for its turn, and gives up its room for others who lack it.
    async fn take_large_place(&mut self, room: &Room, origin: &Bodies) -> Result<Taken, Unread> {
        let asked_at = Instant::now();
        let turn = origin.large.take(self.whose, 1);
        tokio::pin!(turn);
        let mut look = asked_at + PATIENCE;
        let taken = loop {
            match timeout_at(look.min(self.deadline), turn.as_mut()).await {
                Ok(taken) => break taken.ok(),
                Err(_) if look >= self.deadline || room.0.is_wanted_of(self.whose) => break None,
                Err(_) => look += LOOK,
            }
        };
        self.has_waited |= asked_at.elapsed() > NOTICEABLE;
        taken.ok_or_else(|| self.turned_away("large_bodies"))
    }

    fn turned_away(&self, what: &'static str) -> Unread {
        self.metrics.no_room(what);
        Unread::NoRoom
    }

    /// Reads until there is enough of it, each step within [`PATIENCE`]; `false` at its end.
    async fn read_steps(&mut self, step: usize, enough: usize) -> Result<bool, Unread> {
        while self.bytes.len() < enough {
            let patience = Instant::now() + PATIENCE;
            let more = self.read(self.bytes.len() + step, self.deadline.min(patience));
            match more.await {
                // It is not its sender who took so long.
                Err(Unread::TooSlow) if self.has_waited && self.deadline < patience => {
                    return Err(self.turned_away("bodies"));
                }
                Ok(true) => {}
                other => return other,
            }
        }
        Ok(true)
    }

    /// Grows by what comes, later by a block: doubling would take twice what is read.
    fn make_room_for(&mut self, more: usize) {
        if self.bytes.capacity() - self.bytes.len() < more {
            let growth = match self.bytes.len() < BEGINNING {
                true => more,
                false => more.max(BLOCK),
            };
            self.bytes.reserve_exact(growth);
        }
    }

    /// Reads until there is enough of it; `false` at its end.
    async fn read(&mut self, enough: usize, by: Instant) -> Result<bool, Unread> {
        // What has all come only has to end, and needs no more room for that.
        while self.bytes.len() < enough || self.announced == Some(self.bytes.len()) {
            let chunk = timeout_at(by, self.payload.next()).await;
            let Some(chunk) = chunk.map_err(|_| Unread::TooSlow)? else {
                return Ok(false);
            };
            let chunk = chunk.map_err(|_| Unread::BrokeOff)?;
            if self.bytes.len() + chunk.len() > self.limit {
                return Err(Unread::TooLarge(self.limit));
            }
            self.make_room_for(chunk.len());
            self.bytes.extend_from_slice(&chunk);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
