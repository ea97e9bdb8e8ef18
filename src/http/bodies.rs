//! Bodies: how much is read of one, for how long, and how many large ones at once. What strangers send
//! takes bounded memory, however many they are:
//!
//! * the beginning of a body is read for whoever has a connection, of which there are so many
//!   (`server.max_connections`);
//! * for more it needs room, of which all have 64 MiB and one network address 4 MiB;
//! * of a delivery that is larger than a block, the rest needs one of few places.
//!
//! Each step has to come within a time: who stalls gives the room to the next.

use std::ops::Deref;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpMessage, HttpRequest};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::concurrency::{ConcurrencyLimit, Taken};
use super::extract::limited_address;
use super::state::ApiState;
use super::{ApiError, OAuthError};
use crate::domain::limits::Subject;

/// So much of a body is read whoever sends it.
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
const LARGE_OF_ONE: u32 = 4;
/// Longest time for each step after the beginning: another [`BEGINNING`] within the first block, and
/// another [`BLOCK`] after it.
const PATIENCE: Duration = Duration::from_secs(2);

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
    whose: Subject,
    deadline: Instant,
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
        let announced = announced.and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > limit) {
            return Err(Unread::TooLarge(limit));
        }
        Ok(Self {
            payload,
            bytes: Vec::new(),
            limit,
            whose: Subject::Address(limited_address(request, state)),
            deadline,
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
            taken.push(self.take(&room.0, self.limit.div_ceil(BLOCK)).await?);
            self.read_steps(BEGINNING, usize::MAX).await?;
        }
        Ok(self.read_whole(taken))
    }

    /// Reads what may be a delivery.
    pub(super) async fn of_origin(mut self, room: &Room, origin: &Bodies) -> Result<Body, Unread> {
        let mut taken = Vec::new();
        if self.read(BEGINNING, self.deadline).await? {
            taken.push(self.take(&room.0, 1).await?);
            if self.read_steps(BEGINNING, BLOCK).await? {
                taken.push(self.take(&origin.large, 1).await?);
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

    async fn take(&self, limit: &ConcurrencyLimit, places: usize) -> Result<Taken, Unread> {
        let places = u32::try_from(places).unwrap_or(u32::MAX);
        let taking = timeout_at(self.deadline, limit.take(self.whose, places));
        let taken = taking.await.map_err(|_| Unread::NoRoom)?;
        taken.map_err(|_| Unread::NoRoom)
    }

    /// Reads until there is enough of it, each step within [`PATIENCE`]; `false` at its end.
    async fn read_steps(&mut self, step: usize, enough: usize) -> Result<bool, Unread> {
        while self.bytes.len() < enough {
            let by = self.deadline.min(Instant::now() + PATIENCE);
            if !self.read(self.bytes.len() + step, by).await? {
                return Ok(false);
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
        while self.bytes.len() < enough {
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
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use actix_web::ResponseError;
    use actix_web::error::PayloadError;
    use actix_web::web::Bytes;
    use futures_util::future::join_all;
    use futures_util::stream::{self, Stream};
    use tokio::time::sleep;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(12);

    /// Pieces of a body, one each time that passes; what was taken of them is counted.
    fn trickle(
        pieces: usize,
        each: usize,
        pause: Duration,
        taken: &Arc<AtomicUsize>,
    ) -> impl Stream<Item = Result<Bytes, PayloadError>> + use<> {
        let taken = Arc::clone(taken);
        stream::iter(0..pieces).then(move |_| {
            let taken = Arc::clone(&taken);
            async move {
                sleep(pause).await;
                taken.fetch_add(each, Ordering::Relaxed);
                Ok(Bytes::from(vec![b'a'; each]))
            }
        })
    }

    fn incoming(
        from: u32,
        body: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
    ) -> Incoming {
        let payload: Payload = Payload::Stream {
            payload: Box::pin(body),
        };
        Incoming {
            payload,
            bytes: Vec::new(),
            limit: 16 * 1_024 * 1_024,
            whose: Subject::Address(Some(IpAddr::V4(Ipv4Addr::from_bits(from)))),
            deadline: Instant::now() + DEADLINE,
        }
    }

    #[test]
    fn each_reason_is_told_as_what_it_is() {
        for (why, json, oauth) in [
            (Unread::TooLarge(1), 413, 413),
            (Unread::TooSlow, 408, 400),
            (Unread::NoRoom, 503, 503),
            (Unread::BrokeOff, 400, 400),
        ] {
            assert_eq!(ApiError::from(why).status().as_u16(), json, "{why:?}");
            let answer = OAuthError::from(why).error_response();
            assert_eq!(answer.status().as_u16(), oauth, "{why:?}");
        }
    }

    /// What strangers send until shortly before they are given up, in steps.
    async fn read_of<F: Future>(
        strangers: impl IntoIterator<Item = F>,
        taken: &AtomicUsize,
        step: usize,
    ) -> usize {
        let before = DEADLINE - Duration::from_secs(1);
        let all = timeout_at(Instant::now() + before, join_all(strangers));
        assert!(all.await.is_err(), "they were given up early");
        taken.load(Ordering::Relaxed) / step
    }

    #[tokio::test(start_paused = true)]
    async fn of_strangers_without_number_only_so_much_is_read() {
        let (room, origin) = (Room::default(), Bodies::up_to(16 * 1_024 * 1_024));
        let taken = Arc::default();
        // Each sends a step just in time, and five until they are looked at.
        let pause = Duration::from_millis(1_900);
        let strangers = (0..5_000).map(|number| {
            let body = trickle(100, BEGINNING, pause, &taken);
            incoming(number, body).of_origin(&room, &origin)
        });
        let steps = read_of(strangers, &taken, BEGINNING).await;
        assert_eq!(steps, 5_000 + 256 * 4);
    }

    /// Whether a delivery of two megabytes is read that comes from another address after three seconds.
    async fn another_is_read(room: &Room, origin: &Bodies) -> bool {
        sleep(Duration::from_secs(3)).await;
        let (began, taken) = (Instant::now(), Arc::default());
        let body = trickle(8, BLOCK, Duration::ZERO, &taken);
        let read = incoming(2, body).of_origin(room, origin).await;
        let whole = read.is_ok_and(|body| body.len() == 8 * BLOCK);
        whole && began.elapsed() < Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn of_one_address_a_share_is_read_and_others_have_theirs() {
        let (room, origin) = (Room::default(), Bodies::up_to(16 * 1_024 * 1_024));
        let (taken, pause) = (Arc::default(), Duration::from_millis(1_900));
        let strangers = (0..1_000).map(|_| {
            let body = trickle(100, BEGINNING, pause, &taken);
            incoming(1, body).of_origin(&room, &origin)
        });
        let reading = read_of(strangers, &taken, BEGINNING);
        let (steps, other) = tokio::join!(reading, another_is_read(&room, &origin));
        assert_eq!(steps, 1_000 + 16 * 4);
        assert!(other);
    }

    #[tokio::test(start_paused = true)]
    async fn large_deliveries_of_one_address_leave_places_for_others() {
        let (room, origin) = (Room::default(), Bodies::up_to(16 * 1_024 * 1_024));
        let (taken, pause) = (Arc::default(), Duration::from_millis(900));
        let strangers = (0..16).map(|_| {
            let beginning = trickle(1, BLOCK, Duration::ZERO, &taken);
            let body = beginning.chain(trickle(60, BLOCK, pause, &taken));
            incoming(1, body).of_origin(&room, &origin)
        });
        let reading = read_of(strangers, &taken, BLOCK);
        let (blocks, other) = tokio::join!(reading, another_is_read(&room, &origin));
        assert_eq!(blocks, 16 + 4 * 12);
        assert!(other);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_keeps_its_room() {
        let room = Room::default();
        let taken = Arc::default();
        let body = || {
            let mut incoming = incoming(1, trickle(2, BEGINNING, Duration::ZERO, &taken));
            incoming.limit = BLOCK;
            incoming.of_stranger(&room)
        };
        let kept = join_all((0..16).map(|_| body())).await;
        assert!(kept.iter().all(Result::is_ok));
        assert_eq!(body().await.err(), Some(Unread::NoRoom));
        drop(kept);
        assert!(body().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_who_stalls_after_the_beginning_is_given_up_soon() {
        let (room, origin) = (Room::default(), Bodies::up_to(16 * 1_024 * 1_024));
        let taken = Arc::default();
        let body = trickle(1, BEGINNING, Duration::ZERO, &taken).chain(stream::pending());
        let began = Instant::now();
        let read = incoming(1, body).of_origin(&room, &origin).await;
        assert_eq!(read.err(), Some(Unread::TooSlow));
        assert_eq!(began.elapsed(), PATIENCE);
    }
}
