//! The queue when several serve it, when somebody stalls, and when hash keys change.

use std::collections::HashSet;
use std::sync::Arc;

use tokenward::domain::webhooks;
use tokenward::model::{EventTypes, TokenKind};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::{DAY, PRIVATE, endpoint, heard, is_signed, ok, receiver, start, waiting};
use crate::support::{TestApp, eventually, report};

/// Some tokens of one person leak, which is two messages each.
async fn leak(app: &TestApp, number: usize) {
    let cast = app.cast("ada").await;
    let kinds = std::iter::repeat_n(TokenKind::PersonalAccessToken, number);
    let tokens = app.tokens_of(kinds, &cast).await;
    let reports: Vec<_> = tokens.iter().map(report).collect();
    app.github().report(&reports).await;
}

/// Another service on the same database.
async fn replica(app: &TestApp, settings: &str) -> TestApp {
    let builder = TestApp::builder().settings(settings);
    builder
        .clock(app.clock.clone())
        .database(app.database.clone())
        .github(Arc::clone(app.origin()))
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_deliver_at_once_tell_everything_once() {
    let app = start().await;
    let server = receiver(ok()).await;
    endpoint(&app, &server, None).await;
    let other = replica(&app, PRIVATE).await;
    leak(&app, 40).await;
    let messages = waiting(&app).await;
    assert!(messages >= 80, "{messages}");

    tokio::join!(
        app.deliver_webhooks(),
        other.deliver_webhooks(),
        app.deliver_webhooks(),
        other.deliver_webhooks()
    );

    let told = heard(&server).await;
    let ids: HashSet<_> = told
        .iter()
        .map(|one| one.headers["webhook-id"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        (told.len(), i64::try_from(ids.len()).unwrap()),
        (ids.len(), messages)
    );
    assert_eq!(waiting(&app).await, 0);
    other.stop().await;
}

/// Takes every connection, reads what comes and never answers.
async fn stall() -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let stalling = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut read = [0; 1_024];
                while stream.read(&mut read).await.is_ok_and(|bytes| bytes > 0) {}
            });
        }
    });
    (url, stalling)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_stalls_holds_up_no_other_and_is_left_alone() {
    let app = start().await;
    let (url, stalling) = stall().await;
    let slow = webhooks::create(&app.ctx, None, &url, EventTypes::all()).await;
    let slow = slow.unwrap().endpoint.id;
    let server = receiver(ok()).await;
    endpoint(&app, &server, None).await;
    leak(&app, 3).await;
    let messages = waiting(&app).await;
    let delivering = app.webhooks.clone();
    let round = tokio::spawn(async move { delivering.round(&Default::default()).await });

    // All of the other's, while the first of the slow one's is waited for.
    let all = usize::try_from(messages / 2).unwrap();
    eventually("the other one heard everything", async || {
        heard(&server).await.len() == all
    })
    .await;
    let tries = webhooks::deliveries(&app.ctx, slow, 10).await.unwrap();
    assert_eq!(tries.len(), 0, "it is being waited for");

    round.await.unwrap();
    let tries = webhooks::deliveries(&app.ctx, slow, 10).await.unwrap();
    assert_eq!(tries.len(), 1, "one message in vain, and then a pause");
    assert!(tries[0].attempt.error.is_some() && tries[0].attempt.status.is_none());
    assert_eq!(waiting(&app).await, messages / 2);
    stalling.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_are_made_at_once_are_no_more_than_may_be() {
    let app = start().await;
    let owner = app.user("ada@example.com").await;
    let acme = app.organization("acme", &owner).await;
    for organization in [None, Some(acme.id)] {
        let create = |number: usize| {
            let ctx = Arc::clone(&app.ctx);
            tokio::spawn(async move {
                let url = format!("https://hooks.example/{number}");
                webhooks::create(&ctx, organization, &url, EventTypes::all()).await
            })
        };
        let made = futures_util::future::join_all((0..24).map(create)).await;
        let made = made
            .into_iter()
            .filter(|made| made.as_ref().unwrap().is_ok());
        assert_eq!(made.count(), 16);
    }
}

#[tokio::test]
async fn secrets_move_to_a_newer_hash_key_and_outlive_the_older_one() {
    const OLD: &str = "'the older key of these tests'";
    const NEW: &str = "'the newer key of these tests'";
    let with = |keys: &str| format!("{PRIVATE}\n[tokens]\nhash_keys = [{keys}]");
    let app = TestApp::builder().settings(&with(OLD)).start().await;
    let server = receiver(ok()).await;
    let made = endpoint(&app, &server, None).await;
    let both = replica(&app, &with(&format!("{NEW}, {OLD}"))).await;
    webhooks::seal_anew(&both.ctx).await.unwrap();
    // A replica that has the old key only goes on, and rotates a secret.
    let made = webhooks::rotate_secret(&app.ctx, made.endpoint.id)
        .await
        .unwrap();
    app.stop().await;

    webhooks::seal_anew(&both.ctx).await.unwrap();

    let sealed = "SELECT count(*) FROM webhook_endpoints AS e
         JOIN former_webhook_secrets AS f ON f.endpoint_id = e.id AND f.hash_key = e.hash_key";
    assert_eq!(both.number(sealed).await, 1);
    // Nothing else needs the old key.
    both.database.execute("DELETE FROM hash_keys").await;
    let (clock, github) = (both.clock.clone(), Arc::clone(both.origin()));
    let database = both.stop().await;
    let builder = TestApp::builder().settings(&with(NEW)).clock(clock);
    let app = builder.database(database).github(github).start().await;
    app.clock.advance(DAY);
    webhooks::test(&app.ctx, made.endpoint.id).await.unwrap();
    app.deliver_webhooks().await;
    let told = heard(&server).await;
    assert_eq!(told.len(), 1);
    assert!(is_signed(&told[0], &made.secret));
}
