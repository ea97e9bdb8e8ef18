//! Bodies that are slow, huge, deep, compressed or endless, at an address of each family: every one
//! ends in a clear refusal, and none takes more memory than is read of it.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::support::{Answer, Raw, TestApp};

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
    let scopes = "tokens:introspect tokens:revoke";
    let key = app.service_key(scopes).await;
    let bearer = format!("Bearer {}", key.token.reveal());
    vec![
        ("/v1/credentials/revoke", JSON, String::new()),
        ("/v1/oauth2/register", JSON, String::new()),
        ("/v1/revocations", JSON, bearer.clone()),
        ("/v1/oauth2/introspect", FORM, bearer),
        ("/v1/oauth2/token", FORM, String::new()),
        (
            "/v1/integrations/gitlab/revoke_tokens",
            JSON,
            SECRET.to_owned(),
        ),
        (GITHUB, JSON, String::new()),
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
async fn a_compressed_body_is_read_as_it_is() {
    let app = app().await;
    let families = families(&app).await;
    let gzip = "Content-Encoding: gzip\r\n";
    for (family, body, status) in [
        (&families[0], CREDENTIALS, 422),
        (&families[3], QUESTION, 400),
        (&families[6], NOTHING, 400),
    ] {
        // What would be taken if it were unpacked is no body here.
        let answer = post(&app, family, gzip, body).await;
        assert_eq!(answer.status, status, "{}: {}", family.0, answer.text);
    }
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
