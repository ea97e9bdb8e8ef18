//! RFC 7662, for services that hold a service key.

mod active;
mod credentials;
mod inactive;
mod last_use;
mod questions;

use tokenward::model::PlainToken;

use crate::support::{Answer, TestApp};

const SCOPE: &str = "tokens:introspect";
const PATH: &str = "/v1/oauth2/introspect";

/// Asks with any headers and body.
async fn ask(app: &TestApp, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = app
        .http
        .post(format!("{}{PATH}", app.url))
        .body(body.to_owned());
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::read(request.send().await.expect("the service answers")).await
}

async fn ask_with(app: &TestApp, key: &PlainToken, body: &str) -> Answer {
    ask(
        app,
        &[("authorization", &format!("Bearer {}", key.reveal()))],
        body,
    )
    .await
}

/// Everything of an answer that could tell one reason from another.
fn everything(answer: &Answer) -> String {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id", "ratelimit"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    format!(
        "{}\n{}\n\n{}",
        answer.status,
        headers.join("\n"),
        answer.text
    )
}
