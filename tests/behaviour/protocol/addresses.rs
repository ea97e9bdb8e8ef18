//! Where reports are sent to, and how it is said that they are not.

use rstest::rstest;

use super::{PATH, assert_refused};
use crate::support::{Answer, Raw, TestApp};

#[rstest]
#[case::get("GET")]
#[case::put("PUT")]
#[case::delete("DELETE")]
#[case::patch("PATCH")]
#[case::made_up("REVOKE")]
#[tokio::test]
async fn other_methods_are_refused_by_name(#[case] method: &str) {
    let app = TestApp::start().await;
    let line = format!("{method} {PATH}");
    let answer = Raw::open(&app).await.request(&line, &[], b"").await;
    assert_refused(&answer, 405, "method_not_allowed");
    // RFC 9110 15.5.6: which methods there are must be told.
    assert_eq!(answer.headers["allow"], "POST");
}

#[tokio::test]
async fn an_unknown_address_is_not_found_and_not_repeated() {
    let app = TestApp::start().await;
    let token = app.never_issued();
    for path in [
        "/",
        "/v1",
        &format!("{PATH}/"),
        &format!("/{}", token.reveal()),
    ] {
        let answer = Answer::read(app.get(path).await).await;
        assert_refused(&answer, 404, "not_found");
        assert!(!answer.text.contains(token.reveal()));
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for path in ["/healthz", "/readyz", "/metrics", "/nothing", PATH] {
        let request = app.http.get(format!("{}{path}", app.url));
        // An id that a caller brings could hold anything, so it is not taken over.
        let answer = request.header("x-request-id", "mine").send().await.unwrap();
        ids.push(
            answer.headers()["x-request-id"]
                .to_str()
                .unwrap()
                .to_owned(),
        );
    }
    let first = ids.clone();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), first.len());
    assert!(!ids.contains(&"mine".to_owned()));
}

#[tokio::test]
async fn an_origin_that_is_switched_off_has_no_address() {
    let off = "[origins.github]\nenabled = false";
    let app = TestApp::builder().settings(off).start().await;
    assert_refused(&app.github().post("[]").await, 404, "not_found");
}
