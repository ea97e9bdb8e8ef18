//! GitHub's keys: kept, refreshed, rotated, and asked for no more often than is polite.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokenward::origins::signing::{OriginSigner, key_list};

use crate::support::{GitHub, TestApp, eventually, report};

const FETCHED: &str = r#"tokenward_key_fetches_total{origin="github",outcome="ok"}"#;
const UNCHANGED: &str = r#"tokenward_key_fetches_total{origin="github",outcome="not_modified"}"#;
const FAILED: &str = r#"tokenward_key_fetches_total{origin="github",outcome="failed"}"#;
const FORMER: &str = r#"tokenward_noncurrent_key_deliveries_total{origin="github"}"#;

/// A GitHub that publishes these keys; the flag says which are current.
async fn github_with(keys: &[(&OriginSigner, bool)]) -> Arc<GitHub> {
    let github = GitHub::start().await;
    github
        .publish(&key_list(keys.iter().copied()), "\"1\"")
        .await;
    Arc::new(github)
}

/// How the service answers to as many requests at once that name keys nobody has.
async fn strangers(app: &TestApp, count: usize) -> Vec<u16> {
    let posts = (0..count).map(|number| async move {
        let id = format!("{number:064x}");
        let headers = [
            ("Github-Public-Key-Identifier", id.as_str()),
            ("Github-Public-Key-Signature", "AAEC"),
        ];
        app.github().post_with(headers, b"[]".to_vec()).await.status
    });
    join_all(posts).await
}

#[tokio::test]
async fn keys_outlive_a_restart_while_github_is_away() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    app.keys_were_fetched().await;
    let github = Arc::clone(app.origin());
    let database = app.stop().await;
    github.break_down().await;

    let app = TestApp::builder()
        .database(database)
        .github(github)
        .start()
        .await;
    // Before and after it was noticed that GitHub is away.
    assert_eq!(app.github().post("[]").await.status, 200);
    app.keys_were_fetched().await;
    assert_eq!(app.metric(FAILED), 1.0);
    let answer = app.github().report(&[report(&token.token)]).await;
    assert_eq!(answer.labels(), ["true_positive"]);
}

#[tokio::test]
async fn keys_that_came_from_another_address_prove_nothing() {
    let app = TestApp::start().await;
    app.keys_were_fetched().await;
    let former = app.origin().signer.clone();
    let database = app.stop().await;
    let elsewhere = Arc::new(GitHub::start().await);
    elsewhere.break_down().await;

    let app = TestApp::builder()
        .database(database)
        .github(elsewhere)
        .start()
        .await;
    assert_eq!(app.github().post_signed_by(&former, "[]").await.status, 503);
}

#[tokio::test]
async fn a_new_key_is_picked_up_by_the_first_delivery_that_names_it() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    app.keys_were_fetched().await;
    let former = app.origin().signer.clone();
    let next = OriginSigner::generate();
    app.origin()
        .publish(&key_list([(&former, false), (&next, true)]), "\"2\"")
        .await;

    let body = serde_json::json!([report(&token.token)]).to_string();
    let answer = app.github().post_signed_by(&next, &body).await;
    assert_eq!(answer.labels(), ["true_positive"]);
    assert_eq!(app.origin().asked().await, 1);
    // The former key still arrives around a rotation; nobody has to be asked for either.
    assert_eq!(app.github().post_signed_by(&former, "[]").await.status, 200);
    assert_eq!(app.github().post_signed_by(&next, "[]").await.status, 200);
    assert_eq!(app.origin().asked().await, 1);
    assert_eq!(app.metric(FORMER), 1.0);
}

/// What could not be stored is asked for again, and stored then, though the list has not changed since.
#[tokio::test]
async fn keys_that_could_not_be_stored_are_stored_later() {
    let app = TestApp::start().await;
    app.keys_were_fetched().await;
    let next = OriginSigner::generate();
    app.origin()
        .publish(&key_list([(&next, true)]), "\"2\"")
        .await;
    app.database
        .execute("ALTER TABLE origin_keys RENAME TO origin_keys_away")
        .await;
    // Known is known.
    assert_eq!(app.github().post_signed_by(&next, "[]").await.status, 200);
    app.database
        .execute("ALTER TABLE origin_keys_away RENAME TO origin_keys")
        .await;
    let stored = async || {
        let keys = app
            .rows("SELECT key_id FROM origin_keys WHERE origin = 'github'")
            .await;
        keys.into_iter().flatten().collect::<Vec<_>>()
    };
    let next_id = next.key_id().as_str().to_owned();
    assert!(!stored().await.contains(&next_id));
    app.clock.advance(Duration::from_secs(60));
    strangers(&app, 1).await;
    eventually("the new key is stored", async || {
        stored().await == [next_id.clone()]
    })
    .await;
    let told = "SELECT count(*) FROM audit_log WHERE event = 'origin_keys.replaced'";
    assert_eq!(app.number(told).await, 2);
}

#[tokio::test]
async fn unknown_keys_make_github_be_asked_once_a_minute() {
    let app = TestApp::start().await;
    app.keys_were_fetched().await;
    assert_eq!(app.origin().asked().await, 1);

    assert_eq!(strangers(&app, 50).await, [403; 50]);
    assert_eq!(app.origin().asked().await, 2);
    app.clock.advance(Duration::from_secs(59));
    assert_eq!(strangers(&app, 50).await, [403; 50]);
    assert_eq!(app.origin().asked().await, 2);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(strangers(&app, 50).await, [403; 50]);
    assert_eq!(app.origin().asked().await, 3);
    // Whoever has a real key noticed nothing.
    assert_eq!(app.github().post("[]").await.status, 200);
}

#[tokio::test]
async fn without_keys_and_without_github_nobody_is_judged() {
    let github = Arc::new(GitHub::start().await);
    github.break_down().await;
    let app = TestApp::builder().github(Arc::clone(&github)).start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    app.keys_were_fetched().await;

    let answer = app.github().report(&[report(&token.token)]).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["error"], "unavailable");
    let wait: u64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(app.is_active(&token.token).await);
    // However many come, a GitHub in trouble is left in peace.
    let asked = github.asked().await;
    assert_eq!(strangers(&app, 20).await, [503; 20]);
    assert_eq!(github.asked().await, asked);
    let unavailable = r#"tokenward_deliveries_total{origin="github",outcome="unavailable"}"#;
    assert_eq!(app.metric(unavailable), 21.0);

    // It comes back, and so does the delivery after the time it was told to wait.
    github
        .publish(&key_list([(&github.signer, true)]), "\"1\"")
        .await;
    app.clock.advance(Duration::from_secs(wait));
    let answer = app.github().report(&[report(&token.token)]).await;
    assert_eq!(answer.labels(), ["true_positive"]);
    assert!(!app.is_active(&token.token).await);
}

#[tokio::test]
async fn an_outage_of_github_does_not_make_strangers_known() {
    let app = TestApp::start().await;
    app.keys_were_fetched().await;
    app.origin().break_down().await;
    // Perhaps it is a key that GitHub made just now: nobody can know.
    assert_eq!(strangers(&app, 5).await, [503; 5]);
    assert_eq!(app.github().post("[]").await.status, 200);
}

#[tokio::test]
async fn a_key_that_github_took_off_its_list_is_refused() {
    let app = TestApp::start().await;
    app.keys_were_fetched().await;
    let stolen = app.origin().signer.clone();
    let next = OriginSigner::generate();
    assert_eq!(app.github().post_signed_by(&stolen, "[]").await.status, 200);
    app.origin()
        .publish(&key_list([(&next, true)]), "\"2\"")
        .await;

    assert_eq!(app.github().post_signed_by(&next, "[]").await.status, 200);
    let answer = app.github().post_signed_by(&stolen, "[]").await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (403, &"unknown_key".into())
    );

    // Also after a restart: what is kept is what GitHub said last.
    let github = Arc::clone(app.origin());
    let database = app.stop().await;
    let app = TestApp::builder()
        .database(database)
        .github(github)
        .start()
        .await;
    assert_eq!(app.github().post_signed_by(&stolen, "[]").await.status, 403);
}

#[tokio::test]
async fn a_former_key_is_accepted_and_counted() {
    let former = OriginSigner::generate();
    let current = OriginSigner::generate();
    let github = github_with(&[(&former, false), (&current, true)]).await;
    let app = TestApp::builder().github(github).start().await;
    assert_eq!(
        app.github().post_signed_by(&current, "[]").await.status,
        200
    );
    assert_eq!(app.metric(FORMER), 0.0);
    assert_eq!(app.github().post_signed_by(&former, "[]").await.status, 200);
    assert_eq!(app.metric(FORMER), 1.0);
}

#[tokio::test]
async fn a_former_key_is_refused_where_that_is_wanted() {
    let former = OriginSigner::generate();
    let current = OriginSigner::generate();
    let github = github_with(&[(&former, false), (&current, true)]).await;
    let strict = "[origins.github]\nrequire_current_key = true";
    let app = TestApp::builder()
        .settings(strict)
        .github(github)
        .start()
        .await;
    assert_eq!(
        app.github().post_signed_by(&current, "[]").await.status,
        200
    );
    let answer = app.github().post_signed_by(&former, "[]").await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (403, &"unknown_key".into())
    );
    assert_eq!(app.metric(FORMER), 0.0);
}

#[tokio::test]
async fn keys_that_did_not_change_are_not_sent_again() {
    let app = TestApp::start().await;
    app.keys_were_fetched().await;
    assert_eq!((app.metric(FETCHED), app.metric(UNCHANGED)), (1.0, 0.0));
    assert_eq!(strangers(&app, 1).await, [403]);
    assert_eq!((app.metric(FETCHED), app.metric(UNCHANGED)), (1.0, 1.0));
    assert_eq!(app.github().post("[]").await.status, 200);

    // The tag is kept with the keys.
    let github = Arc::clone(app.origin());
    let database = app.stop().await;
    let app = TestApp::builder()
        .database(database)
        .github(github)
        .start()
        .await;
    app.keys_were_fetched().await;
    assert_eq!((app.metric(FETCHED), app.metric(UNCHANGED)), (0.0, 1.0));
    assert_eq!(app.github().post("[]").await.status, 200);
    let asked = app.origin().keys.received_requests().await.unwrap();
    let tags: Vec<_> = asked
        .iter()
        .map(|one| one.headers.get("if-none-match"))
        .collect();
    assert_eq!(tags[0], None);
    assert!(
        tags[1..]
            .iter()
            .all(|tag| tag.is_some_and(|tag| tag == "\"1\"")),
        "{tags:?}"
    );
}

#[tokio::test]
async fn keys_are_refreshed_in_the_background() {
    let often = "[origins.github]\nrefresh_interval = \"1s\"";
    let app = TestApp::builder().settings(often).start().await;
    app.keys_were_fetched().await;
    let next = OriginSigner::generate();
    app.origin()
        .publish(&key_list([(&next, true)]), "\"2\"")
        .await;
    eventually("the new list arrives", async || app.metric(FETCHED) >= 2.0).await;
    let gone = app.github().post("[]").await;
    assert_eq!(gone.status, 403, "{}", gone.text);
}

#[tokio::test]
async fn a_configured_token_is_shown_to_github_and_to_nobody_else() {
    let token = "[origins.github]\ntoken = \"only-for-github-to-see\"";
    let app = TestApp::builder().settings(token).start().await;
    app.keys_were_fetched().await;
    let asked = app.origin().keys.received_requests().await.unwrap();
    assert_eq!(
        asked[0].headers["authorization"],
        "Bearer only-for-github-to-see"
    );
    assert!(!app.metrics.render().contains("only-for-github-to-see"));
}

#[tokio::test]
async fn without_a_token_github_is_asked_by_nobody_in_particular() {
    let app = TestApp::start().await;
    app.keys_were_fetched().await;
    let asked = app.origin().keys.received_requests().await.unwrap();
    assert!(!asked[0].headers.contains_key("authorization"));
}
