//! What single tables promise, where no story through the public door tells it.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use tokenward::domain::tokens::{Listing, list};
use tokenward::model::letter::{Addressee, LetterToken, Outcome, TokenExposed};
use tokenward::model::{
    Delivery, Email, Id, KnownToken, Letter, Origin, Timestamp, Token, TokenKind, Verdict,
};
use tokenward::storage::deliveries::{self, Remembered};
use tokenward::storage::origin_keys::{self, StoredKey, StoredKeySet};
use tokenward::storage::outbox::{self, ClaimedLetter, NewLetter, Settlement};
use tokenward::storage::tokens::{self, NewToken, Use};
use tokenward::storage::{StorageError, users};

use crate::support::{START, TestApp, address};

fn letter() -> Letter {
    Letter::TokenExposed(Box::new(TokenExposed {
        token: LetterToken {
            id: "1".to_owned(),
            kind: "personal_access_token".to_owned(),
            name: None,
            hint: "abcd".to_owned(),
            scopes: Vec::new(),
            organization: None,
            client: None,
            customer: None,
            created_at: START,
            expires_at: None,
            last_used_at: None,
            last_used_from: None,
        },
        addressee: Addressee::Owner,
        reported_by: "GitHub".to_owned(),
        url: None,
        source: None,
        seen_at: START,
        outcome: Outcome::Revoked { at: START },
        relatives_revoked: 0,
        leaked_before: None,
        copied_from: None,
    }))
}

async fn post(app: &TestApp, count: usize) {
    let letters: Vec<NewLetter> = (0..count)
        .map(|_| NewLetter {
            id: Id::new(START),
            exposure: None,
            recipient: address("ada@example.com"),
            letter: letter(),
        })
        .collect();
    let mut tx = app.ctx.db.begin().await.unwrap();
    outbox::insert(&mut tx, &letters, 10, START).await.unwrap();
    tx.commit().await.unwrap();
}

fn after(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

async fn claim(app: &TestApp, limit: i64, now: Timestamp) -> Vec<ClaimedLetter> {
    let mut tx = app.ctx.db.begin().await.unwrap();
    let until = now.plus(Duration::from_secs(300));
    let claimed = outbox::claim(&mut tx, limit, now, until).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

async fn settle(app: &TestApp, letter: &ClaimedLetter, settlement: Settlement) -> bool {
    let mut tx = app.ctx.db.begin().await.unwrap();
    let done = outbox::settle(&mut tx, letter, &settlement).await.unwrap();
    tx.commit().await.unwrap();
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn claimers_at_work_at_once_never_get_the_same_letter() {
    const LETTERS: usize = 300;
    let app = TestApp::start().await;
    post(&app, LETTERS).await;
    let claimer = async || {
        let mut mine = Vec::new();
        loop {
            let claimed = claim(&app, 7, START).await;
            assert!(claimed.len() <= 7, "{} letters", claimed.len());
            if claimed.is_empty() {
                return mine;
            }
            mine.extend(claimed.iter().map(|letter| letter.id));
        }
    };
    let all = futures_util::future::join_all((0..8).map(|_| claimer())).await;
    let all: Vec<Id<Letter>> = all.into_iter().flatten().collect();
    let different: HashSet<_> = all.iter().collect();
    assert_eq!(all.len(), different.len());
    // Whoever found nothing may have looked while the last letters were being claimed.
    let rest = claim(&app, 300, START).await.len();
    assert_eq!(different.len() + rest, LETTERS);
}

#[tokio::test]
async fn a_letter_whose_claim_ended_is_handed_out_again_and_settled_by_its_new_holder_only() {
    let app = TestApp::start().await;
    post(&app, 1).await;
    let first = claim(&app, 10, START).await;
    assert_eq!((first.len(), first[0].attempts), (1, 1));
    assert!(claim(&app, 10, after(299)).await.is_empty());

    let second = claim(&app, 10, after(300)).await;

    assert_eq!((second[0].id, second[0].attempts), (first[0].id, 2));
    let sent = Settlement::Sent { at: after(301) };
    assert!(!settle(&app, &first[0], sent.clone()).await);
    assert_eq!(outbox::depth(&app.ctx.db).await.unwrap().waiting, 1);
    assert!(settle(&app, &second[0], sent.clone()).await);
    assert!(!settle(&app, &second[0], sent).await);
    assert_eq!(outbox::depth(&app.ctx.db).await.unwrap().waiting, 0);
    assert!(claim(&app, 10, after(100_000)).await.is_empty());
}

#[tokio::test]
async fn letters_given_back_count_as_not_tried() {
    let app = TestApp::start().await;
    post(&app, 2).await;
    let claimed = claim(&app, 10, START).await;
    assert!(settle(&app, &claimed[0], Settlement::Sent { at: START }).await);
    let mut tx = app.ctx.db.begin().await.unwrap();
    let trouble = Some("connection refused");
    outbox::release(&mut tx, claimed[1].claim, after(5), trouble)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    assert!(claim(&app, 10, after(4)).await.is_empty());
    let again = claim(&app, 10, after(5)).await;
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].id, again[0].attempts), (claimed[1].id, 1));
    let listed = outbox::list_unsent(&app.ctx.db, None, 10).await.unwrap();
    assert_eq!(listed[0].last_error.as_deref(), trouble);
}

#[tokio::test]
async fn dead_letters_are_listed_and_come_back_when_an_operator_says_so() {
    let app = TestApp::start().await;
    post(&app, 3).await;
    let claimed = claim(&app, 10, START).await;
    for letter in &claimed[..2] {
        let dead = Settlement::Dead {
            at: after(1),
            error: "550 no such mailbox".to_owned(),
        };
        assert!(settle(&app, letter, dead).await);
    }
    let due_at = after(10);
    let retry = Settlement::Retry {
        due_at,
        error: "451 later".to_owned(),
    };
    assert!(settle(&app, &claimed[2], retry).await);
    let depth = outbox::depth(&app.ctx.db).await.unwrap();
    assert_eq!((depth.waiting, depth.dead), (1, 2));
    assert_eq!(depth.oldest, Some(START));
    let listed = outbox::list_unsent(&app.ctx.db, None, 10).await.unwrap();
    assert_eq!(listed.len(), 3);
    let dead = listed.iter().filter(|one| one.dead_at == Some(after(1)));
    assert_eq!(dead.count(), 2);

    let mut tx = app.ctx.db.begin().await.unwrap();
    let one = Some(claimed[0].id);
    assert_eq!(outbox::requeue(&mut tx, one, after(2)).await.unwrap(), 1);
    assert_eq!(outbox::requeue(&mut tx, one, after(2)).await.unwrap(), 0);
    assert_eq!(outbox::requeue(&mut tx, None, after(2)).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let back = claim(&app, 10, after(2)).await;
    assert_eq!(back.len(), 2);
    assert!(back.iter().all(|letter| letter.attempts == 1));
}

fn delivery(count: usize) -> Delivery {
    let mut body_digest = [7; 32];
    body_digest[0] = u8::try_from(count).unwrap();
    Delivery {
        id: Id::new(START),
        origin: Origin::GITHUB,
        key_id: "key".to_owned(),
        body_digest: Some(body_digest),
        received_at: START,
        reports: Vec::new(),
    }
}

#[tokio::test]
async fn a_repeated_delivery_finds_the_verdicts_of_the_first_whatever_their_number() {
    let app = TestApp::start().await;
    for count in [0, 1, 7, 8, 9, 16, 17, 100] {
        let verdicts: Vec<Verdict> = (0..count)
            .map(|index| match index % 3 == 0 {
                true => Verdict::TruePositive,
                false => Verdict::FalsePositive,
            })
            .collect();
        let first = delivery(count);
        let mut tx = app.ctx.db.begin().await.unwrap();
        let remembered = deliveries::insert(&mut tx, &first, &verdicts)
            .await
            .unwrap();
        assert_eq!(remembered, Remembered::Now);
        let others = vec![Verdict::FalsePositive; count];
        let again = deliveries::insert(&mut tx, &delivery(count), &others).await;
        let id = first.id.uuid();
        assert_eq!(again.unwrap(), Remembered::Before { id, verdicts });
        tx.commit().await.unwrap();
    }
}

async fn record(app: &TestApp, token: Id<Token>, at: Timestamp, from: Option<&str>) {
    let from: Option<IpAddr> = from.map(|from| from.parse().unwrap());
    let mut tx = app.ctx.db.begin().await.unwrap();
    tokens::record_uses(&mut tx, &[Use { token, at, from }])
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_time_of_last_use_never_goes_backwards() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let id = app.personal_token(&ada, "deploy").await.id;
    let last_use = async || {
        let known = tokens::find(&app.ctx.db, id).await.unwrap().unwrap();
        let from = known.token.last_used_from.map(|from| from.to_string());
        (known.token.last_used_at, from)
    };
    let home = || Some("192.0.2.1".to_owned());

    record(&app, id, after(10), Some("192.0.2.1")).await;
    assert_eq!(last_use().await, (Some(after(10)), home()));
    record(&app, id, after(5), Some("198.51.100.9")).await;
    assert_eq!(last_use().await, (Some(after(10)), home()));
    record(&app, id, after(20), None).await;
    assert_eq!(last_use().await, (Some(after(20)), None));
    record(&app, id, after(30), Some("2001:db8::1")).await;
    let away = Some("2001:db8::1".to_owned());
    assert_eq!(last_use().await, (Some(after(30)), away));
}

async fn pages(app: &TestApp, listing: Listing) -> Vec<Id<Token>> {
    let mut all: Vec<Id<Token>> = Vec::new();
    loop {
        let after = all.last().copied();
        let page: Vec<KnownToken> = list(&app.ctx, listing, after, 4).await.unwrap();
        if page.is_empty() {
            return all;
        }
        assert!(page.len() <= 4);
        assert!(page.iter().all(|known| Some(known.token.id) > after));
        all.extend(page.iter().map(|known| known.token.id));
    }
}

#[tokio::test]
async fn pages_hold_every_token_once_in_the_order_they_were_made() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let bob = app.user("bob@example.com").await;
    let acme = app.organization("acme", &ada).await;
    let (mut adas, mut acmes, mut bobs) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..9 {
        adas.push(app.personal_token(&ada, "a").await.id);
        bobs.push(app.personal_token(&bob, "b").await.id);
        acmes.push(app.organization_token(acme.id, None, "c").await.id);
        // Some are made in the same millisecond.
        if number % 3 == 0 {
            app.clock.advance(Duration::from_secs(1));
        }
    }
    let mut both: Vec<_> = adas.iter().chain(&bobs).copied().collect();
    for ids in [&mut adas, &mut acmes, &mut both] {
        ids.sort_unstable();
    }
    assert_eq!(pages(&app, Listing::OfUser(ada.id)).await, adas);
    assert_eq!(pages(&app, Listing::OfOrganization(acme.id)).await, acmes);
    let personal = Listing::OfKind(TokenKind::PersonalAccessToken);
    assert_eq!(pages(&app, personal).await, both);
}

#[tokio::test]
async fn a_token_of_a_user_that_does_not_exist_cannot_be_written() {
    let app = TestApp::start().await;
    let text = app.ctx.format.mint(TokenKind::PersonalAccessToken, false);
    let orphan = NewToken {
        id: Id::new(START),
        kind: TokenKind::PersonalAccessToken,
        digest: app.ctx.hash_keys.digest(&text),
        hash_key: app.ctx.hash_keys.current().id().clone(),
        grant: None,
        parent: None,
        client: None,
        user: Some(Id::new(START)),
        organization: None,
        customer: None,
        name: None,
        scopes: "".parse().unwrap(),
        audience: None,
        hint: text.hint(),
        created_at: START,
        expires_at: None,
    };
    let mut tx = app.ctx.db.begin().await.unwrap();
    let refused = tokens::insert(&mut tx, &orphan).await;
    assert!(matches!(refused, Err(StorageError::Unexpected(_))));
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let unknown: Email = address("nobody@example.com");
    let mut tx = app.ctx.db.begin().await.unwrap();
    let blocked = users::set_blocked(&mut tx, &ada.email, Some(START)).await;
    assert!(blocked.unwrap().is_some());
    let blocked = users::set_blocked(&mut tx, &unknown, Some(START)).await;
    assert!(blocked.unwrap().is_none());
    drop(tx);
    let found = users::find_by_email(&app.ctx.db, &ada.email).await.unwrap();
    assert_eq!(found.unwrap().blocked_at, None);
}

#[tokio::test]
async fn the_keys_of_an_origin_are_replaced_as_a_whole() {
    let app = TestApp::start().await;
    let origin = Origin::from_stored("elsewhere".to_owned());
    let key = |key_id: &str, is_current| StoredKey {
        key_id: key_id.to_owned(),
        pem: format!("the key {key_id}"),
        is_current,
    };
    let mut set = StoredKeySet {
        etag: Some("\"1\"".to_owned()),
        fetched_at: START,
        address_digest: Some("an address".to_owned()),
        keys: vec![key("a", true), key("b", false)],
    };
    let stored = async || origin_keys::find(&app.ctx.db, &origin).await.unwrap();
    assert_eq!(stored().await, None);
    for keys in [set.keys.clone(), vec![key("b", true)], Vec::new()] {
        set.keys = keys;
        let mut tx = app.ctx.db.begin().await.unwrap();
        origin_keys::replace(&mut tx, &origin, &set).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(stored().await.as_ref(), Some(&set));
    }
    let mut tx = app.ctx.db.begin().await.unwrap();
    origin_keys::touch(&mut tx, &origin, after(60))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(stored().await.unwrap().fetched_at, after(60));
}
