//! Authorization requests as a client sends a browser to them, and the answers that come back.

use std::collections::BTreeMap;

use serde_json::Value;
use tokenward::model::PlainToken;
use url::Url;

use crate::browser::{Browser, PageAnswer};
use crate::desk::{Answer, Party};
use crate::signing::{published, verified};
use crate::support::{CALLBACK, TestApp};

/// RFC 7636, appendix B.
pub(crate) use crate::desk::{CHALLENGE, VERIFIER};

/// The parameters of a request.
#[derive(Clone, Debug)]
pub(crate) struct Ask(Vec<(String, String)>);

impl Ask {
    /// What an ordinary client asks.
    pub(crate) fn of(party: &Party) -> Self {
        Self(Vec::new())
            .with("response_type", "code")
            .with("client_id", &party.client_id)
            .with("redirect_uri", CALLBACK)
            .with("scope", "openid email orders:read")
            .with("state", "xyz")
            .with("code_challenge", CHALLENGE)
            .with("code_challenge_method", "S256")
    }

    /// With another value.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a parameter.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// With one more of the same name.
    pub(crate) fn twice(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without the code challenge, as the certification suite asks.
    pub(crate) fn plain(self) -> Self {
        self.without("code_challenge")
            .without("code_challenge_method")
    }

    /// The path with its query.
    pub(crate) fn path(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish();
        format!("/oauth2/authorize?{query}")
    }

    pub(crate) fn fields(&self) -> &[(String, String)] {
        &self.0
    }
}

impl PageAnswer {
    /// What the client got, in the query of its redirect URI.
    pub(crate) fn answered(&self) -> BTreeMap<String, String> {
        assert_eq!(self.status, 303, "{}", self.text);
        self.answered_at(CALLBACK)
    }

    /// The same, at another redirect URI.
    pub(crate) fn answered_at(&self, redirect_uri: &str) -> BTreeMap<String, String> {
        let location = self.location();
        let expected = Url::parse(redirect_uri).unwrap();
        let url = Url::parse(location).unwrap_or_else(|_| panic!("sent to {location}"));
        let bare = |url: &Url| format!("{}{}", url.origin().ascii_serialization(), url.path());
        assert_eq!(bare(&url), bare(&expected), "sent to {location}");
        assert!(url.fragment().is_none());
        let mut answer = BTreeMap::new();
        for (name, value) in url.query_pairs() {
            assert!(
                answer
                    .insert(name.into_owned(), value.into_owned())
                    .is_none()
            );
        }
        answer
    }

    /// The error that the client got.
    pub(crate) fn error(&self) -> String {
        let answer = self.answered();
        assert!(!answer.contains_key("code"), "{answer:?}");
        let description = &answer["error_description"];
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        assert!(description.bytes().all(allowed), "{description}");
        answer["error"].clone()
    }

    /// Whether the person was sent to sign in.
    pub(crate) fn wants_sign_in(&self) -> bool {
        self.status == 303 && self.location().starts_with("/login?return_to=")
    }

    /// Whether the person is asked.
    pub(crate) fn asks(&self) -> bool {
        self.status == 200 && self.text.contains("id=\"consent-title\"")
    }

    /// An error that stays here.
    pub(crate) fn is_error_page(&self) -> bool {
        assert!(self.headers.get("location").is_none());
        self.status == 400 && self.text.contains("id=\"error-title\"")
    }
}

impl Browser<'_> {
    /// Follows a client's request.
    pub(crate) async fn authorize(&mut self, ask: &Ask) -> PageAnswer {
        self.get(&ask.path()).await
    }

    /// Says yes or no.
    pub(crate) async fn decide(&mut self, page: &PageAnswer, action: &str) -> PageAnswer {
        assert!(page.asks(), "{} {}", page.status, page.text);
        let mut fields = page.form("consent");
        fields.push(("action".to_owned(), action.to_owned()));
        self.post("/oauth2/authorize/consent", &fields).await
    }

    /// Follows a client's request and says yes.
    pub(crate) async fn allow(&mut self, ask: &Ask) -> PageAnswer {
        let page = self.authorize(ask).await;
        self.decide(&page, "allow").await
    }
}

impl TestApp {
    /// Exchanges the code of an ordinary request.
    pub(crate) async fn exchange_asked(&self, party: &Party, code: &str) -> Answer {
        let code = PlainToken::new(code.to_owned());
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code.reveal()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.post_as(party, "token", &parameters).await
    }

    /// The same for a request without a code challenge.
    pub(crate) async fn exchange_plain(&self, party: &Party, code: &str) -> Answer {
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        self.post_as(party, "token", &parameters).await
    }

    /// The verified claims of an ID token.
    pub(crate) async fn id_token(&self, party: &Party, answer: &Answer) -> Value {
        let token = answer.member("id_token");
        verified(&token, &published(self).await, &party.client_id).unwrap()
    }
}
