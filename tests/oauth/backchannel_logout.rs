//! Clients hear that somebody signed out (OpenID Connect Back-Channel Logout 1.0).

use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use tokenward::domain::users;
use tokenward::jobs::Round;
use tokenward::model::{PlainToken, SigningAlgorithm};
use tokenward::storage::logout_notices::{self, Outcome};
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::desk::Party;
use crate::rp_logout::{AFTERWARDS, Visit, id_token, party, session};
use crate::signing::{published, verified};
use crate::support::{TestApp, address, eventually, report};

const ADA: &str = "ada@example.com";
const COOKIE: &str = "tokenward_session";
const PRIVATE: &str = "[oauth]\nprivate_callbacks = true";

async fn start() -> TestApp {
    TestApp::builder().settings(PRIVATE).start().await
}

/// A client's server, which answers like this.
async fn endpoint(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    answers(&server, answer).await;
    server
}

async fn answers(server: &MockServer, answer: ResponseTemplate) {
    server.reset().await;
    Mock::given(method("POST"))
        .and(path("/backchannel_logout"))
        .respond_with(answer)
        .mount(server)
        .await;
}

fn ok() -> ResponseTemplate {
    ResponseTemplate::new(200)
}

async fn heard(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

/// The fields of the form that a client was sent.
fn fields(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect()
}

async fn listener(app: &TestApp, server: &MockServer) -> Party {
    party(app, |metadata| {
        metadata.backchannel_logout_uri = Some(format!("{}/backchannel_logout", server.uri()));
    })
    .await
}

/// Somebody signs out through the client.
async fn sign_out(visit: &mut Visit<'_>) {
    let hint = &visit.id_token;
    let url = format!("/oauth2/logout?id_token_hint={hint}");
    assert_eq!(visit.browser.get(&url).await.status, 303);
}

/// Somebody signed in at a client with this server, and signed out.
async fn signed_out<'a>(app: &'a TestApp, server: &MockServer) -> Visit<'a> {
    let party = listener(app, server).await;
    let mut visit = Visit::of(app, ADA, party).await;
    sign_out(&mut visit).await;
    visit
}

/// State of the only notice: tries, whether it was sent, whether it is dead, what went wrong.
async fn notice(app: &TestApp) -> (i64, bool, bool, String) {
    let rows = app
        .rows(
            "SELECT CAST(attempts AS TEXT),
                 CASE WHEN sent_at IS NULL THEN 'no' ELSE 'yes' END,
                 CASE WHEN dead_at IS NULL THEN 'no' ELSE 'yes' END,
                 COALESCE(last_error, '')
             FROM logout_notices",
        )
        .await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    let attempts = row[0].parse().unwrap();
    (attempts, row[1] == "yes", row[2] == "yes", row[3].clone())
}

async fn count(app: &TestApp) -> i64 {
    app.number("SELECT count(*) FROM logout_notices").await
}

#[rstest]
#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout(
    #[values(SigningAlgorithm::Rs256, SigningAlgorithm::Es256)] algorithm: SigningAlgorithm,
) {
    let app = start().await;
    let server = endpoint(ok()).await;
    let party = party(&app, |metadata| {
        metadata.backchannel_logout_uri = Some(format!("{}/backchannel_logout", server.uri()));
        metadata.backchannel_logout_session_required = true;
        metadata.id_token_signed_response_alg = algorithm;
    })
    .await;
    let mut visit = Visit::of(&app, ADA, party).await;
    let url = format!(
        "/oauth2/logout?id_token_hint={}&post_logout_redirect_uri={}",
        visit.id_token,
        url::form_urlencoded::byte_serialize(AFTERWARDS.as_bytes()).collect::<String>()
    );
    assert_eq!(visit.browser.get(&url).await.location(), AFTERWARDS);
    assert_eq!(app.deliver_logouts().await, Round::Done);

    let requests = heard(&server).await;
    assert_eq!(requests.len(), 1);
    let form = "application/x-www-form-urlencoded";
    assert_eq!(requests[0].headers["content-type"], form);
    let fields = fields(&requests[0]);
    assert_eq!(fields.len(), 1);
    assert_eq!(fields[0].0, "logout_token");
    let token = &fields[0].1;
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("logout+jwt"));
    let keys = published(&app).await;
    let claims = verified(token, &keys, &visit.party.client_id).unwrap();
    let signed_in = verified(&visit.id_token, &keys, &visit.party.client_id).unwrap();
    let now = app.clock.now().as_seconds();
    assert_eq!(
        claims,
        json!({
            "iss": app.url, "sub": signed_in["sub"], "aud": visit.party.client_id,
            "iat": now, "exp": now + 120, "jti": claims["jti"], "sid": signed_in["sid"],
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        })
    );
    assert!(claims["jti"].is_string());
    assert_eq!(notice(&app).await, (1, true, false, String::new()));
    app.clock.advance(Duration::from_secs(86_400));
    assert_eq!(app.deliver_logouts().await, Round::Done);
    assert_eq!(heard(&server).await.len(), 1);
}

#[tokio::test]
async fn oidcc_backchannel_logout_discovery_endpoint_verification() {
    let app = TestApp::start().await;
    let response = app.get("/.well-known/openid-configuration").await;
    let metadata: serde_json::Value = response.json().await.unwrap();
    assert_eq!(metadata["backchannel_logout_supported"], true);
    assert_eq!(metadata["backchannel_logout_session_supported"], true);
}

/// Only clients with tokens from the session that ended hear of it.
#[tokio::test]
async fn clients_of_other_sessions_hear_nothing() {
    let app = start().await;
    let (one, two) = (endpoint(ok()).await, endpoint(ok()).await);
    let mut visit = signed_out(&app, &one).await;
    let other = listener(&app, &two).await;
    Visit::of(&app, "bob@example.com", other).await;
    let deaf = party(&app, |_| ()).await;
    visit.browser.sign_in("carol@example.com").await;
    let third = session(&app, &visit.browser).await;
    id_token(&app, &deaf, &third).await;
    let page = visit.browser.get("/settings/sessions").await;
    visit
        .browser
        .post("/logout", &page.form_to("/logout"))
        .await;
    app.deliver_logouts().await;
    assert_eq!((heard(&one).await.len(), heard(&two).await.len()), (1, 0));
    assert_eq!(count(&app).await, 1);
}

#[tokio::test]
async fn every_end_of_a_session_is_told_however_it_comes() {
    let app = start().await;
    let server = endpoint(ok()).await;
    let party = listener(&app, &server).await;
    // By signing out here.
    let mut visit = Visit::of(&app, ADA, party.clone()).await;
    let page = visit.browser.get("/settings/sessions").await;
    visit
        .browser
        .post("/logout", &page.form_to("/logout"))
        .await;
    assert_eq!(count(&app).await, 1);
    // By ending all others.
    app.clock.advance(Duration::from_secs(3_600));
    Visit::of(&app, ADA, party.clone()).await;
    let mut visit = Visit::of(&app, ADA, party.clone()).await;
    let page = visit.browser.get("/settings/sessions").await;
    let others = "/settings/sessions/end-others";
    visit.browser.post(others, &page.form_to(others)).await;
    assert_eq!(count(&app).await, 2);
    // Signing in again in the same browser ends nothing towards clients.
    app.clock.advance(Duration::from_secs(3_600));
    visit.browser.sign_in(ADA).await;
    assert_eq!(count(&app).await, 2);
    // Somebody else signing in there does.
    visit.browser.sign_in("bob@example.com").await;
    assert_eq!(count(&app).await, 3);
    app.deliver_logouts().await;
    assert_eq!(heard(&server).await.len(), 3);
}

#[tokio::test]
async fn a_leak_that_ends_sessions_is_told_for_each_of_them_and_once() {
    let app = start().await;
    let server = endpoint(ok()).await;
    let party = listener(&app, &server).await;
    let one = Visit::of(&app, ADA, party.clone()).await;
    let two = Visit::of(&app, ADA, party.clone()).await;
    Visit::of(&app, "bob@example.com", party).await;
    // A leak that ends no session.
    let personal = app.personal_token(&one.session.user, "deploy").await.token;
    app.github().report(&[report(&personal)]).await;
    assert_eq!(count(&app).await, 0);

    let leaked = PlainToken::new(one.browser.cookies[COOKIE].clone());
    for _ in 0..2 {
        assert_eq!(app.github().report(&[report(&leaked)]).await.status, 200);
    }
    assert_eq!(app.deliver_logouts().await, Round::Done);
    let keys = published(&app).await;
    let mut told = Vec::new();
    for request in heard(&server).await {
        let claims = verified(&fields(&request)[0].1, &keys, &two.party.client_id).unwrap();
        told.push(claims["sid"].as_str().unwrap().to_owned());
    }
    told.sort();
    let mut ended = [one.session.sid.to_string(), two.session.sid.to_string()];
    ended.sort();
    assert_eq!(told, ended);
}

#[tokio::test]
async fn nobody_hears_that_a_user_was_blocked() {
    let app = start().await;
    let server = endpoint(ok()).await;
    let party = listener(&app, &server).await;
    Visit::of(&app, ADA, party).await;
    users::block(&app.ctx, &address(ADA)).await.unwrap();
    app.deliver_logouts().await;
    assert_eq!(count(&app).await, 0);
}

#[rstest]
#[case(ResponseTemplate::new(500), "the client answered with status 500")]
#[case(ResponseTemplate::new(404), "the client answered with status 404")]
#[case(ResponseTemplate::new(201), "the client answered with status 201")]
#[case(ok().set_delay(Duration::from_secs(8)), "there was no answer in time")]
#[tokio::test]
async fn a_client_that_fails_is_told_again(#[case] answer: ResponseTemplate, #[case] why: &str) {
    let app = start().await;
    let server = endpoint(answer).await;
    signed_out(&app, &server).await;
    assert_eq!(app.deliver_logouts().await, Round::Done);
    assert_eq!(notice(&app).await, (1, false, false, why.to_owned()));
    assert_eq!(app.deliver_logouts().await, Round::Done);
    assert_eq!(notice(&app).await.0, 1, "not before its time");

    answers(&server, ResponseTemplate::new(204)).await;
    app.clock.advance(Duration::from_secs(13));
    assert_eq!(app.deliver_logouts().await, Round::Done);
    assert_eq!(notice(&app).await, (2, true, false, String::new()));
    // Each try has a token of its own: it lives for two minutes, and tries lie further apart.
    let keys = published(&app).await;
    let last = heard(&server).await.pop().unwrap();
    let audience = app.rows("SELECT client_id FROM clients").await[0][0].clone();
    let claims = verified(&fields(&last)[0].1, &keys, &audience).unwrap();
    assert_eq!(claims["iat"], app.clock.now().as_seconds());
}

#[tokio::test]
async fn a_client_that_says_when_to_come_again_is_left_alone_until_then() {
    let app = start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "3600");
    let server = endpoint(busy).await;
    signed_out(&app, &server).await;
    for (pause, tries) in [(0, 1), (3_590, 1), (10, 2)] {
        app.clock.advance(Duration::from_secs(pause));
        app.deliver_logouts().await;
        assert_eq!(notice(&app).await.0, tries);
    }
}

#[tokio::test]
async fn a_client_that_refuses_is_left_alone() {
    let app = start().await;
    let server = endpoint(ResponseTemplate::new(400)).await;
    signed_out(&app, &server).await;
    app.deliver_logouts().await;
    let why = "the client answered with status 400".to_owned();
    assert_eq!(notice(&app).await, (1, false, true, why));
    app.clock.advance(Duration::from_secs(86_400));
    app.deliver_logouts().await;
    assert_eq!(heard(&server).await.len(), 1);
}

#[tokio::test]
async fn a_client_that_is_away_for_more_than_a_day_is_given_up() {
    let app = start().await;
    let server = endpoint(ResponseTemplate::new(503)).await;
    signed_out(&app, &server).await;
    let mut hours = 0;
    while !notice(&app).await.2 {
        app.deliver_logouts().await;
        app.clock.advance(Duration::from_secs(3_600));
        hours += 1;
        assert!(hours < 40, "it is never given up");
    }
    assert!(hours >= 24, "{hours}");
    assert!(notice(&app).await.0 >= 8);
}

#[tokio::test]
async fn a_client_that_changed_its_mind_or_was_disabled_is_not_called() {
    for change in ["metadata = '{}'", "disabled_at = 1"] {
        let app = start().await;
        let server = endpoint(ok()).await;
        signed_out(&app, &server).await;
        let statement = format!("UPDATE clients SET {change}");
        app.database.execute(&statement).await;
        app.deliver_logouts().await;
        assert!(notice(&app).await.2, "{change}");
        assert!(heard(&server).await.is_empty());
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = endpoint(ok()).await;
    let target = format!("{}/backchannel_logout", elsewhere.uri());
    for status in [302, 307, 308] {
        let app = start().await;
        let redirect = ResponseTemplate::new(status).insert_header("location", target.as_str());
        let server = endpoint(redirect).await;
        signed_out(&app, &server).await;
        app.deliver_logouts().await;
        assert_eq!(heard(&server).await.len(), 1);
        let why = format!("the client answered with status {status}");
        assert_eq!(notice(&app).await, (1, false, false, why));
    }
    assert!(heard(&elsewhere).await.is_empty());
}

/// By address and by name, as long as the operator does not say otherwise.
#[tokio::test]
async fn a_private_address_is_not_called() {
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let app = TestApp::start().await;
        let server = endpoint(ok()).await;
        let uri = format!(
            "http://{host}:{}/backchannel_logout",
            server.address().port()
        );
        let party = party(&app, |metadata| metadata.backchannel_logout_uri = Some(uri)).await;
        let mut visit = Visit::of(&app, ADA, party).await;
        sign_out(&mut visit).await;
        app.deliver_logouts().await;
        let why = "the address leads into a private network".to_owned();
        assert_eq!(notice(&app).await, (1, false, false, why), "{host}");
        assert!(heard(&server).await.is_empty());
    }
}

async fn replica(app: &TestApp) -> TestApp {
    TestApp::builder()
        .settings(PRIVATE)
        .database(app.database.clone())
        .clock(app.clock.clone())
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_tell_each_client_once() {
    let app = start().await;
    let (second, third) = (replica(&app).await, replica(&app).await);
    let server = endpoint(ok()).await;
    let mut visit = Visit::of(&app, ADA, listener(&app, &server).await).await;
    for _ in 1..70 {
        let party = listener(&app, &server).await;
        id_token(&app, &party, &visit.session).await;
    }
    sign_out(&mut visit).await;
    assert_eq!(count(&app).await, 70);

    let rounds = tokio::join!(
        app.deliver_logouts(),
        second.deliver_logouts(),
        third.deliver_logouts()
    );

    assert_eq!(rounds, (Round::Done, Round::Done, Round::Done));
    assert_eq!(heard(&server).await.len(), 70);
    let once = "SELECT count(*) FROM logout_notices WHERE sent_at IS NOT NULL AND attempts = 1";
    assert_eq!(app.number(once).await, 70);
}

#[tokio::test]
async fn a_sender_that_disappears_leaves_its_notice_to_the_next() {
    let app = start().await;
    let server = endpoint(ok().set_delay(Duration::from_secs(4))).await;
    signed_out(&app, &server).await;
    let job = app.logouts.clone();
    let doomed = tokio::spawn(async move { job.round(&CancellationToken::new()).await });
    eventually("the client is called", async || {
        !heard(&server).await.is_empty()
    })
    .await;
    // Nobody waits for the client: what writes goes on.
    app.user("bob@example.com").await;
    doomed.abort();
    assert!(doomed.await.unwrap_err().is_cancelled());
    answers(&server, ok()).await;

    app.deliver_logouts().await;
    assert!(heard(&server).await.is_empty(), "the claim still holds");
    app.clock.advance(app.logouts.pace.claim);
    app.deliver_logouts().await;

    assert_eq!(heard(&server).await.len(), 1);
    assert_eq!(notice(&app).await, (2, true, false, String::new()));
}

#[tokio::test]
async fn a_sender_that_comes_back_after_its_claim_changes_nothing() {
    let app = start().await;
    let server = endpoint(ok()).await;
    signed_out(&app, &server).await;
    let now = app.clock.now();
    let until = now.plus(app.logouts.pace.claim);
    let mut tx = app.ctx.db.begin().await.unwrap();
    let slow = logout_notices::claim(&mut tx, 10, now, until)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    app.clock.advance(app.logouts.pace.claim);
    app.deliver_logouts().await;

    let mut tx = app.ctx.db.begin().await.unwrap();
    let dead = Outcome::Dead {
        error: "too slow".to_owned(),
    };
    let now = app.clock.now();
    let held = logout_notices::settle(&mut tx, &slow[0], &dead, now).await;
    assert!(!held.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(notice(&app).await, (2, true, false, String::new()));
}

#[tokio::test]
async fn the_job_looks_by_itself_and_ends_when_it_is_told_to() {
    let app = start().await;
    let server = endpoint(ok()).await;
    let stop = CancellationToken::new();
    let job = tokio::spawn(app.logouts.clone().run(stop.clone()));
    signed_out(&app, &server).await;
    eventually("the client hears of it", async || {
        !heard(&server).await.is_empty()
    })
    .await;
    stop.cancel();
    job.await.unwrap();
    assert_eq!(notice(&app).await, (1, true, false, String::new()));
}
