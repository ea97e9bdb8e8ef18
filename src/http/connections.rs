//! Connections: how many one network address may hold at once, and for how long quiet ones stay.

mod pieces;

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Shutdown};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::body::BoxBody;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, Socket};
use tokio::time::{Instant, MissedTickBehavior, interval};

use pieces::Pieces;

use crate::domain::limits::Subject;
use crate::model::Networks;
use crate::telemetry::Metrics;

/// So long a connection may be quiet: no request on it is being answered. Most end before, because nothing
/// comes on them. This is for those on which a request has begun and does not go on, or whose answer is not
/// taken; the server itself waits for them without end.
const QUIET: Duration = Duration::from_secs(30);
/// So long while three quarters of all connections are open.
const QUIET_AMONG_MANY: Duration = Duration::from_secs(8);
/// So often they are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What one network address may hold of all connections. What is behind a proxy that is trusted has many
/// addresses, so that one may hold all.
#[derive(Clone, Debug)]
pub struct Connections {
    share: usize,
    trusted: Arc<Networks>,
    metrics: Metrics,
    open: Arc<Mutex<Open>>,
}

/// The connections that are open.
#[derive(Debug, Default)]
struct Open {
    /// How many of each network address.
    numbers: HashMap<String, usize>,
    all: HashMap<u64, Arc<Activity>>,
    next: u64,
    /// How many there may be.
    most: usize,
}

/// A connection that is counted for as long as it is open.
struct Counted {
    number: u64,
    whose: String,
    activity: Arc<Activity>,
    open: Arc<Mutex<Open>>,
}

/// A connection that was one too many.
struct Refused;

/// What goes on on a connection.
#[derive(Debug)]
struct Activity {
    socket: Socket,
    state: Mutex<State>,
    /// Whether no more than one answer is given on it.
    is_over: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// So many requests are being answered.
    Busy(usize),
    QuietSince(Instant),
    Ended,
}

/// A request that is being answered, until this is dropped.
pub(super) struct Busy(Option<(Arc<Activity>, Arc<Mutex<Open>>)>);

impl Busy {
    /// Its connection is not quiet meanwhile. `None` when that was one too many or has ended: what had been
    /// sent until then is still read, but nobody hears the answer, so nothing is to be done.
    pub(super) fn with(request: &HttpRequest) -> Option<Self> {
        if request.conn_data::<Refused>().is_some() {
            return None;
        }
        let Some(counted) = request.conn_data::<Counted>() else {
            return Some(Self(None));
        };
        let held = (Arc::clone(&counted.activity), Arc::clone(&counted.open));
        held.0.begin().then_some(Self(Some(held)))
    }

    /// Whether so many connections are open that this one is to be given to the next after the answer:
    /// otherwise a few addresses could keep all of them, by asking again and again. Nothing else is answered
    /// on it, then.
    pub(super) fn is_of_the_last(&self) -> bool {
        let Some((activity, open)) = &self.0 else {
            return false;
        };
        let is_last = lock(open).are_most();
        if is_last {
            activity.is_over.store(true, Ordering::Relaxed);
        }
        is_last
    }

    /// The body of the answer.
    pub(super) fn in_pieces(&self, body: BoxBody) -> Pieces {
        let activity = self.0.as_ref().map(|(activity, _)| Arc::clone(activity));
        Pieces::new(body, activity)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some((activity, _)) = &self.0 {
            activity.finish();
        }
    }
}

impl Activity {
    fn new(socket: Socket) -> Self {
        Self {
            socket,
            state: Mutex::new(State::QuietSince(Instant::now())),
            is_over: AtomicBool::new(false),
        }
    }

    /// `false` when it has ended. Whoever goes on after the last answer ends it: the server would answer what
    /// was sent before that came (RFC 9112 9.6).
    fn begin(&self) -> bool {
        let mut state = lock(&self.state);
        if self.is_over.load(Ordering::Relaxed) && !matches!(*state, State::Ended) {
            *state = State::Ended;
            // It is gone already, then.
            let _ = self.socket.shutdown(Shutdown::Both);
        }
        *state = match *state {
            State::Busy(requests) => State::Busy(requests + 1),
            State::QuietSince(_) => State::Busy(1),
            State::Ended => return false,
        };
        true
    }

    /// Something of an answer was taken.
    fn go_on(&self) {
        let mut state = lock(&self.state);
        if let State::QuietSince(since) = &mut *state {
            *since = Instant::now();
        }
    }

    fn finish(&self) {
        let mut state = lock(&self.state);
        *state = match *state {
            State::Busy(requests) if requests > 1 => State::Busy(requests - 1),
            State::Busy(_) => State::QuietSince(Instant::now()),
            other => other,
        };
    }

    /// Ends what has been quiet for so long; whether it did.
    fn end_if_quiet(&self, patience: Duration) -> bool {
        let mut state = lock(&self.state);
        match *state {
            State::QuietSince(since) if since.elapsed() >= patience => {
                *state = State::Ended;
                // It is gone already, then.
                let _ = self.socket.shutdown(Shutdown::Both);
                true
            }
            _ => false,
        }
    }
}

impl Open {
    /// Whether three quarters of all there may be are open.
    fn are_many(&self) -> bool {
        self.all.len() >= self.most - self.most / 4
    }

    /// Whether seven eighths are.
    fn are_most(&self) -> bool {
        self.all.len() >= self.most - self.most / 8
    }
}

impl Connections {
    /// So many for each address of so many in all, none of which is open.
    #[must_use]
    pub fn new(share: usize, most: usize, trusted: Arc<Networks>, metrics: Metrics) -> Self {
        let open = Open {
            most,
            ..Open::default()
        };
        Self {
            share,
            trusted,
            metrics,
            open: Arc::new(Mutex::new(open)),
        }
    }

    /// Counts a connection that was just opened, until its data is dropped. One too many is closed at once,
    /// and nothing is done of what it asks.
    pub fn opened(&self, connection: &dyn Any, data: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<TcpStream>() else {
            return;
        };
        let Ok(peer) = stream.peer_addr() else {
            return;
        };
        let stream = SockRef::from(stream);
        let counted = stream.try_clone().ok();
        match counted.and_then(|socket| self.count(peer.ip(), socket)) {
            Some(counted) => {
                data.insert(counted);
            }
            None => {
                data.insert(Refused);
                self.metrics.no_room("connections");
                // It is gone already, then.
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    /// Ends connections that are quiet for too long. Goes on until nothing counts here any more.
    pub fn end_quiet_ones(&self) -> impl Future<Output = ()> + use<> {
        let (open, metrics) = (Arc::downgrade(&self.open), self.metrics.clone());
        async move {
            let mut looks = interval(LOOK);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                looks.tick().await;
                let Some(open) = open.upgrade() else { return };
                let (are_many, all): (_, Vec<_>) = {
                    let open = lock(&open);
                    (open.are_many(), open.all.values().cloned().collect())
                };
                let patience = if are_many { QUIET_AMONG_MANY } else { QUIET };
                let quiet = all.iter().filter(|one| one.end_if_quiet(patience));
                let ended = quiet.count();
                if are_many {
                    (0..ended).for_each(|_| metrics.no_room("connections"));
                }
            }
        }
    }

    /// `None` when it is one too many.
    fn count(&self, peer: IpAddr, socket: Socket) -> Option<Counted> {
        let whose = Subject::Address(Some(peer)).text();
        let mut open = lock(&self.open);
        let number = open.numbers.entry(whose.clone()).or_default();
        if *number >= self.share && !self.trusted.contains(peer.to_canonical()) {
            return None;
        }
        *number += 1;
        let activity = Arc::new(Activity::new(socket));
        let number = open.next;
        open.next += 1;
        open.all.insert(number, Arc::clone(&activity));
        Some(Counted {
            number,
            whose,
            activity,
            open: Arc::clone(&self.open),
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.all.remove(&self.number);
        if let Entry::Occupied(mut number) = open.numbers.entry(std::mem::take(&mut self.whose)) {
            *number.get_mut() -= 1;
            if *number.get() == 0 {
                number.remove();
            }
        }
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn an_address_holds_its_share_and_a_proxy_all() {
        let trusted = Arc::new(Networks::parse(["10.0.0.0/8"]).unwrap());
        let metrics = Metrics::new(Timestamp::from_millis(0));
        let connections = Connections::new(2, 100, trusted, metrics);
        let from = |text: &str| connections.count(text.parse().unwrap(), socket());
        let held = [from("192.0.2.1"), from("192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(from("192.0.2.1").is_none() && from("::ffff:192.0.2.1").is_none());
        assert!(from("192.0.2.2").is_some());
        let proxied: Vec<_> = (0..9).map(|_| from("10.0.0.1")).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop(held);
        assert!(from("192.0.2.1").is_some());
        drop(proxied);
        let open = lock(&connections.open);
        assert!(open.numbers.is_empty() && open.all.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_quiet_is_sent_away_and_who_is_answered_stays() {
        let metrics = Metrics::new(Timestamp::from_millis(0));
        let connections = Connections::new(100, 8, Arc::default(), metrics);
        let sweep = tokio::spawn(connections.end_quiet_ones());
        let from = |_| {
            connections
                .count("192.0.2.1".parse().unwrap(), socket())
                .unwrap()
        };
        let has_ended = |one: &Counted| matches!(*lock(&one.activity.state), State::Ended);
        let (answered, quiet) = (from(0), from(0));
        answered.activity.begin();
        answered.activity.begin();
        answered.activity.finish();
        advance(29).await;
        assert!(!has_ended(&quiet));
        advance(2).await;
        assert!(has_ended(&quiet) && !has_ended(&answered));
        // Another request on it is not answered.
        assert!(!quiet.activity.begin() && has_ended(&quiet));

        let many: Vec<_> = (0..4).map(from).collect();
        answered.activity.finish();
        advance(7).await;
        assert!(!many.iter().any(has_ended) && !has_ended(&answered));
        advance(2).await;
        assert!(many.iter().all(has_ended) && has_ended(&answered));
        drop((many, answered, quiet));
        drop(connections);
        advance(2).await;
        assert!(sweep.is_finished());
    }

    async fn advance(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    pub(super) fn socket() -> Socket {
        Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap()
    }
}
