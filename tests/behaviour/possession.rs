//! Whoever has a token may have it revoked, and learns nothing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenward::model::TokenKind;

use crate::support::{Answer, TestApp, is_postgres};

async fn give_up(app: &TestApp, body: &str) -> Answer {
    let request = app.http.post(format!("{}/v1/credentials/revoke", app.url));
    let request = request.header("content-type", "application/json");
    Answer::read(request.body(body.to_owned()).send().await.unwrap()).await
}

fn credentials(texts: &[&str]) -> String {
    json!({ "credentials": texts }).to_string()
}

/// What a caller can tell one answer from another by, but for ids and dates.
fn shape(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let headers = answer.headers.iter().map(|(name, value)| {
        let value = match name.as_str() {
            "x-request-id" | "date" | "ratelimit" => String::new(),
            _ => value.to_str().unwrap().to_owned(),
        };
        (name.as_str().to_owned(), value)
    });
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    (answer.status, answer.text.clone(), headers)
}

#[tokio::test]
async fn who_has_a_token_can_have_it_revoked_and_its_owner_is_told() {
    let app = TestApp::start().await;
    let ada = app.cast("ada").await;
    let leaked = app.personal_token(&ada.user, "deploy").await;
    let family = app.token_of(TokenKind::AccessToken, &ada).await;
    let refresh = app.token_of(TokenKind::RefreshToken, &ada).await;
    let kept = app.personal_token(&ada.user, "laptop").await;

    let given = [leaked.token.reveal(), "ghp_whatever", family.token.reveal()];
    let answer = give_up(&app, &credentials(&given)).await;

    assert_eq!((answer.status, answer.text.as_str()), (202, "{}"));
    for dead in [&leaked, &family, &refresh] {
        assert!(!app.is_active(&dead.token).await);
    }
    assert!(app.is_active(&kept.token).await);
    let origins = app.rows("SELECT DISTINCT origin FROM exposures").await;
    assert_eq!(origins, [["possession"]]);
    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 2);
    assert!(
        mails[0].text.contains("somebody who had it"),
        "{}",
        mails[0].text
    );
}

#[tokio::test]
async fn the_answer_is_the_same_whatever_was_true() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let live = app.personal_token(&ada, "deploy").await;
    let unknown = app.never_issued();
    let (live, unknown) = (live.token.reveal(), unknown.reveal());
    let mut answers = Vec::new();
    // The second time it is dead already.
    for given in [live, live, unknown, "nothing like it", ""] {
        let began = Instant::now();
        let answer = give_up(&app, &credentials(&[given])).await;
        answers.push(shape(&answer));
        assert!(
            began.elapsed() >= Duration::from_millis(495),
            "it came early"
        );
    }
    assert_eq!(answers[0].0, 202);
    for other in &answers[1..] {
        assert_eq!(other, &answers[0]);
    }
}

#[tokio::test]
async fn nothing_is_kept_of_strings_that_are_not_ours() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let live = app.personal_token(&ada, "deploy").await;
    let unknown = app.never_issued();
    let given = [unknown.reveal(), live.token.reveal(), "hunter2"];
    assert_eq!(give_up(&app, &credentials(&given)).await.status, 202);
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);
    // A delivery would be remembered by a digest over all of them.
    assert_eq!(app.number("SELECT count(*) FROM deliveries").await, 0);
    let delivery = "SELECT count(*) FROM exposures WHERE delivery_id IS NULL";
    assert_eq!(app.number(delivery).await, 1);
    // Once more: nothing new, nobody is told twice.
    assert_eq!(give_up(&app, &credentials(&given)).await.status, 202);
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);
    assert_eq!(app.read_mail().await.len(), 1);
}

#[tokio::test]
async fn another_shape_is_refused_and_nothing_is_done() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let live = app.personal_token(&ada, "deploy").await;
    let text = live.token.reveal();
    let many = vec![text; 1_001];
    for body in [
        json!([text]),
        json!({ "credentials": text }),
        json!({ "credentials": [] }),
        json!({ "credentials": [text, 7] }),
        json!({ "credentials": many }),
        json!({ "tokens": [text] }),
        Value::Null,
    ] {
        let answer = give_up(&app, &body.to_string()).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(!answer.text.contains(text));
    }
    assert_eq!(give_up(&app, "{").await.status, 422);
    assert!(app.is_active(&live.token).await);
    let form = app.http.post(format!("{}/v1/credentials/revoke", app.url));
    assert_eq!(
        form.body("credentials=x").send().await.unwrap().status(),
        415
    );
}

#[tokio::test]
async fn a_thousand_at_once_are_taken_however_they_are_written() {
    let app = TestApp::start().await;
    let ada = app.cast("ada").await;
    let kinds = [TokenKind::PersonalAccessToken; 10];
    let mut tokens = app.tokens_of(kinds, &ada).await;
    tokens.extend((tokens.len()..1_000).map(|_| app.never_issued()));
    let texts: Vec<_> = tokens.iter().map(|token| token.reveal()).collect();
    let body = serde_json::to_string_pretty(&json!({ "credentials": texts })).unwrap();
    assert_eq!(give_up(&app, &body).await.status, 202);
    let dead = "SELECT count(*) FROM tokens WHERE revoked_reason = 'exposed'";
    assert_eq!(app.number(dead).await, 10);
}

#[tokio::test]
async fn one_address_gives_up_so_much_in_an_hour_and_others_are_not_held_up() {
    let settings = "[server]\ntrusted_proxies = ['127.0.0.1']\n\
                    [limits]\ncredential_revocations = '3 in 1h'\n";
    let app = TestApp::builder().settings(settings).start().await;
    let ada = app.user("ada@example.com").await;
    let live = app.personal_token(&ada, "deploy").await;
    let from = async |address: &str, body: String| {
        let request = app.http.post(format!("{}/v1/credentials/revoke", app.url));
        let request = request.header("content-type", "application/json");
        let request = request.header("x-forwarded-for", address).body(body);
        Answer::read(request.send().await.unwrap()).await
    };
    for _ in 0..3 {
        let answer = from("203.0.113.7", "{}".to_owned()).await;
        assert_eq!(answer.status, 422);
    }
    let mine = credentials(&[live.token.reveal()]);
    let answer = from("203.0.113.7", mine.clone()).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers["retry-after"], "1200");
    assert!(app.is_active(&live.token).await);
    assert_eq!(from("203.0.113.8", mine).await.status, 202);
    app.clock.advance(Duration::from_secs(1_200));
    assert_eq!(from("203.0.113.7", credentials(&["x"])).await.status, 202);
}

#[tokio::test]
async fn operators_may_switch_it_off() {
    let off = "[origins.possession]\nenabled = false\n";
    let app = TestApp::builder().settings(off).start().await;
    assert_eq!(give_up(&app, &credentials(&["x"])).await.status, 404);
}

/// Where nothing can be written, or only later, everybody hears so.
#[tokio::test]
async fn a_database_that_takes_nothing_tells_no_token_from_another() {
    let app = TestApp::start().await;
    let ada = app.cast("ada").await;
    let leaked = app.personal_token(&ada.user, "deploy").await;
    let known = credentials(&[leaked.token.reveal()]);
    let unknown = credentials(&[app.never_issued().reveal()]);
    if is_postgres() {
        let only_reads = "DO $$ BEGIN EXECUTE format(
                 'ALTER DATABASE %I SET default_transaction_read_only = on', current_database()
             ); END $$;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        app.database.execute(only_reads).await;
        for body in [&known, &unknown] {
            assert_eq!(give_up(&app, body).await.status, 503);
        }
        return;
    }
    let file = app.database.file().unwrap();
    for body in [&unknown, &known] {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
        let mut writer = sqlx::ConnectOptions::connect(&options).await.unwrap();
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut writer)
            .await
            .unwrap();
        let began = Instant::now();
        let (answer, ()) = tokio::join!(give_up(&app, body), async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            sqlx::query("ROLLBACK").execute(&mut writer).await.unwrap();
        });
        assert_eq!(answer.status, 202);
        assert!(began.elapsed() >= Duration::from_millis(995));
    }
    assert!(!app.is_active(&leaked.token).await);
}
