//! Answers as their receivers take them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use super::Activity;

/// So many bytes of an answer are handed on at once.
const PIECE: usize = 32 * 1_024;

/// A body that is handed on in pieces, each when the one before was taken: as long as that goes on, the
/// connection is not quiet, however long the whole takes.
pub(in crate::http) struct Pieces {
    body: BoxBody,
    /// What the body gave and is not handed on.
    left: Bytes,
    activity: Option<Arc<Activity>>,
}

impl Pieces {
    pub(super) fn new(body: BoxBody, activity: Option<Arc<Activity>>) -> Self {
        Self {
            body,
            left: Bytes::new(),
            activity,
        }
    }
}

impl MessageBody for Pieces {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some(activity) = &self.activity {
            activity.go_on();
        }
        if self.left.is_empty() {
            match self.body.as_pin_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.left = bytes,
                other => return other,
            }
        }
        let length = self.left.len().min(PIECE);
        Poll::Ready(Some(Ok(self.left.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::connections::tests::socket;
    use crate::http::connections::{Busy, Connections, State, lock};
    use crate::model::Timestamp;
    use crate::telemetry::Metrics;

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_bit_by_bit_is_not_cut_off() {
        let metrics = Metrics::new(Timestamp::from_millis(0));
        let connections = Connections::new(100, 8, Arc::default(), metrics);
        tokio::spawn(connections.end_quiet_ones());
        let one = connections.count("192.0.2.1".parse().unwrap(), socket());
        let one = one.unwrap();
        let has_ended = || matches!(*lock(&one.activity.state), State::Ended);
        assert!(one.activity.begin());
        let busy = Busy(Some((Arc::clone(&one.activity), Arc::clone(&one.open))));
        let whole = Bytes::from(vec![b'a'; 2 * PIECE + 1]);
        let mut body = busy.in_pieces(BoxBody::new(whole.clone()));
        assert_eq!(body.size(), BodySize::Sized(2 * PIECE as u64 + 1));
        drop(busy);
        let mut taken = Vec::new();
        for length in [PIECE, PIECE, 1] {
            tokio::time::sleep(Duration::from_secs(20)).await;
            assert!(!has_ended());
            let piece = std::future::poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await;
            let piece = piece.unwrap().unwrap();
            assert_eq!(piece.len(), length);
            taken.extend(piece);
        }
        assert_eq!(taken, whole);
        let end = std::future::poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await;
        assert!(end.is_none());
        tokio::time::sleep(Duration::from_secs(32)).await;
        assert!(has_ended(), "nobody takes the rest");
    }
}
