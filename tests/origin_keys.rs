//! An origin's keys over real HTTP: what is sent, what is taken from the answer, what is refused.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rstest::rstest;
use secrecy::SecretString;
use tokenward::model::Timestamp;
use tokenward::origins::signing::{OriginSigner, key_list};
use tokenward::origins::{
    FetchError, Fetched, GITHUB, InsecureUrl, KeyError, KeyFetcher, KeyId, KeyPolicy, KeyRequests,
    KeyRing, KeySet, MalformedKeys, http_client,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;
use wiremock::matchers::{header, header_exists, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const BEARER: &str = "hunter2";

fn client() -> reqwest::Client {
    // A second installation is refused and changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    http_client(&"http://127.0.0.1/".parse().unwrap()).unwrap()
}

fn fetcher(address: &str, token: Option<&str>) -> KeyFetcher {
    let url = Url::parse(&format!("{address}/keys")).unwrap();
    KeyFetcher::new(client(), url, token.map(SecretString::from)).unwrap()
}

async fn origin(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/keys"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

async fn fetch(server: &MockServer) -> Result<Fetched, FetchError> {
    fetcher(&server.uri(), None).fetch(&KeySet::default()).await
}

fn keys(fetched: Fetched) -> KeySet {
    match fetched {
        Fetched::Keys { keys, .. } => keys,
        Fetched::NotModified => KeySet::default(),
    }
}

#[tokio::test]
async fn the_keys_come_with_their_tag_and_the_next_question_carries_it() {
    let signer = OriginSigner::generate();
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(header("if-none-match", "\"v1\""))
        .respond_with(ResponseTemplate::new(304))
        .with_priority(1)
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(header("accept", "application/json"))
        .and(header_exists("user-agent"))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("etag", "\"v1\"")
                .set_body_string(key_list([(&signer, true)])),
        )
        .expect(1)
        .mount(&server)
        .await;

    let fetcher = fetcher(&server.uri(), None);
    let first = keys(fetcher.fetch(&KeySet::default()).await.unwrap());
    assert!(first.find(signer.key_id()).is_some());
    assert_eq!(first.etag(), Some("\"v1\""));
    assert!(matches!(
        fetcher.fetch(&first).await,
        Ok(Fetched::NotModified)
    ));
}

#[tokio::test]
async fn a_key_that_stays_is_not_parsed_again() {
    let signer = OriginSigner::generate();
    let body = key_list([(&signer, true)]);
    let server = origin(ResponseTemplate::new(200).set_body_string(body)).await;
    let fetcher = fetcher(&server.uri(), None);
    let first = keys(fetcher.fetch(&KeySet::default()).await.unwrap());
    let second = keys(fetcher.fetch(&first).await.unwrap());
    let find = |keys: &KeySet| Arc::clone(keys.find(signer.key_id()).unwrap());
    assert!(Arc::ptr_eq(&find(&first), &find(&second)));
}

#[tokio::test]
async fn the_token_goes_out_as_bearer_and_into_no_message() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Bearer hunter2"))
        .respond_with(ResponseTemplate::new(500))
        .expect(1)
        .mount(&server)
        .await;
    let fetcher = fetcher(&server.uri(), Some(BEARER));
    let error = fetcher.fetch(&KeySet::default()).await.unwrap_err();
    assert!(matches!(error, FetchError::Status(500)));
    assert!(!format!("{fetcher:?} {error:?} {error}").contains(BEARER));
}

#[rstest]
#[case(404)]
#[case(403)]
#[case(429)]
#[case(304)]
#[case(204)]
#[tokio::test]
async fn another_status_is_no_answer(#[case] status: u16) {
    let server = origin(ResponseTemplate::new(status)).await;
    let error = fetch(&server).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Status(got) if got == status),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&elsewhere)
        .await;
    let away = ResponseTemplate::new(302).insert_header("location", elsewhere.uri().as_str());
    let server = origin(away).await;
    assert!(matches!(fetch(&server).await, Err(FetchError::Status(302))));
}

#[rstest]
#[case(&b"<html>"[..], MalformedKeys::Shape)]
#[case(b"", MalformedKeys::Shape)]
#[case(b"\xff\x00", MalformedKeys::Shape)]
#[case(br#"{"public_keys":[]}"#, MalformedKeys::Empty)]
#[case(
    br#"{"public_keys":[{"key_identifier":"a","public_key":"b"}]}"#,
    MalformedKeys::NoneUsable
)]
#[tokio::test]
async fn garbage_is_no_list(#[case] body: &[u8], #[case] expected: MalformedKeys) {
    let server = origin(ResponseTemplate::new(200).set_body_bytes(body)).await;
    let error = fetch(&server).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Malformed(got) if got == expected),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_large_answer_is_not_read_to_its_end() {
    let large = " ".repeat(1024 * 1024 + 1);
    let server = origin(ResponseTemplate::new(200).set_body_string(large)).await;
    assert!(matches!(fetch(&server).await, Err(FetchError::TooLarge)));
}

/// A server that says one thing and then nothing, neither more nor the end.
async fn stuck_origin(says: &'static str) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(connection.read_u8().await.unwrap());
        }
        connection.write_all(says.as_bytes()).await.unwrap();
        let _ = connection.read_to_end(&mut request).await;
    });
    (address, server)
}

#[rstest]
#[case::before_the_status("")]
#[case::within_the_body("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"public_keys\":[")]
#[tokio::test]
async fn a_slow_origin_is_given_up(#[case] says: &'static str) {
    let (address, server) = stuck_origin(says).await;
    let fetcher = fetcher(&address, None).with_timeout(Duration::from_millis(200));
    let start = Instant::now();
    let error = fetcher.fetch(&KeySet::default()).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout), "{error:?}");
    // Sooner than the client's own limit of five seconds.
    assert!(start.elapsed() < Duration::from_secs(4));
    server.abort();
}

#[tokio::test]
async fn an_origin_that_is_not_there_is_named_neither_with_address_nor_credential() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("http://user:{BEARER}@127.0.0.1:{port}/keys?key={BEARER}");
    let fetcher = KeyFetcher::new(client(), Url::parse(&url).unwrap(), None).unwrap();
    let error = fetcher.fetch(&KeySet::default()).await.unwrap_err();
    assert!(matches!(error, FetchError::Transport(_)), "{error:?}");
    assert!(!format!("{fetcher:?} {error:?} {error}").contains(BEARER));
}

#[rstest]
#[case("https://api.github.com/x", true)]
#[case("http://127.0.0.1:9/x", true)]
#[case("http://[::1]/x", true)]
#[case("http://localhost/x", true)]
#[case("http://api.github.com/x", false)]
#[case("http://127.0.0.1.example/x", false)]
#[case("http://10.0.0.1/x", false)]
#[case("ftp://127.0.0.1/x", false)]
#[case("file:///etc/keys", false)]
fn keys_are_trusted_only_over_a_protected_way(#[case] url: &str, #[case] trusted: bool) {
    let fetcher = KeyFetcher::new(client(), Url::parse(url).unwrap(), None);
    assert_eq!(fetcher.err(), (!trusted).then_some(InsecureUrl));
}

/// The fetching job in its shortest form.
async fn serve_requests(ring: KeyRing, mut requests: KeyRequests, fetcher: KeyFetcher) {
    while let Some(request) = requests.next().await {
        match fetcher.fetch(&ring.keys()).await {
            Ok(Fetched::NotModified) => ring.confirm(),
            Ok(Fetched::Keys { keys, .. }) => ring.publish(keys),
            Err(_) => ring.fetch_failed(),
        }
        drop(request);
    }
}

#[tokio::test]
async fn a_thousand_strangers_cost_one_fetch_and_the_rotated_key_is_found() {
    let signer = OriginSigner::generate();
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_string(key_list([(&signer, true)])))
        .expect(1)
        .mount(&server)
        .await;
    let (ring, requests) = KeyRing::new(Arc::new(GITHUB.clone()), KeyPolicy::Listed);
    let job = tokio::spawn(serve_requests(
        ring.clone(),
        requests,
        fetcher(&server.uri(), None),
    ));

    let mut callers = tokio::task::JoinSet::new();
    for n in 0..1_000 {
        let ring = ring.clone();
        let stranger = KeyId::parse(&format!("stranger{n}")).unwrap();
        callers.spawn(async move { ring.key(&stranger, NOW).await });
    }
    assert!(ring.key(signer.key_id(), NOW).await.is_ok());
    for answer in callers.join_all().await {
        assert_eq!(answer, Err(KeyError::Unknown));
    }
    job.abort();
}

#[tokio::test]
async fn without_any_key_and_without_the_origin_nobody_can_know() {
    let server = origin(ResponseTemplate::new(503)).await;
    let (ring, requests) = KeyRing::new(Arc::new(GITHUB.clone()), KeyPolicy::Listed);
    let job = tokio::spawn(serve_requests(
        ring.clone(),
        requests,
        fetcher(&server.uri(), None),
    ));
    let answer = ring.key(&KeyId::parse("any").unwrap(), NOW).await;
    let retry_after = Duration::from_secs(60);
    assert_eq!(answer, Err(KeyError::Unreachable { retry_after }));
    job.abort();
}
