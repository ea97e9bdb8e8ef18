//! Connections: how many one network address may hold at once.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;

use crate::domain::limits::Subject;
use crate::model::Networks;
use crate::telemetry::Metrics;

/// The connections that are open, by network address.
type Open = Mutex<HashMap<String, usize>>;

/// What one network address may hold of all connections. What is behind a proxy that is trusted has many
/// addresses, so that one may hold all.
#[derive(Clone, Debug)]
pub struct Connections {
    share: usize,
    trusted: Arc<Networks>,
    metrics: Metrics,
    open: Arc<Open>,
}

/// A connection that is counted for as long as it is open.
struct Counted {
    whose: String,
    open: Arc<Open>,
}

impl Connections {
    /// So many for each address, none of which is open.
    #[must_use]
    pub fn new(share: usize, trusted: Arc<Networks>, metrics: Metrics) -> Self {
        Self {
            share,
            trusted,
            metrics,
            open: Arc::default(),
        }
    }

    /// Counts a connection that was just opened, until its data is dropped. One too many is closed at once:
    /// nothing was read of it, and nobody is to be answered yet.
    pub fn opened(&self, connection: &dyn Any, data: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<TcpStream>() else {
            return;
        };
        let Ok(peer) = stream.peer_addr() else {
            return;
        };
        match self.count(peer.ip()) {
            Some(counted) => {
                data.insert(counted);
            }
            None => {
                self.metrics.no_room("connections");
                // It is gone already, then.
                let _ = SockRef::from(stream).shutdown(Shutdown::Both);
            }
        }
    }

    /// `None` when it is one too many.
    fn count(&self, peer: IpAddr) -> Option<Counted> {
        let whose = Subject::Address(Some(peer)).text();
        let mut open = lock(&self.open);
        let number = open.entry(whose.clone()).or_default();
        if *number >= self.share && !self.trusted.contains(peer.to_canonical()) {
            return None;
        }
        *number += 1;
        Some(Counted {
            whose,
            open: Arc::clone(&self.open),
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Entry::Occupied(mut number) = lock(&self.open).entry(std::mem::take(&mut self.whose))
        {
            *number.get_mut() -= 1;
            if *number.get() == 0 {
                number.remove();
            }
        }
    }
}

fn lock(open: &Open) -> MutexGuard<'_, HashMap<String, usize>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn an_address_holds_its_share_and_a_proxy_all() {
        let trusted = Arc::new(Networks::parse(["10.0.0.0/8"]).unwrap());
        let metrics = Metrics::new(Timestamp::from_millis(0));
        let connections = Connections::new(2, trusted, metrics);
        let from = |text: &str| connections.count(text.parse().unwrap());
        let held = [from("192.0.2.1"), from("192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(from("192.0.2.1").is_none() && from("::ffff:192.0.2.1").is_none());
        assert!(from("192.0.2.2").is_some());
        let proxied: Vec<_> = (0..9).map(|_| from("10.0.0.1")).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop(held);
        assert!(from("192.0.2.1").is_some());
        drop(proxied);
        assert!(lock(&connections.open).is_empty());
    }
}
