//! What was dead before it was seen is told later and together.

use std::time::Duration;

use serde_json::Value;
use tokenward::domain::digests;
use tokenward::domain::retention;
use tokenward::domain::tokens::{Issued, NewTokenRequest};
use tokenward::model::{Role, Timestamp, TokenKind, User};

use crate::retention::Batches;
use crate::support::{Mail, TestApp, report_at};

const DAY: Duration = Duration::from_secs(86_400);
const AT_ONCE: &str = "[mail]\ndigest_every = ''";

fn place(name: &str) -> String {
    format!("https://github.com/acme/app/blob/main/{name}")
}

async fn see(app: &TestApp, seen: &[(&Issued, &str)]) {
    let reports: Vec<Value> = seen
        .iter()
        .map(|(token, at)| report_at(token.token.reveal(), &place(at)))
        .collect();
    let labels = app.github().report(&reports).await.labels();
    assert!(labels.iter().all(|label| label == "true_positive"));
}

/// A token that has expired.
async fn expired(app: &TestApp, user: &User) -> Issued {
    let token = app.token(request(user)).await;
    app.clock.advance(DAY * 2);
    token
}

fn request(user: &User) -> NewTokenRequest {
    NewTokenRequest {
        user: Some(user.id),
        lifetime: Some(DAY),
        ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
    }
}

/// Puts together everything that is due, and tells for how many readers.
async fn gather(app: &TestApp) -> usize {
    let mut readers = 0;
    while digests::gather_next(&app.ctx).await.unwrap() {
        readers += 1;
    }
    readers
}

async fn waiting(app: &TestApp) -> i64 {
    let open = "SELECT count(*) FROM digest_entries WHERE digest_id IS NULL";
    app.number(open).await
}

/// The mails after the first `known` ones.
async fn news(app: &TestApp, known: usize) -> Vec<Mail> {
    app.read_mail().await.split_off(known)
}

#[tokio::test]
async fn leaks_of_dead_tokens_are_told_together_a_week_after_the_first() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = expired(&app, &ada).await;
    see(&app, &[(&token, "one"), (&token, "two")]).await;
    app.clock.advance(DAY * 6);
    see(&app, &[(&token, "three")]).await;
    assert_eq!((gather(&app).await, news(&app, 0).await.len()), (0, 0));
    app.clock.advance(DAY);

    assert_eq!(gather(&app).await, 1);

    let mails = news(&app, 0).await;
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.to, "ada@example.com");
    assert!(mail.subject.ends_with("were found in 3 places"));
    for at in ["one", "two", "three"] {
        assert!(mail.text.contains(&place(at)), "{}", mail.text);
        assert!(mail.html.contains(&place(at)), "{}", mail.html);
    }
    assert_eq!((waiting(&app).await, gather(&app).await), (0, 0));
    assert!(!app.is_active(&token.token).await);
}

#[tokio::test]
async fn the_same_place_is_told_once_and_a_later_one_in_the_next_digest() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = expired(&app, &ada).await;
    for _ in 0..3 {
        see(&app, &[(&token, "one")]).await;
    }
    app.clock.advance(DAY * 7);
    gather(&app).await;
    see(&app, &[(&token, "one"), (&token, "two")]).await;
    assert_eq!(news(&app, 0).await.len(), 1);
    app.clock.advance(DAY * 7);
    gather(&app).await;
    let mails = news(&app, 1).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text.contains(&place("two")) && !mails[0].text.contains(&place("one")));
}

#[tokio::test]
async fn what_works_is_told_at_once_and_so_are_other_places_while_its_leak_is_fresh() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let live = app.personal_token(&ada, "deploy").await;
    let dead = expired(&app, &ada).await;
    see(&app, &[(&live, "one"), (&dead, "one")]).await;
    let mails = news(&app, 0).await;
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].subject.contains("“deploy”"),
        "{}",
        mails[0].subject
    );
    for (days, at_once) in [(6, 1), (1, 0)] {
        app.clock.advance(DAY * days);
        let before = app.read_mail().await.len();
        see(&app, &[(&live, &format!("after {days}"))]).await;
        assert_eq!(news(&app, before).await.len(), at_once);
    }
    assert_eq!(waiting(&app).await, 2);
}

#[tokio::test]
async fn a_token_that_was_dead_does_not_become_fresh_by_being_seen() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let (lapsed, ended) = (
        expired(&app, &ada).await,
        app.personal_token(&ada, "x").await,
    );
    app.database
        .execute("UPDATE tokens SET revoked_at = 1, revoked_reason = 'owner' WHERE name = 'x'")
        .await;
    for at in ["one", "two"] {
        see(&app, &[(&lapsed, at), (&ended, at)]).await;
    }
    assert_eq!((news(&app, 0).await.len(), waiting(&app).await), (0, 4));
}

#[tokio::test]
async fn a_dead_member_of_a_living_family_is_no_mere_information() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    let member = family.all().into_iter().next().unwrap();
    let id = member.id;
    let dead = format!(
        "UPDATE tokens SET revoked_at = 1, revoked_reason = 'superseded' WHERE {}",
        id_is(id.uuid())
    );
    app.database.execute(&dead).await;
    see(&app, &[(member, "one")]).await;
    let mails = news(&app, 0).await;
    assert_eq!((mails.len(), waiting(&app).await), (1, 0));
}

fn id_is(id: uuid::Uuid) -> String {
    match crate::support::is_postgres() {
        true => format!("id = '{id}'"),
        false => format!("id = x'{}'", id.simple()),
    }
}

#[tokio::test]
async fn a_token_in_quarantine_or_of_somebody_blocked_is_told_at_once() {
    let rules = "[policy]\nrules = ['* personal_access_token quarantine']";
    let app = TestApp::builder().settings(rules).start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    see(&app, &[(&token, "one")]).await;
    app.clock.advance(DAY * 2);
    see(&app, &[(&token, "two")]).await;
    assert_eq!((news(&app, 0).await.len(), waiting(&app).await), (2, 0));
    let other = app.personal_token(&ada, "other").await;
    let at = app.clock.now().as_millis();
    app.database
        .execute(&format!("UPDATE users SET blocked_at = {at}"))
        .await;
    see(&app, &[(&other, "one")]).await;
    assert_eq!((news(&app, 2).await.len(), waiting(&app).await), (1, 0));
}

#[tokio::test]
async fn an_organizations_managers_each_get_theirs() {
    let app = TestApp::start().await;
    let owner = app.user("owner@example.com").await;
    let acme = app.organization("acme", &owner).await;
    let admin = app.user("admin@example.com").await;
    app.member(&acme, &admin, Role::Admin).await;
    let token = app.organization_token(acme.id, Some(&owner), "one").await;
    app.database
        .execute("UPDATE tokens SET revoked_at = 1, revoked_reason = 'owner'")
        .await;
    see(&app, &[(&token, "one")]).await;
    app.clock.advance(DAY * 7);
    assert_eq!(gather(&app).await, 2);
    let mut told: Vec<_> = news(&app, 0)
        .await
        .into_iter()
        .map(|mail| mail.to)
        .collect();
    told.sort_unstable();
    assert_eq!(told, ["admin@example.com", "owner@example.com"]);
}

#[tokio::test]
async fn a_dead_token_makes_no_leak_a_repeated_one_and_is_none() {
    for settings in ["", AT_ONCE] {
        let app = TestApp::builder().settings(settings).start().await;
        let ada = app.user("ada@example.com").await;
        let (first, second) = (expired(&app, &ada).await, expired(&app, &ada).await);
        let live = app.personal_token(&ada, "deploy").await;
        see(&app, &[(&first, "one")]).await;
        see(&app, &[(&live, "one")]).await;
        see(&app, &[(&second, "one")]).await;
        app.clock.advance(DAY * 7);
        gather(&app).await;
        let mails = news(&app, 0).await;
        let loud = mails.iter().filter(|mail| mail.subject.contains("again"));
        assert_eq!(loud.count(), 0);
        assert_eq!(mails.len(), if settings.is_empty() { 2 } else { 3 });
    }
}

#[tokio::test]
async fn without_digests_each_place_is_told_at_once_and_what_was_collected_is_told() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = expired(&app, &ada).await;
    see(&app, &[(&token, "one")]).await;
    let (clock, github) = (app.clock.clone(), std::sync::Arc::clone(app.origin()));
    let database = app.stop().await;
    let builder = TestApp::builder().settings(AT_ONCE).clock(clock);
    let app = builder.database(database).github(github).start().await;
    see(&app, &[(&token, "two")]).await;
    let mails = news(&app, 0).await;
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].text.contains("It had been revoked on"),
        "{}",
        mails[0].text
    );
    assert_eq!(gather(&app).await, 1);
    assert!(news(&app, 1).await[0].text.contains(&place("one")));
}

#[tokio::test]
async fn a_digest_of_very_many_names_some_and_counts_the_others() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = expired(&app, &ada).await;
    let names: Vec<_> = (0..1_300).map(|number| format!("{number}")).collect();
    let seen: Vec<_> = names.iter().map(|name| (&token, name.as_str())).collect();
    see(&app, &seen).await;
    app.clock.advance(DAY * 7);
    // Somebody stopped after the first batch.
    let ctx = &app.ctx;
    let reader = "ada@example.com".parse().unwrap();
    let mut tx = ctx.db.begin().await.unwrap();
    let first = tokenward::storage::digests::find_first(&mut tx, &reader).await;
    let entry = first.unwrap().unwrap().id;
    let gone = tokenward::storage::digests::delete_unnamed(&mut tx, &reader, 25, 500).await;
    assert_eq!(gone.unwrap(), 500);
    tokenward::storage::digests::add_unnamed(&mut tx, entry, 500)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let listed = digests::list(ctx, 10).await.unwrap();
    assert_eq!((listed.len(), listed[0].0.places), (1, 1_300));

    assert_eq!(gather(&app).await, 1);

    let mails = news(&app, 0).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.ends_with("were found in 1300 places"));
    assert!(
        mails[0]
            .text
            .contains("1275 more places are not listed here.")
    );
    assert_eq!(app.number("SELECT count(*) FROM digest_entries").await, 25);
    // None of those that were let go is told later.
    see(&app, &seen).await;
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_put_together_at_once_write_one_letter_for_each_reader() {
    let app = TestApp::start().await;
    let mut tokens = Vec::new();
    for name in 0..6 {
        let user = app.user(&format!("{name}@example.com")).await;
        tokens.push(app.token(request(&user)).await);
    }
    app.clock.advance(DAY * 2);
    let seen: Vec<_> = tokens.iter().map(|token| (token, "one")).collect();
    see(&app, &seen).await;
    app.clock.advance(DAY * 7);
    let replica = TestApp::builder()
        .clock(app.clock.clone())
        .database(app.database.clone())
        .github(std::sync::Arc::clone(app.origin()))
        .start()
        .await;
    tokio::join!(
        gather(&app),
        gather(&replica),
        gather(&app),
        gather(&replica)
    );
    assert_eq!(app.number("SELECT count(*) FROM outbox").await, 6);
    assert_eq!(app.number("SELECT count(*) FROM digest_entries").await, 6);
    assert_eq!(news(&app, 0).await.len(), 6);
    replica.stop().await;
}

async fn scrub(app: &TestApp) -> retention::Scrubbed {
    retention::scrub(&app.ctx, &Batches::all()).await.unwrap()
}

#[tokio::test]
async fn a_place_is_forgotten_after_its_digest_was_sent_and_not_before() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = expired(&app, &ada).await;
    see(&app, &[(&token, "secret-plans")]).await;
    app.clock.advance(DAY * 40);
    assert_eq!(scrub(&app).await.exposures, 0);
    gather(&app).await;
    assert_eq!(scrub(&app).await.exposures, 0);
    let held = retention::report(&app.ctx).await.unwrap();
    assert_eq!((held[0].held, held[0].letters), (1, 1));
    assert!(news(&app, 0).await[0].text.contains("secret-plans"));
    app.clock.advance(DAY * 24);
    assert_eq!(scrub(&app).await.exposures, 0);
    app.clock.advance(DAY * 2);

    let done = scrub(&app).await;

    assert_eq!((done.exposures, done.letters), (1, 1));
    let held = retention::report(&app.ctx).await.unwrap();
    assert_eq!((held[0].held, held[0].letters), (0, 0));
    assert!(
        !crate::retention::everything(&app.database)
            .await
            .contains("secret-plans")
    );
    // With the letter go its entries.
    app.clock.advance(DAY * 10);
    let letters = retention::Ended::Letters;
    retention::prune(&app.ctx, letters, &Batches::all())
        .await
        .unwrap();
    assert_eq!(app.number("SELECT count(*) FROM digest_entries").await, 0);
}

#[tokio::test]
async fn a_digest_that_no_server_takes_is_brought_back_with_what_is_left() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = expired(&app, &ada).await;
    see(&app, &[(&token, "one")]).await;
    app.clock.advance(DAY * 7);
    gather(&app).await;
    let at: Timestamp = app.clock.now();
    let dead = format!(
        "UPDATE outbox SET dead_at = {}, last_error = '554 {}'",
        at.as_millis(),
        place("one")
    );
    app.database.execute(&dead).await;
    app.clock.advance(DAY * 26);
    assert_eq!(scrub(&app).await.exposures, 1);
    assert!(
        !crate::retention::everything(&app.database)
            .await
            .contains("acme/app")
    );
    tokenward::domain::outbox::requeue_all(&app.ctx)
        .await
        .unwrap();
    let mails = news(&app, 0).await;
    assert!(
        mails[0].text.contains("was found in public"),
        "{}",
        mails[0].text
    );
}
