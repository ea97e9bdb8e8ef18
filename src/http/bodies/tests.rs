//! Strangers who send slowly, and others who do not.

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
use crate::model::Timestamp;

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
        announced: None,
        has_waited: false,
        metrics: Metrics::new(Timestamp::from_millis(0)),
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
    assert_eq!(blocks, 16 + 12 * 12);
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

#[tokio::test(start_paused = true)]
async fn who_is_late_because_there_was_no_room_is_told_so() {
    let (room, origin) = (Room::default(), Bodies::up_to(16 * 1_024 * 1_024));
    let taken = Arc::default();
    let kept = (0..16).map(|_| {
        let mut incoming = incoming(1, trickle(2, BEGINNING, Duration::ZERO, &taken));
        incoming.limit = BLOCK;
        incoming.of_stranger(&room)
    });
    let kept = join_all(kept).await;
    let pause = Duration::from_millis(900);
    let late = incoming(1, trickle(9, BEGINNING, pause, &taken));
    let freed = async {
        sleep(Duration::from_secs(11)).await;
        drop(kept);
    };
    let (late, ()) = tokio::join!(late.of_origin(&room, &origin), freed);
    assert_eq!(late.err(), Some(Unread::NoRoom));
    // Whoever only sends slowly is late by themselves.
    let slow = incoming(1, trickle(99, BEGINNING, pause, &taken));
    let slow = slow.of_origin(&room, &origin).await;
    assert_eq!(slow.err(), Some(Unread::TooSlow));
}

#[tokio::test(start_paused = true)]
async fn what_came_whole_needs_no_room() {
    let room = Room::default();
    let taken = Arc::default();
    let whole = || {
        let mut incoming = incoming(1, trickle(1, 4 * BEGINNING, Duration::ZERO, &taken));
        incoming.announced = Some(4 * BEGINNING);
        incoming.of_stranger(&room)
    };
    let read = join_all((0..100).map(|_| whole())).await;
    assert!(read.iter().all(Result::is_ok));
}

/// How a delivery of two blocks from here ends, while sixteen from `elsewhere` and the addresses after it
/// have all places and hold them for eleven seconds.
async fn end_behind_large_ones(room: &Room, here: u32, elsewhere: [u32; 16]) -> Option<Unread> {
    let (origin, taken) = (Bodies::up_to(16 * 1_024 * 1_024), Arc::default());
    let large = |from| {
        let body = trickle(2, BLOCK, Duration::ZERO, &taken);
        incoming(from, body).of_origin(room, &origin)
    };
    let held = join_all(elsewhere.map(large)).await;
    assert!(held.iter().all(Result::is_ok));
    let freed = async {
        sleep(Duration::from_secs(11)).await;
        drop(held);
    };
    let (read, ()) = tokio::join!(large(here), freed);
    read.err()
}

fn address(number: u32) -> Subject {
    Subject::Address(Some(IpAddr::V4(Ipv4Addr::from_bits(number))))
}

const OF_TWO: [u32; 16] = [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6];

#[tokio::test(start_paused = true)]
async fn a_large_delivery_waits_for_its_turn_while_nobody_lacks_room() {
    for here in [1, 5, 6] {
        let end = end_behind_large_ones(&Room::default(), here, OF_TWO).await;
        assert_eq!(end, None, "{here}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_gives_up_room_that_others_lack() {
    for (who, full, end) in [
        (address(9), true, Some(Unread::NoRoom)),
        (address(9), false, None),
        // There is room, and it is not for this address.
        (address(5), false, Some(Unread::NoRoom)),
    ] {
        let room = Room::default();
        let number = if full { 19 } else { 1 };
        let others = (100..100 + number).map(|who| room.0.take(address(who), 12));
        let others = join_all(others).await;
        let lacking = async {
            sleep(Duration::from_secs(1)).await;
            let waits = room.0.take(who, 16);
            let found = timeout_at(Instant::now() + Duration::from_secs(9), waits).await;
            assert_eq!(found.is_err(), end.is_some());
        };
        let (ended, ()) = tokio::join!(end_behind_large_ones(&room, 5, OF_TWO), lacking);
        assert_eq!(ended, end, "{who:?} {full}");
        drop(others);
    }
}
