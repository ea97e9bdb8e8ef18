//! Where a token was seen is forgotten in time, and known again nevertheless.

use serde_json::json;
use sha2::{Digest, Sha256};
use tokenward::domain::outbox::requeue_all;
use tokenward::domain::retention::{self, Scrubbed};
use tokenward::domain::tokens::Issued;
use tokenward::jobs::Round;
use tokenward::storage::outbox::{self as outbox_table, Settlement};

use super::traces::is_on_disk;
use super::{Batches, DAY, everything};
use crate::support::{TestApp, is_postgres, report_at};

pub(super) const PLACE: &str = "https://github.com/acme/secret-plans/blob/main/.env";
const OTHER: &str = "https://github.com/acme/other/blob/main/.env";

pub(super) async fn scrub(app: &TestApp) -> Scrubbed {
    retention::scrub(&app.ctx, &Batches::all()).await.unwrap()
}

/// A token of Ada's that leaked at [`PLACE`].
pub(super) async fn leak(app: &TestApp) -> Issued {
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    see(app, &token, PLACE).await;
    token
}

pub(super) async fn see(app: &TestApp, token: &Issued, place: &str) {
    let report = report_at(token.token.reveal(), place);
    let answer = app.github().report(&[report]).await;
    assert_eq!(answer.labels(), ["true_positive"]);
}

/// Lets the only letter die as one that no server takes.
async fn kill_letter(app: &TestApp) {
    let now = app.clock.now();
    let mut tx = app.ctx.db.begin().await.unwrap();
    let claimed = outbox_table::claim(&mut tx, 10, now, now.plus(DAY))
        .await
        .unwrap();
    let dead = Settlement::Dead {
        at: now,
        error: format!("554 we do not like {PLACE}"),
    };
    assert!(
        outbox_table::settle(&mut tx, &claimed[0], &dead)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn thirty_one_days_after_a_leak_nothing_tells_where_it_was() {
    let app = TestApp::start().await;
    let token = leak(&app).await;
    assert_eq!(app.read_mail().await.len(), 1);
    app.clock.advance(DAY * 24);
    assert_eq!(scrub(&app).await, Scrubbed::default());
    assert!(
        everything(&app.database).await.contains(PLACE),
        "this finds what is there"
    );
    let facts = "SELECT origin, first_seen_at, state_before, revoked_at, verdict FROM exposures";
    let before = app.rows(facts).await;

    app.clock.advance(DAY * 7);
    let done = scrub(&app).await;

    assert_eq!((done.exposures, done.letters), (1, 1));
    assert!(!everything(&app.database).await.contains("secret-plans"));
    assert!(!is_on_disk(&app.database, "secret-plans").await);
    assert_eq!(app.rows(facts).await, before);
    let now = app.clock.now().as_millis();
    let scrubbed = "SELECT scrubbed_at FROM exposures WHERE url IS NULL AND source IS NULL";
    assert_eq!(app.number(scrubbed).await, now);
    assert!(!app.is_active(&token.token).await);
    assert_eq!(scrub(&app).await, Scrubbed::default());
}

#[tokio::test]
async fn a_place_stays_until_everybody_was_told_for_long_enough() {
    let app = TestApp::start().await;
    leak(&app).await;
    app.clock.advance(DAY * 60);
    assert_eq!(scrub(&app).await.exposures, 0);
    assert!(app.read_mail().await[0].text.contains(PLACE));
    app.clock.advance(DAY * 24);
    assert_eq!(scrub(&app).await.exposures, 0);
    let page = app.get("/metrics").await.text().await.unwrap();
    assert!(
        page.contains("tokenward_retention_backlog{what=\"places\"} 1\n"),
        "{page}"
    );
    app.clock.advance(DAY * 2);
    assert_eq!(scrub(&app).await.exposures, 1);
    let page = app.get("/metrics").await.text().await.unwrap();
    assert!(
        page.contains("tokenward_retention_backlog{what=\"places\"} 0\n"),
        "{page}"
    );
}

#[tokio::test]
async fn a_dead_letter_holds_no_place_for_ever_and_leaves_without_it_when_it_comes_back() {
    let app = TestApp::start().await;
    leak(&app).await;
    kill_letter(&app).await;
    app.clock.advance(DAY * 24);
    assert_eq!(scrub(&app).await.exposures, 0);

    app.clock.advance(DAY * 7);
    let done = scrub(&app).await;

    assert_eq!((done.exposures, done.letters), (1, 1));
    assert!(!everything(&app.database).await.contains("secret-plans"));
    assert_eq!(requeue_all(&app.ctx).await.unwrap(), 1);
    assert_eq!(app.deliver_mail().await, Round::Done);
    let mail = app.read_mail().await;
    assert_eq!(mail.len(), 1);
    assert!(
        mail[0].subject.contains("was found in public"),
        "{}",
        mail[0].subject
    );
    assert!(!mail[0].text.contains("acme"), "{}", mail[0].text);
}

#[tokio::test]
async fn whoever_brings_a_letter_back_does_not_open_its_case_again() {
    let app = TestApp::start().await;
    leak(&app).await;
    kill_letter(&app).await;
    app.clock.advance(DAY * 20);
    assert_eq!(requeue_all(&app.ctx).await.unwrap(), 1);
    app.clock.advance(DAY * 6);

    let done = scrub(&app).await;

    assert_eq!((done.exposures, done.letters), (1, 1));
    assert_eq!(app.deliver_mail().await, Round::Done);
    let mail = app.read_mail().await;
    assert!(!mail[0].text.contains("acme"), "{}", mail[0].text);
    assert!(!everything(&app.database).await.contains("secret-plans"));
}

#[tokio::test]
async fn what_the_server_says_of_a_letter_whose_place_is_gone_is_not_kept() {
    let app = TestApp::start().await;
    leak(&app).await;
    kill_letter(&app).await;
    app.clock.advance(DAY * 26);
    assert_eq!(requeue_all(&app.ctx).await.unwrap(), 1);
    let now = app.clock.now();
    let mut tx = app.ctx.db.begin().await.unwrap();
    let claimed = outbox_table::claim(&mut tx, 1, now, now.plus(DAY)).await;
    let claimed = claimed.unwrap().remove(0);
    tx.commit().await.unwrap();
    assert_eq!(scrub(&app).await.exposures, 1);

    let dead = Settlement::Dead {
        at: now,
        error: format!("554 we do not like {PLACE}"),
    };
    let mut tx = app.ctx.db.begin().await.unwrap();
    assert!(
        outbox_table::settle(&mut tx, &claimed, &dead)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();

    assert!(!everything(&app.database).await.contains("secret-plans"));
}

#[tokio::test]
async fn a_place_that_was_forgotten_is_told_once_all_the_same() {
    let old = "[tokens]\nhash_keys = ['the older key of these tests']";
    let app = TestApp::builder().settings(old).start().await;
    let token = leak(&app).await;
    app.read_mail().await;
    app.clock.advance(DAY * 31);
    assert_eq!(scrub(&app).await.exposures, 1);
    see(&app, &token, PLACE).await;
    assert_eq!(app.read_mail().await.len(), 1);
    let (clock, github) = (app.clock.clone(), app.origin().clone());
    let database = app.stop().await;

    let both = "[tokens]\nhash_keys = ['the newer key of these tests', \
        'the older key of these tests']\n[mail]\ndigest_every = ''";
    let builder = TestApp::builder()
        .settings(both)
        .clock(clock)
        .github(github);
    let app = builder.database(database).start().await;
    for _ in 0..2 {
        see(&app, &token, PLACE).await;
        assert_eq!(app.read_mail().await.len(), 0);
    }
    let keys = "SELECT count(*) FROM exposures AS e JOIN tokens AS t
        ON t.id = e.token_id AND t.hash_key = e.place_hash_key";
    assert_eq!(app.number(keys).await, 1);
    see(&app, &token, OTHER).await;
    assert_eq!(app.read_mail().await.len(), 1);
}

/// The key of [`PLACE`] as whoever guesses it can make it, for the engine at hand.
fn guess() -> String {
    let digest = hex::encode(Sha256::digest(format!("url {PLACE}")));
    match is_postgres() {
        true => format!("'\\x{digest}'::bytea"),
        false => format!("x'{digest}'"),
    }
}

#[tokio::test]
async fn whoever_reads_the_database_and_guesses_a_place_is_none_the_wiser() {
    let app = TestApp::start().await;
    let token = leak(&app).await;
    let guessed = format!(
        "SELECT count(*) FROM exposures WHERE place_key = {}",
        guess()
    );
    assert_eq!(app.number(&guessed).await, 0);

    // As an earlier version left it.
    let earlier = format!(
        "UPDATE exposures SET place_hash_key = NULL, place_key = {}",
        guess()
    );
    app.database.execute(&earlier).await;
    assert_eq!(scrub(&app).await.sealed, 1);
    assert_eq!(app.number(&guessed).await, 0);
    see(&app, &token, PLACE).await;
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);

    // As one left it that ran beside this version.
    app.database.execute(&earlier).await;
    see(&app, &token, PLACE).await;
    assert_eq!(scrub(&app).await.sealed, 1);
    assert_eq!(app.number(&guessed).await, 0);
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 2);
}

#[tokio::test]
async fn an_origin_can_have_a_time_of_its_own() {
    let settings = "[retention]\nplaces_by_origin = ['github 2d', 'internal 90d']";
    let app = TestApp::builder().settings(settings).start().await;
    let token = leak(&app).await;
    see(&app, &token, OTHER).await;
    let internal = format!("UPDATE exposures SET origin = 'internal' WHERE url = '{OTHER}'");
    app.database.execute(&internal).await;
    app.read_mail().await;
    for (days, scrubbed) in [(1, 0), (2, 1), (86, 0), (2, 1)] {
        app.clock.advance(DAY * days);
        assert_eq!(scrub(&app).await.exposures, scrubbed, "after {days} more");
    }
}

/// Ada's token at more places than fit into two batches; one letter of them all is not sent.
async fn leak_everywhere(app: &TestApp) -> usize {
    const PLACES: usize = 1_100;
    let token = leak(app).await;
    let reports: Vec<_> = (1..PLACES)
        .map(|number| {
            let url = format!("{OTHER}#L{number}");
            json!({ "token": token.token.reveal(), "type": "any", "url": url })
        })
        .collect();
    app.github().report(&reports).await;
    let now = app.clock.now().as_millis();
    let sent = format!(
        "UPDATE outbox SET sent_at = {now} WHERE id <> (SELECT id FROM outbox ORDER BY id LIMIT 1)"
    );
    app.database.execute(&sent).await;
    app.clock.advance(DAY * 31);
    PLACES
}

#[tokio::test]
async fn a_round_that_is_interrupted_is_taken_up_again() {
    let app = TestApp::start().await;
    let places = leak_everywhere(&app).await;
    let first = retention::scrub(&app.ctx, &Batches::at_most(1))
        .await
        .unwrap();
    assert!((499..=500).contains(&first.exposures), "{first:?}");
    let held = "SELECT count(*) FROM exposures WHERE url IS NOT NULL";
    let left = i64::try_from(places).unwrap() - i64::try_from(first.exposures).unwrap();
    assert_eq!(app.number(held).await, left);
    scrub(&app).await;
    assert_eq!(app.number(held).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_scrub_at_once_do_it_once() {
    let app = TestApp::start().await;
    let places = leak_everywhere(&app).await;
    let all = tokio::join!(scrub(&app), scrub(&app), scrub(&app));
    let exposures = all.0.exposures + all.1.exposures + all.2.exposures;
    assert_eq!(exposures, u64::try_from(places).unwrap() - 1);
}

#[tokio::test]
async fn the_report_counts_what_is_there() {
    let app = TestApp::start().await;
    let token = leak(&app).await;
    see(&app, &token, OTHER).await;
    let first_seen_at = app.clock.now();
    app.read_mail().await;
    app.clock.advance(DAY * 31);
    let told = retention::report(&app.ctx).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].origin.as_str(), told[0].kept_for),
        ("github", DAY * 25)
    );
    assert_eq!(
        (told[0].exposures, told[0].held, told[0].letters),
        (2, 2, 2)
    );
    assert_eq!((told[0].oldest, told[0].scrubbed), (Some(first_seen_at), 0));

    scrub(&app).await;
    // A mark alone proves nothing.
    let back = "UPDATE outbox SET letter = '{\"letter\":\"token_exposed\",\"url\":\"x\"}'
        WHERE id = (SELECT id FROM outbox ORDER BY id LIMIT 1)";
    app.database.execute(back).await;
    let told = retention::report(&app.ctx).await.unwrap();
    assert_eq!(
        (told[0].exposures, told[0].held, told[0].letters),
        (2, 0, 1)
    );
    assert_eq!((told[0].oldest, told[0].scrubbed), (None, 2));
}
