//! Bodies that are not what was agreed, or more of it than is read.

use std::time::Duration;

use rstest::rstest;
use tokio::time::timeout;

use super::{ID, POST, SIGNATURE, assert_refused, signed};
use crate::support::{Answer, Raw, TestApp};

#[rstest]
#[case::empty(b"")]
#[case::blank(b" \n")]
#[case::object(b"{}")]
#[case::an_object_around(br#"{"reports":[]}"#)]
#[case::null(b"null")]
#[case::string(br#""[]""#)]
#[case::unfinished(b"[{")]
#[case::two_arrays(b"[][]")]
#[case::trailing_comma(b"[{},]")]
#[case::single_quotes(b"[{'token':'sneaky-sneaky'}]")]
#[case::bare_word(b"[sneaky-sneaky]")]
#[case::byte_order_mark(b"\xef\xbb\xbf[]")]
#[case::utf_16(b"[\0]\0")]
#[case::no_text(b"\xff\xfe\xfd")]
#[tokio::test]
async fn a_signed_body_that_is_no_array_is_malformed(#[case] body: &[u8]) {
    let app = TestApp::start().await;
    let (key, signature) = signed(&app.origin().signer, body);
    let headers = [(ID, key.as_str()), (SIGNATURE, signature.as_str())];
    let answer = app.github().post_with(headers, body.to_vec()).await;
    assert_refused(&answer, 400, "malformed_request");
    assert!(!answer.text.contains("sneaky"), "{}", answer.text);
}

#[tokio::test]
async fn a_signed_body_that_is_compressed_is_refused_with_what_is_read() {
    let app = TestApp::start().await;
    let body = b"\x1f\x8b\x08\0\0\0\0\0";
    let (key, signature) = signed(&app.origin().signer, body);
    let headers = [
        (ID, key.as_str()),
        (SIGNATURE, signature.as_str()),
        ("Content-Encoding", "gzip"),
    ];
    let answer = app.github().post_with(headers, body.to_vec()).await;
    assert_refused(&answer, 415, "unsupported_encoding");
    assert_eq!(answer.headers["accept-encoding"], "identity");
}

#[tokio::test]
async fn an_empty_array_gets_an_empty_answer() {
    let app = TestApp::start().await;
    let answer = app.github().post(" [ ]\n").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "[]"));
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(answer.headers.contains_key("x-request-id"));
}

/// Sends a body as a plain client does: everything, and only then a look at the answer.
async fn send_all(app: &TestApp, chunked: bool, length: usize) -> Answer {
    let mut connection = Raw::open(app).await;
    let framing = match chunked {
        true => "Transfer-Encoding: chunked".to_owned(),
        false => format!("Content-Length: {length}"),
    };
    let (key, signature) = signed(&app.origin().signer, b"");
    let head = format!(
        "{POST} HTTP/1.1\r\nHost: service\r\n{ID}: {key}\r\n{SIGNATURE}: {signature}\r\n{framing}\r\n\r\n"
    );
    connection.write(head.as_bytes()).await;
    let piece = vec![b'a'; 16 * 1_024];
    for _ in 0..length / piece.len() {
        if chunked {
            connection
                .write(format!("{:x}\r\n", piece.len()).as_bytes())
                .await;
        }
        connection.write(&piece).await;
        if chunked {
            connection.write(b"\r\n").await;
        }
    }
    if chunked {
        connection.write(b"0\r\n\r\n").await;
    }
    connection.answer().await
}

#[rstest]
#[case::announced(false, 128)]
#[case::in_chunks(true, 128)]
#[case::announced_and_far_too_much(false, 4_096)]
#[case::in_chunks_and_far_too_much(true, 4_096)]
#[tokio::test]
async fn a_body_over_the_cap_is_refused_and_the_sender_hears_it(
    #[case] chunked: bool,
    #[case] kilobytes: usize,
) {
    let cap = "[origins.github]\nmax_body_bytes = 65536";
    let app = TestApp::builder().settings(cap).start().await;
    let answer = send_all(&app, chunked, kilobytes * 1_024).await;
    assert_refused(&answer, 413, "too_large");
    assert_eq!(
        app.metric(r#"tokenward_deliveries_total{origin="github",outcome="too_large"}"#),
        1.0
    );
}

#[tokio::test]
async fn a_body_as_large_as_the_cap_is_read() {
    let cap = "[origins.github]\nmax_body_bytes = 65536";
    let app = TestApp::builder().settings(cap).start().await;
    let body = format!("[]{}", " ".repeat(65_534));
    assert_eq!(app.github().post(&body).await.status, 200);
    assert_eq!(app.github().post(&format!("{body} ")).await.status, 413);
}

/// Announces a large body, sends the beginning of it and then nothing.
async fn stall(app: &TestApp, beginning: usize) -> Raw {
    let mut connection = Raw::open(app).await;
    let (key, signature) = signed(&app.origin().signer, b"");
    let head = format!(
        "{POST} HTTP/1.1\r\nHost: service\r\n{ID}: {key}\r\n{SIGNATURE}: {signature}\r\n\
         Content-Length: 4194304\r\n\r\n"
    );
    connection.write(head.as_bytes()).await;
    connection.write(&vec![b'a'; beginning]).await;
    connection
}

#[rstest]
#[case::at_once(1)]
#[case::once_they_are_large(320 * 1_024)]
#[tokio::test]
async fn strangers_who_stall_do_not_keep_a_large_delivery_waiting(#[case] beginning: usize) {
    let patient = "[server]\nrequest_timeout = '10m'";
    let app = TestApp::builder().settings(patient).start().await;
    let mut strangers = Vec::new();
    for _ in 0..40 {
        strangers.push(stall(&app, beginning).await);
    }
    let large = format!("[]{}", " ".repeat(1_024 * 1_024));
    let answer = timeout(Duration::from_secs(60), app.github().post(&large)).await;
    assert_eq!(answer.expect("it is its turn").status, 200);
    drop(strangers);
}
