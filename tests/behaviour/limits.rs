//! How often somebody may do what anybody can try, and what they are told about it.

use std::time::Duration;

use serde_json::json;
use tokenward::domain::limits;
use tokenward::domain::retention::{self, Ended};
use tokenward::model::{PlainToken, TokenKind};
use tokenward::origins::signing::OriginSigner;

use crate::retention::Batches;
use crate::support::{Answer, GitHub, TestApp, TestDatabase, report};

const PROXY: &str = "[server]\ntrusted_proxies = ['127.0.0.1']\n";

/// Somebody at a network address.
struct At<'a>(&'a TestApp, &'a str);

impl At<'_> {
    async fn post(&self, path: &str, key: Option<&str>, body: &str) -> Answer {
        let form = path.starts_with("/v1/oauth2/");
        let content = match form {
            true => "application/x-www-form-urlencoded",
            false => "application/json",
        };
        let mut request = self.0.http.post(format!("{}{path}", self.0.url));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let request = request.header("content-type", content);
        let request = request.header("x-forwarded-for", self.1);
        Answer::read(request.body(body.to_owned()).send().await.unwrap()).await
    }

    async fn get(&self, path: &str, token: &PlainToken) -> u16 {
        let request = self.0.http.get(format!("{}{path}", self.0.url));
        let request = request.bearer_auth(token.reveal());
        let request = request.header("x-forwarded-for", self.1);
        request.send().await.unwrap().status().as_u16()
    }

    async fn give_up(&self) -> Answer {
        // Refused for its shape, so that nobody waits for the answer's step.
        self.post("/v1/credentials/revoke", None, "{}").await
    }
}

async fn app(limits: &str) -> TestApp {
    let settings = format!("{PROXY}[limits]\n{limits}");
    TestApp::builder().settings(&settings).start().await
}

fn headers<'a>(answer: &'a Answer, names: [&str; 3]) -> [Option<&'a str>; 3] {
    names.map(|name| {
        answer
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap())
    })
}

const STANDING: [&str; 3] = ["ratelimit-policy", "ratelimit", "retry-after"];

#[tokio::test]
async fn answers_say_what_is_allowed_and_what_is_left() {
    let app = app("credential_revocations = '2 in 1h'").await;
    let stranger = At(&app, "203.0.113.7");
    let policy = Some("\"credential_revocations\";q=2;w=3600");

    let first = stranger.give_up().await;
    let left = Some("\"credential_revocations\";r=1;t=1800");
    assert_eq!(headers(&first, STANDING), [policy, left, None]);
    stranger.give_up().await;
    app.clock.advance(Duration::from_millis(500));
    let refused = stranger.give_up().await;

    let none = Some("\"credential_revocations\";r=0;t=3600");
    assert_eq!(refused.status, 429);
    assert_eq!(headers(&refused, STANDING), [policy, none, Some("1800")]);
    let page = app.get("/metrics").await.text().await.unwrap();
    let series = "tokenward_limited_requests_total{limit=\"credential_revocations\"} 1\n";
    assert!(page.contains(series), "{page}");
    assert_eq!(
        headers(&Answer::read(app.get("/healthz").await).await, STANDING),
        [None; 3]
    );
}

#[tokio::test]
async fn whoever_waits_as_long_as_told_is_let_in() {
    let app = app("credential_revocations = '7 in 1h'").await;
    let stranger = At(&app, "2001:db8::1");
    for _ in 0..7 {
        assert_eq!(stranger.give_up().await.status, 422);
        app.clock.advance(Duration::from_millis(333));
    }
    limits::share(&app.ctx).await.unwrap();
    // A network of IPv6 is one address.
    let refused = At(&app, "2001:db8::ffff:1").give_up().await;
    assert_eq!(refused.status, 429);
    let wait = refused.headers["retry-after"].to_str().unwrap();
    app.clock
        .advance(Duration::from_secs(wait.parse().unwrap()));
    assert_eq!(stranger.give_up().await.status, 422);
    assert_eq!(At(&app, "2001:db8:0:1::1").give_up().await.status, 422);
}

#[tokio::test]
async fn replicas_count_together() {
    let one = app("credential_revocations = '4 in 1h'").await;
    let settings = format!("{PROXY}[limits]\ncredential_revocations = '4 in 1h'");
    let other = TestApp::builder()
        .settings(&settings)
        .clock(one.clock.clone())
        .database(TestDatabase::at(one.database.url()))
        .start()
        .await;
    let address = "203.0.113.7";
    for app in [&one, &one, &other] {
        assert_eq!(At(app, address).give_up().await.status, 422);
        limits::share(&app.ctx).await.unwrap();
    }
    // The first learns of the third when it next has something to tell.
    assert_eq!(At(&one, address).give_up().await.status, 422);
    limits::share(&one.ctx).await.unwrap();
    assert_eq!(At(&one, address).give_up().await.status, 429);
    assert_eq!(At(&one, "203.0.113.8").give_up().await.status, 422);
    let stored = one.number("SELECT count(*) FROM limit_uses").await;
    assert_eq!(stored, 1);
    other.stop().await;
}

#[tokio::test]
async fn a_restart_forgives_nothing_that_was_told() {
    let limits = "credential_revocations = '2 in 1h'";
    let first = app(limits).await;
    let clock = first.clock.clone();
    for _ in 0..2 {
        At(&first, "203.0.113.7").give_up().await;
    }
    limits::share(&first.ctx).await.unwrap();
    let database = first.stop().await;
    let settings = format!("{PROXY}[limits]\n{limits}");
    let again = TestApp::builder()
        .settings(&settings)
        .clock(clock)
        .database(database);
    let again = again.start().await;
    // One goes through before the process asked.
    assert_eq!(At(&again, "203.0.113.7").give_up().await.status, 422);
    limits::share(&again.ctx).await.unwrap();
    assert_eq!(At(&again, "203.0.113.7").give_up().await.status, 429);
}

#[tokio::test]
async fn without_the_database_nothing_that_was_counted_is_lost() {
    let app = app("credential_revocations = '2 in 1h'").await;
    At(&app, "203.0.113.7").give_up().await;
    let outage = app.database.take_away().await;
    assert!(limits::share(&app.ctx).await.is_err());
    outage.end().await;
    assert_eq!(limits::share(&app.ctx).await.unwrap(), 1);
    assert_eq!(limits::share(&app.ctx).await.unwrap(), 0);
}

#[tokio::test]
async fn what_came_back_is_deleted() {
    let app = app("credential_revocations = '2 in 1h'").await;
    At(&app, "203.0.113.7").give_up().await;
    limits::share(&app.ctx).await.unwrap();
    let prune = async || {
        let pruned = retention::prune(&app.ctx, Ended::Limits, &Batches::all()).await;
        pruned.unwrap().rows
    };
    assert_eq!(prune().await, 0);
    app.clock.advance(Duration::from_secs(1_801));
    assert_eq!(prune().await, 1);
}

#[tokio::test]
async fn whoever_signs_is_not_held_up_by_whoever_poses_as_them() {
    let app = TestApp::builder()
        .settings("[limits]\nunverified_deliveries = '2 in 1m'")
        .start()
        .await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let forger = OriginSigner::generate();
    let mut statuses = Vec::new();
    for _ in 0..2 {
        statuses.push(app.github().post_signed_by(&forger, "[]").await.status);
    }
    statuses.push(app.github().post_with([], b"[]".to_vec()).await.status);
    assert_eq!(statuses, [403, 403, 429]);
    // From the same address.
    for body in ["[]", "{", "[{}]"] {
        assert_ne!(app.github().post(body).await.status, 429, "{body}");
    }
    let genuine = app.github().report(&[report(&token.token)]).await;
    assert_eq!(genuine.labels(), ["true_positive"]);
    assert!(!app.is_active(&token.token).await);
}

#[tokio::test]
async fn we_ourselves_hold_nobody_responsible() {
    let github = GitHub::start().await;
    github.break_down().await;
    let app = TestApp::builder()
        .settings("[limits]\nunverified_deliveries = '1 in 1m'")
        .github(std::sync::Arc::new(github))
        .start()
        .await;
    for _ in 0..3 {
        let answer = app.github().post("[]").await;
        assert_eq!(answer.status, 503);
    }
}

#[tokio::test]
async fn a_wrong_key_is_slowed_down_and_a_right_one_is_not() {
    let limits = "wrong_service_keys = '2 in 1m'\nfailed_introspections = '2 in 1m'";
    let app = app(limits).await;
    let right = app.service_key("tokens:introspect exposures:read").await;
    let wrong = app.never_issued();
    let here = At(&app, "203.0.113.7");
    let asked = format!("token={}", right.token.reveal());
    for (path, body) in [
        ("/v1/oauth2/introspect", &*asked),
        ("/v1/revocations", "{}"),
    ] {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(here.post(path, Some(wrong.reveal()), body).await.status);
        }
        assert_eq!(statuses, [401, 401, 429], "{path}");
        let elsewhere = At(&app, "203.0.113.8");
        let answer = elsewhere.post(path, Some(wrong.reveal()), body).await;
        assert_eq!(answer.status, 401, "{path}");
    }
    let key = Some(right.token.reveal());
    let answer = here.post("/v1/oauth2/introspect", key, &asked).await;
    assert_eq!(
        (answer.status, &answer.json()["active"]),
        (200, &json!(true))
    );
    assert_eq!(here.post("/v1/revocations", key, "{}").await.status, 403);
}

#[tokio::test]
async fn a_wrong_token_is_slowed_down_and_a_right_one_is_not() {
    let app = app("wrong_tokens = '2 in 1m'").await;
    let ada = app.user("ada@example.com").await;
    let right = app.personal_token(&ada, "deploy").await.token;
    let wrong = app.never_issued();
    for (number, path) in [
        "/v1/tokens/self",
        "/v1/oauth2/userinfo",
        "/v1/personal_access_tokens/",
        "/v1/oauth2/register/polar_ci_nobody",
    ]
    .into_iter()
    .enumerate()
    {
        let here = format!("203.0.113.{number}");
        let here = At(&app, &here);
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(here.get(path, &wrong).await);
        }
        assert_eq!(statuses, [401, 401, 429], "{path}");
        let elsewhere = format!("198.51.100.{number}");
        let elsewhere = At(&app, &elsewhere);
        assert_eq!(elsewhere.get(path, &wrong).await, 401, "{path}");
        assert_eq!(here.get("/v1/tokens/self", &right).await, 200, "{path}");
    }
}

#[tokio::test]
async fn a_token_that_only_works_elsewhere_is_no_wrong_one() {
    let app = app("wrong_tokens = '2 in 1m'").await;
    let ada = app.cast("ada").await;
    let path = "/v1/personal_access_tokens/";
    let of_organization = app.token_of(TokenKind::OrganizationAccessToken, &ada).await;
    let key = app.service_key("tokens:introspect").await;
    let here = At(&app, "203.0.113.7");
    for _ in 0..3 {
        assert_eq!(here.get(path, &of_organization.token).await, 401);
        assert_eq!(here.get(path, &key.token).await, 401);
    }
    app.github().report(&[report(&of_organization.token)]).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(here.get(path, &of_organization.token).await);
    }
    assert_eq!(statuses, [401, 401, 429]);
    assert_eq!(here.get(path, &key.token).await, 401);
}

#[tokio::test]
async fn a_service_key_signs_out_so_many_and_another_goes_on() {
    let app = app("global_revocations = '1 in 1m'").await;
    app.user("ada@example.com").await;
    let body = json!({ "sub_id": { "format": "email", "email": "ada@example.com" } }).to_string();
    let sign_out = async |key: &PlainToken| {
        let here = At(&app, "203.0.113.7");
        let path = "/v1/global-token-revocation";
        here.post(path, Some(key.reveal()), &body).await.status
    };
    let one = app.service_key("sessions:revoke").await.token;
    let other = app.service_key("sessions:revoke").await.token;
    assert_eq!(sign_out(&one).await, 204);
    assert_eq!(sign_out(&one).await, 429);
    assert_eq!(sign_out(&other).await, 204);
}
