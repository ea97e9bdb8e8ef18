//! `POST /v1/revocations`: internal services revoke tokens, many at once.

mod answers;
mod bulk;
mod repetition;
mod requests;

use serde_json::{Value, json};
use tokenward::model::PlainToken;

use crate::support::{Answer, TestApp};

const PATH: &str = "/v1/revocations";

/// A service that may revoke.
struct Desk<'a> {
    app: &'a TestApp,
    key: PlainToken,
}

impl<'a> Desk<'a> {
    async fn open(app: &'a TestApp) -> Self {
        let key = app.service_key("tokens:revoke").await.token;
        Self { app, key }
    }

    /// Sends these items.
    async fn revoke(&self, items: Value) -> Answer {
        self.send(&json!({ "items": items }), None).await
    }

    /// Sends a body, under a name if it has one.
    async fn send(&self, body: &Value, name: Option<&str>) -> Answer {
        let url = format!("{}{PATH}", self.app.url);
        let mut request = self.app.http.post(url).json(body);
        request = request.bearer_auth(self.key.reveal());
        if let Some(name) = name {
            request = request.header("idempotency-key", name);
        }
        Answer::read(request.send().await.expect("the service answers")).await
    }
}

fn json_of(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.headers["cache-control"], "no-store");
    serde_json::from_str(&answer.text).unwrap()
}

/// What an answer says about each item.
fn statuses(answer: &Answer) -> Vec<String> {
    let json = json_of(answer);
    let items = json["items"].as_array().unwrap();
    let status = |item: &Value| item["status"].as_str().unwrap().to_owned();
    items.iter().map(status).collect()
}
