//! When the origin is asked, who waits for the answer, and what may be concluded from it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use futures_util::future::join_all;

use super::*;
use crate::origins::GITHUB;
use crate::origins::signing::OriginSigner;

const T0: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn key(signer: &OriginSigner, is_current: bool) -> Arc<OriginKey> {
    let pem = signer.public_pem().to_owned();
    Arc::new(OriginKey::parse(signer.key_id().as_str(), pem, is_current).unwrap())
}

fn set(signers: &[&OriginSigner]) -> KeySet {
    KeySet::new(signers.iter().map(|signer| key(signer, true)), None)
}

fn ring() -> (KeyRing, KeyRequests) {
    KeyRing::new(Arc::new(GITHUB.clone()), KeyPolicy::Listed)
}

fn id(text: &str) -> KeyId {
    KeyId::parse(text).unwrap()
}

fn unreachable(retry_after: u64) -> KeyError {
    let retry_after = seconds(retry_after);
    KeyError::Unreachable { retry_after }
}

/// The request that is there now, if any.
fn pending(requests: &mut KeyRequests) -> Option<KeyRequest> {
    requests.incoming.try_recv().ok()
}

/// Lets `future` run as far as it gets; it must not be finished.
async fn started<F: Future + Unpin>(future: &mut F) {
    let early = poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).await;
    assert!(early.is_pending(), "it did not wait");
}

#[tokio::test]
async fn a_known_key_is_there_at_once_and_nobody_is_asked() {
    let (ring, mut requests) = ring();
    let signer = OriginSigner::generate();
    ring.restore(set(&[&signer]));
    assert_eq!(
        ring.key(signer.key_id(), T0).await.unwrap().id,
        *signer.key_id()
    );
    assert!(pending(&mut requests).is_none());
}

#[tokio::test]
async fn an_unknown_key_is_fetched_and_found() {
    let (ring, mut requests) = ring();
    let (former, rotated) = (OriginSigner::generate(), OriginSigner::generate());
    ring.restore(set(&[&former]));
    let job = async {
        let request = requests.next().await.unwrap();
        ring.publish(set(&[&rotated]));
        drop(request);
    };
    let (found, ()) = tokio::join!(ring.key(rotated.key_id(), T0), job);
    assert_eq!(found.unwrap().id, *rotated.key_id());
    assert!(
        ring.keys().find(former.key_id()).is_none(),
        "it is not listed any more"
    );
}

#[tokio::test]
async fn callers_at_once_share_one_fetch() {
    let (ring, mut requests) = ring();
    let signer = OriginSigner::generate();
    let stranger = id("stranger");
    let mut callers: Vec<_> = (0..100_u32)
        .map(|n| {
            if n % 2 == 0 {
                signer.key_id()
            } else {
                &stranger
            }
        })
        .map(|id| Box::pin(ring.key(id, T0)))
        .collect();
    for caller in &mut callers {
        started(caller).await;
    }

    let request = pending(&mut requests).unwrap();
    assert!(pending(&mut requests).is_none());
    ring.publish(set(&[&signer]));
    drop(request);
    for (n, outcome) in join_all(callers).await.into_iter().enumerate() {
        assert_eq!(
            outcome.map(|key| key.id.clone()).err(),
            (n % 2 == 1).then_some(KeyError::Unknown)
        );
    }
    assert!(pending(&mut requests).is_none());
}

#[tokio::test]
async fn unknown_ids_cause_one_fetch_a_minute() {
    let (ring, mut requests) = ring();
    for minute in 0..3 {
        let now = T0.plus(seconds(60 * minute));
        let first = id("first");
        let mut asking = Box::pin(ring.key(&first, now));
        started(&mut asking).await;
        let request = pending(&mut requests).expect("a new minute, a new fetch");
        ring.confirm();
        drop(request);
        assert_eq!(asking.await, Err(KeyError::Unknown));
        for later in [0, 1, 59] {
            let other = id(&format!("id{later}"));
            let answer = ring.key(&other, now.plus(seconds(later))).await;
            assert_eq!(answer, Err(KeyError::Unknown));
            assert!(pending(&mut requests).is_none());
        }
    }
}

#[tokio::test]
async fn after_a_failed_fetch_nobody_can_know_but_known_keys_work() {
    let (ring, mut requests) = ring();
    let signer = OriginSigner::generate();
    ring.restore(set(&[&signer]));
    let stranger = id("stranger");
    let mut asking = Box::pin(ring.key(&stranger, T0));
    started(&mut asking).await;
    let request = pending(&mut requests).unwrap();
    ring.fetch_failed();
    drop(request);
    assert_eq!(asking.await, Err(unreachable(60)));

    let later = T0.plus(Duration::from_millis(45_500));
    assert_eq!(ring.key(&stranger, later).await, Err(unreachable(15)));
    assert!(pending(&mut requests).is_none());
    assert!(ring.key(signer.key_id(), later).await.is_ok());
}

#[tokio::test]
async fn a_background_fetch_uses_no_budget_and_settles_what_is_known() {
    let (ring, mut requests) = ring();
    let signer = OriginSigner::generate();
    let stranger = id("stranger");
    ring.publish(set(&[&signer]));
    let mut asking = Box::pin(ring.key(&stranger, T0));
    started(&mut asking).await;
    let request = pending(&mut requests).expect("the background fetch left the budget alone");
    ring.fetch_failed();
    drop(request);
    assert_eq!(asking.await, Err(unreachable(60)));

    ring.confirm();
    assert_eq!(
        ring.key(&stranger, T0.plus(seconds(1))).await,
        Err(KeyError::Unknown)
    );
}

#[tokio::test]
async fn a_fetch_that_nobody_makes_is_no_proof() {
    let (ring, requests) = ring();
    ring.publish(set(&[&OriginSigner::generate()]));
    drop(requests);
    assert_eq!(ring.key(&id("stranger"), T0).await, Err(unreachable(60)));
}

#[tokio::test]
async fn a_job_that_dies_while_fetching_proves_nothing() {
    let (ring, mut requests) = ring();
    ring.publish(set(&[&OriginSigner::generate()]));
    let stranger = id("stranger");
    let mut asking = Box::pin(ring.key(&stranger, T0));
    started(&mut asking).await;
    drop(pending(&mut requests).unwrap());
    assert_eq!(asking.await, Err(unreachable(60)));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let (ring, requests) = ring();
    let start = tokio::time::Instant::now();
    assert_eq!(ring.key(&id("stranger"), T0).await, Err(unreachable(60)));
    assert_eq!(start.elapsed(), LONGEST_WAIT);
    drop(requests);
}

#[tokio::test]
async fn a_clock_that_is_turned_back_does_not_silence_the_ring() {
    let (ring, mut requests) = ring();
    let stranger = id("stranger");
    for now in [T0, T0.minus(seconds(3_600))] {
        let mut asking = Box::pin(ring.key(&stranger, now));
        started(&mut asking).await;
        drop(pending(&mut requests).expect("this is another minute"));
        assert_eq!(asking.await, Err(unreachable(60)));
    }
    let a_little_earlier = T0.minus(seconds(3_601));
    assert_eq!(
        ring.key(&stranger, a_little_earlier).await,
        Err(unreachable(61))
    );
    assert!(pending(&mut requests).is_none());
}

#[tokio::test]
async fn a_former_key_is_taken_or_refused_by_policy() {
    let signer = OriginSigner::generate();
    for (policy, taken) in [(KeyPolicy::Listed, true), (KeyPolicy::Current, false)] {
        let (ring, mut requests) = KeyRing::new(Arc::new(GITHUB.clone()), policy);
        ring.publish(KeySet::new([key(&signer, false)], None));
        let answer = ring.key(signer.key_id(), T0).await;
        assert_eq!(answer.is_ok(), taken);
        assert!(taken || answer == Err(KeyError::NotCurrent));
        assert!(pending(&mut requests).is_none());
    }
}

#[tokio::test]
async fn keys_that_were_handed_over_are_all_there_are() {
    let (signer, stranger) = (OriginSigner::generate(), OriginSigner::generate());
    let ring = KeyRing::fixed(Arc::new(GITHUB.clone()), set(&[&signer]));
    assert!(ring.key(signer.key_id(), T0).await.is_ok());
    // At once, and not as if somebody could still be asked.
    assert_eq!(
        ring.key(stranger.key_id(), T0).await,
        Err(KeyError::Unknown)
    );
}
