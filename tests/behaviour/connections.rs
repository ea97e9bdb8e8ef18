//! Connections: how many there may be, and what comes of those that are too many.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{Raw, TestApp, eventually};

const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n";

/// What came at once with the connection is read by the server all the same.
#[tokio::test]
async fn nothing_is_done_of_what_comes_on_a_connection_too_many() {
    let settings = "[server]\nmax_connections_per_address = 2";
    let app = TestApp::builder().settings(settings).start().await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:issue").await.token;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = Raw::open(&app).await;
        connection.write(ASK).await;
        assert_eq!(connection.answer().await.status, 200);
        held.push(connection);
    }
    let body = json!({ "kind": "personal_access_token", "user_id": ada.id.to_string() });
    let body = body.to_string();
    let request = format!(
        "POST /v1/tokens HTTP/1.1\r\nHost: service\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        key.reveal(),
        body.len(),
    );
    let tokens = "SELECT count(*) FROM tokens";
    let before = app.number(tokens).await;
    for _ in 0..20 {
        let address = app.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut answer = Vec::new();
        // It may be closed already.
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty());
    }
    sleep(Duration::from_millis(300)).await;
    assert_eq!(app.number(tokens).await, before);
    drop(held);
}

#[tokio::test]
async fn the_last_connections_are_for_one_answer_each() {
    let settings = "[server]\nworkers = 1\nmax_connections = 16";
    let app = TestApp::builder().settings(settings).start().await;
    let mut kept = Vec::new();
    let mut held = Vec::new();
    for _ in 0..16 {
        let mut connection = Raw::open(&app).await;
        connection.write(ASK).await;
        let answer = connection.answer().await;
        assert_eq!(answer.status, 200);
        let connection_header = answer.headers.get("connection");
        kept.push(connection_header.is_none_or(|value| value != "close"));
        held.push(connection);
    }
    let expected: Vec<_> = (0..16).map(|number| number < 13).collect();
    assert_eq!(kept, expected);
    // Whoever keeps its own by asking again and again keeps out nobody.
    for connection in held.iter_mut().take(13) {
        connection.write(ASK).await;
        assert_eq!(connection.answer().await.status, 200);
    }
    // What is sent before it says that it was the last answer is not answered.
    let address = app.url.trim_start_matches("http://");
    let mut last = TcpStream::connect(address).await.unwrap();
    last.write_all(&ASK.repeat(3)).await.unwrap();
    let mut answers = Vec::new();
    let _ = last.read_to_end(&mut answers).await;
    let answers = String::from_utf8(answers).unwrap();
    assert!(answers.matches("HTTP/1.1").count() <= 1, "{answers}");
    let well = async || {
        let mut other = Raw::open(&app).await;
        other.write(ASK).await;
        other.answer().await.status == 200
    };
    eventually("there is one for the next", well).await;
}
