//! The token APIs as somebody's browser calls them.

use reqwest::Method;
use serde_json::{Value, json};
use tokenward::domain::users;
use tokenward::model::User;

use crate::browser::{Browser, PageAnswer};
use crate::support::{TestApp, address};

pub(crate) const PERSONAL: &str = "/v1/personal_access_tokens/";
pub(crate) const ORGANIZATION: &str = "/v1/organization-access-tokens/";
/// What sign-in sets.
pub(crate) const COOKIE: &str = "tokenward_session";

impl PageAnswer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// Its code, after a look at what every refusal has in common.
    pub(crate) fn refusal(&self) -> String {
        assert!((400..500).contains(&self.status), "{}", self.text);
        assert_eq!(self.headers["cache-control"], "no-store");
        assert!(!self.text.contains("polar_"), "{}", self.text);
        let json = self.json();
        assert_eq!(
            json["request_id"],
            self.headers["x-request-id"].to_str().unwrap()
        );
        json["error"].as_str().unwrap().to_owned()
    }

    /// The member that a 422 complains about first.
    pub(crate) fn wrong(&self) -> String {
        assert_eq!(
            (self.status, self.refusal().as_str()),
            (422, "validation_error")
        );
        let json = self.json();
        let first = &json["detail"][0];
        assert!(
            first["msg"].is_string() && first["type"].is_string(),
            "{json}"
        );
        let loc = first["loc"].as_array().unwrap();
        loc.last().unwrap().as_str().unwrap().to_owned()
    }
}

impl TestApp {
    /// Somebody who signed in before.
    pub(crate) async fn user_named(&self, email: &str) -> User {
        users::find(&self.ctx, &address(email)).await.unwrap()
    }

    pub(crate) fn api(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }
}

impl Browser<'_> {
    /// Sends JSON as a page of ours would.
    pub(crate) async fn json(
        &mut self,
        app: &TestApp,
        method: Method,
        path: &str,
        body: &Value,
    ) -> PageAnswer {
        let request = app
            .api(method, path)
            .header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/json");
        self.send(request.body(body.to_string())).await
    }

    pub(crate) async fn delete(&mut self, app: &TestApp, path: &str) -> PageAnswer {
        self.send(app.api(Method::DELETE, path)).await
    }
}

/// A token that lives for 30 days and reads orders.
pub(crate) fn body() -> Value {
    json!({ "comment": "deployment", "scopes": ["orders:read"], "expires_in": "P30D" })
}

/// The same with other members.
pub(crate) fn with(other: Value) -> Value {
    let mut body = body();
    for (name, value) in other.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
