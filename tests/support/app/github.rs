//! GitHub: publishes its keys, signs what it found and posts it.

use serde_json::{Value, json};
use tokenward::model::PlainToken;
use tokenward::origins::GITHUB;
use tokenward::origins::signing::{OriginSigner, key_list};
use wiremock::matchers::{header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::TestApp;

/// The stand-in.
pub(crate) struct GitHub {
    pub(crate) signer: OriginSigner,
    pub(crate) keys: MockServer,
}

impl GitHub {
    /// A GitHub with one current key.
    pub(crate) async fn start() -> Self {
        let github = Self {
            signer: OriginSigner::generate(),
            keys: MockServer::start().await,
        };
        github
            .publish(&key_list([(&github.signer, true)]), "\"1\"")
            .await;
        github
    }

    /// Answers key requests with `list` from now on.
    pub(crate) async fn publish(&self, list: &str, etag: &str) {
        self.keys.reset().await;
        let unchanged = ResponseTemplate::new(304);
        Mock::given(method("GET"))
            .and(header("if-none-match", etag))
            .respond_with(unchanged)
            .mount(&self.keys)
            .await;
        let fresh = ResponseTemplate::new(200)
            .insert_header("etag", etag)
            .set_body_raw(list.to_owned(), "application/json");
        Mock::given(method("GET"))
            .respond_with(fresh)
            .mount(&self.keys)
            .await;
    }

    /// Answers key requests with an error from now on.
    pub(crate) async fn break_down(&self) {
        self.keys.reset().await;
        let broken = ResponseTemplate::new(502);
        Mock::given(method("GET"))
            .respond_with(broken)
            .mount(&self.keys)
            .await;
    }

    /// How often it was asked for its keys since its last change.
    pub(crate) async fn asked(&self) -> usize {
        self.keys
            .received_requests()
            .await
            .unwrap_or_default()
            .len()
    }

    pub(crate) fn keys_url(&self) -> String {
        format!("{}/meta/public_keys/secret_scanning", self.keys.uri())
    }
}

/// GitHub, speaking to one service.
pub(crate) struct Sender<'a> {
    pub(super) app: &'a TestApp,
    pub(super) github: &'a GitHub,
}

impl Sender<'_> {
    /// Posts reports, signed.
    pub(crate) async fn report(&self, reports: &[Value]) -> Answer {
        self.post(&json!(reports).to_string()).await
    }

    /// Posts a body, signed.
    pub(crate) async fn post(&self, body: &str) -> Answer {
        self.post_signed_by(&self.github.signer, body).await
    }

    /// Posts a body, signed with any key.
    pub(crate) async fn post_signed_by(&self, signer: &OriginSigner, body: &str) -> Answer {
        let headers = signer.headers(&GITHUB, body.as_bytes());
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        self.post_with(headers, body.as_bytes().to_vec()).await
    }

    /// Posts anything.
    pub(crate) async fn post_with<'h>(
        &self,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: Vec<u8>,
    ) -> Answer {
        let address = format!("{}/v1/integrations/github/secret-scanning", self.app.url);
        let mut request = self.app.http.post(address).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        Answer::read(request.send().await.expect("the service answers")).await
    }
}

/// What the service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.expect("the answer arrives"),
        }
    }

    /// The answer as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the answer is JSON")
    }

    /// The labels, in order. The delivery must have been accepted.
    pub(crate) fn labels(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{}", self.text);
        let answer = self.json();
        let labels = answer.as_array().expect("the answer is an array").iter();
        labels
            .map(|one| one["label"].as_str().expect("each has a label").to_owned())
            .collect()
    }
}

/// A report of a token at the usual place.
pub(crate) fn report(token: &PlainToken) -> Value {
    report_at(token.reveal(), "https://github.com/acme/app/blob/main/.env")
}

/// A report of any text anywhere.
pub(crate) fn report_at(text: &str, url: &str) -> Value {
    json!({ "token": text, "type": "polar_personal_access_token", "url": url, "source": "commit" })
}
