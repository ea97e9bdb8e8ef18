//! Bodies that are slow, huge, deep, compressed or endless, at an address of each family: every one
//! ends in a clear refusal, and none takes more memory than is read of it.

use std::future::pending;
use std::time::Duration;

use futures_util::future::join_all;
use rstest::rstest;
use tokio::time::{sleep, timeout};

use crate::support::{Answer, Raw, TestApp, eventually};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const SECRET: &str = "a-secret-of-forty-characters-or-more-ok!";
const GITHUB: &str = "/v1/integrations/github/secret-scanning";

/// `{"credentials":["x"]}`, `[]` and `token=x`, compressed.
const CREDENTIALS: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x2e\x4a\x4d\x49\xcd\x2b\xc9\x4c\xcc\x29\x56\xb2\x8a\x56\xaa\x50\x8a\xad\x05\x00\xde\x97\x47\x3d\x15\x00\x00\x00";
const NOTHING: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x8b\x8e\x05\x00\x29\xbb\x4c\x0d\x02\x00\x00\x00";
const QUESTION: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xc9\xcf\x4e\xcd\xb3\xad\x00\x00\x3e\x80\x8c\xe8\x07\x00\x00\x00";

async fn app() -> TestApp {
    let settings = format!(
        "[server]\nrequest_timeout = '2s'\n[origins.gitlab_revocation]\ntoken = ['{SECRET}']\n\
         max_body_bytes = 65536\n[origins.github]\nmax_body_bytes = 65536\n"
    );
    TestApp::builder().settings(&settings).start().await
}

/// One address of each family, with the type of its bodies and the credential that is asked for first.
async fn families(app: &TestApp) -> Vec<(&'static str, &'static str, String)> {
    let scopes = "tokens:introspect tokens:revoke tokens:issue webhooks:manage sessions:revoke \
                  events:receive";
    let key = app.service_key(scopes).await;
    let bearer = format!("Bearer {}", key.token.reveal());
    vec![
        ("/v1/credentials/revoke", JSON, String::new()),
        ("/v1/oauth2/register", JSON, String::new()),
        ("/v1/revocations", JSON, bearer.clone()),
        ("/v1/oauth2/introspect", FORM, bearer.clone()),
        ("/v1/oauth2/token", FORM, String::new()),
        (
            "/v1/integrations/gitlab/revoke_tokens",
            JSON,
            SECRET.to_owned(),
        ),
        (GITHUB, JSON, String::new()),
        ("/v1/ssf/streams", JSON, bearer.clone()),
        ("/v1/webhooks", JSON, bearer.clone()),
        ("/v1/tokens", JSON, bearer.clone()),
        ("/v1/global-token-revocation", JSON, bearer),
    ]
}

/// The headers of a request up to how its body comes. GitHub's are signed over `body`.
fn head(app: &TestApp, family: &(&str, &str, String), body: &[u8]) -> String {
    let (path, content, credential) = family;
    let mut head = format!("POST {path} HTTP/1.1\r\nHost: service\r\nContent-Type: {content}\r\n");
    if !credential.is_empty() {
        head.push_str(&format!("Authorization: {credential}\r\n"));
    }
    if *path == GITHUB {
        let signed = app
            .origin()
            .signer
            .headers(&tokenward::origins::GITHUB, body);
        for (name, value) in signed {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head
}

async fn post(app: &TestApp, family: &(&str, &str, String), more: &str, body: &[u8]) -> Answer {
    let mut connection = Raw::open(app).await;
    let head = head(app, family, body);
    let length = body.len();
    let head = format!("{head}{more}Content-Length: {length}\r\n\r\n");
    connection.write(head.as_bytes()).await;
    connection.write(body).await;
    connection.answer().await
}

#[tokio::test]
async fn a_deep_body_is_refused_or_read_to_its_end() {
    let app = app().await;
    for family in families(&app).await {
        let deep = "[".repeat(30_000) + &"]".repeat(30_000);
        let answer = post(&app, &family, "", deep.as_bytes()).await;
        // An origin's list may hold one item that is deep: that item is no report.
        let deliveries = [GITHUB, "/v1/integrations/gitlab/revoke_tokens"];
        let fine = match deliveries.contains(&family.0) {
            true => [200, 400].contains(&answer.status),
            false => [400, 401, 422].contains(&answer.status),
        };
        assert!(fine, "{}: {} {}", family.0, answer.status, answer.text);
        assert!(answer.text.len() < 1_000, "{}", family.0);
    }
    assert_eq!(app.get("/healthz").await.status(), 200);
}

#[tokio::test]
async fn a_compressed_body_is_refused_and_never_unpacked() {
    let app = app().await;
    let families = families(&app).await;
    let gzip = "Content-Encoding: gzip\r\n";
    for (family, body, status) in [
        (&families[0], CREDENTIALS, 415),
        (&families[2], NOTHING, 415),
        (&families[3], QUESTION, 400),
        (&families[5], NOTHING, 415),
        (&families[6], NOTHING, 415),
        (&families[7], CREDENTIALS, 415),
        (&families[8], CREDENTIALS, 415),
        (&families[9], CREDENTIALS, 415),
        (&families[10], CREDENTIALS, 415),
    ] {
        // What would be taken if it were unpacked is no body here.
        let answer = post(&app, family, gzip, body).await;
        assert_eq!(answer.status, status, "{}: {}", family.0, answer.text);
        assert!(answer.text.contains("compressed"), "{}", answer.text);
    }
    // Whoever only says that nothing is compressed is read.
    let plain = "Content-Encoding: identity\r\n";
    let answer = post(&app, &families[6], plain, b"[]").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn an_announced_hundred_megabytes_are_not_waited_for() {
    let app = app().await;
    for family in families(&app).await {
        let mut connection = Raw::open(&app).await;
        let head = head(&app, &family, b"");
        let head = format!("{head}Content-Length: 104857600\r\n\r\n");
        connection.write(head.as_bytes()).await;
        connection.write(&vec![b'a'; 600 * 1_024]).await;
        let answer = timeout(Duration::from_secs(60), connection.answer()).await;
        let answer = answer.expect("it is refused");
        // Where more is read than came, it is not waited for.
        let fine = [408, 413].contains(&answer.status);
        assert!(fine, "{}: {} {}", family.0, answer.status, answer.text);
    }
}

#[tokio::test]
async fn an_endless_body_ends() {
    let app = app().await;
    for family in families(&app).await {
        let mut connection = Raw::open(&app).await;
        let head = head(&app, &family, b"");
        let head = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
        connection.write(head.as_bytes()).await;
        let chunk = format!("4000\r\n{}\r\n", "a".repeat(0x4000));
        for _ in 0..60 {
            connection.write(chunk.as_bytes()).await;
        }
        let answer = timeout(Duration::from_secs(60), connection.answer()).await;
        let answer = answer.expect("it is refused");
        // Where more is read than came, it is not waited for.
        let fine = [408, 413].contains(&answer.status);
        assert!(fine, "{}: {} {}", family.0, answer.status, answer.text);
    }
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let app = app().await;
    let families = families(&app).await;
    let stalled = families.iter().map(async |family| {
        let mut connection = Raw::open(&app).await;
        let head = head(&app, family, b"");
        let head = format!("{head}Content-Length: 100\r\n\r\n[");
        connection.write(head.as_bytes()).await;
        let answer = timeout(Duration::from_secs(60), connection.answer()).await;
        (family.0, answer.expect("it is given up").status)
    });
    for (path, status) in join_all(stalled).await {
        // OAuth has no word for it but that the request cannot be read.
        assert!([400, 408].contains(&status), "{path}: {status}");
    }
}

/// Sends a large body from an address behind a proxy, so much of it every so often, for as long as it is
/// read, and never goes away.
async fn trickle(app: &TestApp, from: &str, step: usize, every: Duration) {
    let mut connection = Raw::open(app).await;
    let head = head(app, &(GITHUB, JSON, String::new()), b"");
    let head = format!("{head}X-Forwarded-For: {from}\r\nContent-Length: 16000000\r\n\r\n");
    connection.write(head.as_bytes()).await;
    let piece = vec![b'a'; step];
    while connection.try_write(&piece).await.is_ok() {
        sleep(every).await;
    }
    pending().await
}

/// A GitHub whose large deliveries come from an address of its own.
async fn deliver(app: &TestApp, from: &str, bytes: usize) -> u16 {
    let body = format!("[]{}", " ".repeat(bytes - 2));
    let mut connection = Raw::open(app).await;
    let head = head(app, &(GITHUB, JSON, String::new()), body.as_bytes());
    let head = format!("{head}X-Forwarded-For: {from}\r\nContent-Length: {bytes}\r\n\r\n");
    connection.write(head.as_bytes()).await;
    connection.write(body.as_bytes()).await;
    connection.answer().await.status
}

#[rstest]
#[case::small_steps(300, 17 * 1_024)]
#[case::large_steps(40, 300 * 1_024)]
#[tokio::test]
async fn strangers_who_trickle_leave_room_for_deliveries(
    #[case] number: usize,
    #[case] step: usize,
) {
    let settings = "[server]\ntrusted_proxies = ['127.0.0.1']\nrequest_timeout = '5m'";
    let app = TestApp::builder().settings(settings).start().await;
    let every = Duration::from_secs(1);
    let strangers = (0..number).map(|_| trickle(&app, "203.0.113.7", step, every));
    let genuine = async {
        sleep(Duration::from_secs(3)).await;
        let delivered = join_all(
            [20_000, 200_000, 2_000_000].map(|bytes| deliver(&app, "198.51.100.1", bytes)),
        );
        timeout(Duration::from_secs(10), delivered).await
    };
    tokio::select! {
        _ = join_all(strangers) => panic!("strangers never go away"),
        delivered = genuine => assert_eq!(delivered.expect("they are read"), [200, 200, 200]),
    }
}

#[tokio::test]
async fn more_connections_than_there_may_be_wait_until_one_ends() {
    let settings = "[server]\nworkers = 1\nmax_connections = 16";
    let app = TestApp::builder().settings(settings).start().await;
    let idle: Vec<_> = join_all((0..16).map(|_| Raw::open(&app))).await;
    let mut other = Raw::open(&app).await;
    other
        .write(b"GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n")
        .await;
    let waiting = timeout(Duration::from_secs(1), other.answer()).await;
    assert!(waiting.is_err(), "it is one connection too many");
    // Whoever asks nothing is sent away.
    let answer = timeout(Duration::from_secs(60), other.answer()).await;
    assert_eq!(answer.expect("it is its turn").status, 200);
    drop(idle);
}

/// Whoever was answered once is timed by nobody but us from the next byte on.
#[tokio::test]
async fn whoever_begins_another_request_and_stops_gives_the_connection_to_the_next() {
    let settings = "[server]\nworkers = 1\nmax_connections = 16";
    let app = TestApp::builder().settings(settings).start().await;
    let ask = b"GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..16 {
        let mut connection = Raw::open(&app).await;
        connection.write(ask).await;
        assert_eq!(connection.answer().await.status, 200);
        connection.write(b"G").await;
        held.push(connection);
    }
    let mut other = Raw::open(&app).await;
    other.write(ask).await;
    let answer = timeout(Duration::from_secs(60), other.answer()).await;
    assert_eq!(answer.expect("it is its turn").status, 200);
    eventually("those who stopped are sent away", async || {
        app.metric(r#"tokenward_no_room_total{what="connections"}"#) >= 1.0
    })
    .await;
    drop(held);
}

#[tokio::test]
async fn one_address_does_not_hold_all_connections() {
    let settings = "[server]\nmax_connections_per_address = 3";
    let app = TestApp::builder().settings(settings).start().await;
    let ask = b"GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut connection = Raw::open(&app).await;
        connection.write(ask).await;
        assert_eq!(connection.answer().await.status, 200);
        held.push(connection);
    }
    assert!(
        app.http
            .get(format!("{}/healthz", app.url))
            .send()
            .await
            .is_err()
    );
    let turned_away = app.metric(r#"tokenward_no_room_total{what="connections"}"#);
    assert!(turned_away >= 1.0, "{turned_away}");
    drop(held);
    let well = async || {
        app.http
            .get(format!("{}/healthz", app.url))
            .send()
            .await
            .is_ok()
    };
    eventually("a connection is free again", well).await;
}

/// Room that was used comes back with the answer.
#[tokio::test]
async fn many_forms_one_after_another_find_room() {
    let app = app().await;
    let families = families(&app).await;
    let head = head(&app, &families[3], b"");
    for _ in 0..40 {
        let mut connection = Raw::open(&app).await;
        let begun = format!("{head}Content-Length: 20006\r\n\r\ntoken=");
        connection.write(begun.as_bytes()).await;
        connection.write(&vec![b'a'; 17_000]).await;
        // What comes whole needs no room.
        sleep(Duration::from_millis(50)).await;
        connection.write(&vec![b'a'; 3_000]).await;
        let answer = connection.answer().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}
