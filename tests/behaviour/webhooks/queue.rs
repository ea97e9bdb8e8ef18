//! The queue when several serve it, when somebody stalls, and when hash keys change.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use tokenward::domain::webhooks;
use tokenward::model::{EventTypes, TokenKind};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use wiremock::ResponseTemplate;

use super::{ALL, DAY, PRIVATE, endpoint, heard, is_signed, ok, receiver, start, waiting};
use crate::support::{TestApp, eventually, report};

pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// Some tokens of one person leak, which is two messages each.
pub(super) async fn leak(app: &TestApp, number: usize) {
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
    let slow = webhooks::create(&app.ctx, ALL, None, &url, EventTypes::all()).await;
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
    let tries = webhooks::deliveries(&app.ctx, ALL, slow, 10).await.unwrap();
    assert_eq!(tries.len(), 0, "it is being waited for");

    round.await.unwrap();
    let tries = webhooks::deliveries(&app.ctx, ALL, slow, 10).await.unwrap();
    assert_eq!(tries.len(), 1, "one message in vain, and then a pause");
    assert!(tries[0].attempt.error.is_some() && tries[0].attempt.status.is_none());
    assert_eq!(waiting(&app).await, messages / 2);
    stalling.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn dozens_that_stall_hold_up_no_other() {
    let app = start().await;
    let (url, stalling) = stall().await;
    let ada = app.user("ada@example.com").await;
    let acme = app.organization("acme", &ada).await.id;
    let server = receiver(ok()).await;
    let of_operators = std::iter::repeat_n(None, 15);
    for organization in of_operators.chain(std::iter::repeat_n(Some(acme), 16)) {
        let slow = webhooks::create(&app.ctx, ALL, organization, &url, EventTypes::all()).await;
        let slow = slow.unwrap().endpoint.id;
        webhooks::test(&app.ctx, ALL, slow).await.unwrap();
    }
    let id = endpoint(&app, &server, None).await.endpoint.id;
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    let delivering = app.webhooks.clone();
    let round = tokio::spawn(async move { delivering.round(&Default::default()).await });
    eventually("the last one heard everything", async || {
        waiting(&app).await == 31
    })
    .await;
    let tried = "SELECT count(*) FROM webhook_attempts";
    assert_eq!(
        app.number(tried).await,
        1,
        "the others are being waited for"
    );
    round.abort();
    stalling.abort();
}

/// Standard Webhooks recommends to wait for 15 seconds at least.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_may_take_its_time() {
    let app = start().await;
    let server = receiver(ok().set_delay(Duration::from_secs(6))).await;
    let id = endpoint(&app, &server, None).await.endpoint.id;
    webhooks::test(&app.ctx, ALL, id).await.unwrap();
    app.deliver_webhooks().await;
    let tries = webhooks::deliveries(&app.ctx, ALL, id, 10).await.unwrap();
    assert_eq!(tries[0].attempt.status, Some(204));
}

#[tokio::test]
async fn a_receiver_that_says_when_to_come_again_is_left_alone_until_then() {
    let app = start().await;
    let in_an_hour = UNIX_EPOCH + Duration::from_millis(app.clock.now().as_millis() as u64) + HOUR;
    let in_an_hour = httpdate::fmt_http_date(in_an_hour);
    for (status, said, after_a_minute) in [
        (503, in_an_hour.as_str(), 1),
        (429, "3600", 1),
        // Sooner than we would come, and what cannot be read.
        (429, "1", 2),
        (503, "soon", 2),
    ] {
        let answer = ResponseTemplate::new(status).insert_header("retry-after", said);
        let server = receiver(answer).await;
        let id = endpoint(&app, &server, None).await.endpoint.id;
        webhooks::test(&app.ctx, ALL, id).await.unwrap();
        app.deliver_webhooks().await;
        app.clock.advance(Duration::from_secs(60));
        app.deliver_webhooks().await;
        assert_eq!(heard(&server).await.len(), after_a_minute, "{said}");
        app.clock.advance(HOUR);
        app.deliver_webhooks().await;
        assert_eq!(heard(&server).await.len(), after_a_minute + 1, "{said}");
        webhooks::delete(&app.ctx, ALL, id).await.unwrap();
    }
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
                webhooks::create(&ctx, ALL, organization, &url, EventTypes::all()).await
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
    let made = webhooks::rotate_secret(&app.ctx, ALL, made.endpoint.id)
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
    webhooks::test(&app.ctx, ALL, made.endpoint.id)
        .await
        .unwrap();
    app.deliver_webhooks().await;
    let told = heard(&server).await;
    assert_eq!(told.len(), 1);
    assert!(is_signed(&told[0], &made.secret));
}
