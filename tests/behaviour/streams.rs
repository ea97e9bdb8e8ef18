//! Event streams (OpenID Shared Signals Framework 1.0): made by their receivers, who get Security Event
//! Tokens (RFC 8417) about what they may see, by push (RFC 8935) and poll (RFC 8936).

mod audiences;
mod bounds;
mod events;
mod letters;
mod managing;
mod polling;
mod pushing;

use std::collections::BTreeMap;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};
use tokenward::domain::tokens::{self, NewTokenRequest, TokenReference};
use tokenward::model::{
    GrantType, Id, Organization, PlainToken, RevocationReason, Token, TokenKind, User,
};

use crate::support::{TestApp, TestClient, token_name};

const DAY: Duration = Duration::from_secs(86_400);
const STREAMS: &str = "/v1/ssf/streams";
const SESSION: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const CHANGE: &str = "https://schemas.openid.net/secevent/caep/event-type/credential-change";
const COMPROMISE: &str =
    "https://schemas.openid.net/secevent/risc/event-type/credential-compromise";
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
const UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

/// A machine with a credential.
struct Machine<'a> {
    app: &'a TestApp,
    credential: PlainToken,
    audience: String,
}

impl<'a> Machine<'a> {
    /// One of the operators'.
    async fn of_operators(app: &'a TestApp) -> Self {
        let key = app.service_key("events:receive").await;
        Self {
            app,
            credential: key.token,
            audience: key.id.to_string(),
        }
    }

    /// One of an organization's.
    async fn of_organization(app: &'a TestApp, organization: &Organization, maker: &User) -> Self {
        let token = app
            .token(NewTokenRequest {
                organization: Some(organization.id),
                user: Some(maker.id),
                name: Some(token_name("signals")),
                scopes: "ssf.manage".parse().unwrap(),
                ..NewTokenRequest::new(TokenKind::OrganizationAccessToken)
            })
            .await;
        Self {
            app,
            credential: token.token,
            audience: token.id.to_string(),
        }
    }

    /// A client's own, with a token that it got for itself.
    async fn of_client(app: &'a TestApp, client: &TestClient, scopes: &str) -> Self {
        let body = format!(
            "grant_type=client_credentials&scope={}",
            scopes.replace(' ', "+")
        );
        let request = app
            .http
            .post(format!("{}/v1/oauth2/token", app.url))
            .basic_auth(
                &client.client_id,
                client.secret.as_ref().map(PlainToken::reveal),
            )
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let token = answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"));
        Self {
            app,
            credential: PlainToken::new(token.to_owned()),
            audience: client.client_id.clone(),
        }
    }

    /// Asks for something: the status and the JSON of the answer.
    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.app.url);
        let request = self.app.http.request(method.parse().unwrap(), url);
        let request = match body.is_null() {
            true => request,
            false => request.json(&body),
        };
        let answer = request.bearer_auth(self.credential.reveal()).send();
        let answer = answer.await.unwrap();
        let status = answer.status().as_u16();
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        (status, answer.json().await.unwrap_or_default())
    }

    /// A stream of its own.
    async fn stream(&self, body: Value) -> Value {
        let (status, made) = self.call("POST", STREAMS, body).await;
        assert_eq!(status, 201, "{made}");
        made
    }

    /// A stream that it fetches, by its id.
    async fn polled_stream(&self) -> String {
        id_of(&self.stream(json!({})).await)
    }

    /// What waits, in order, each verified. Nothing is acknowledged.
    async fn poll(&self, stream: &str) -> Vec<Value> {
        let ask = json!({ "returnImmediately": true });
        let (status, answer) = self
            .call("POST", &format!("/v1/ssf/poll/{stream}"), ask)
            .await;
        assert_eq!(status, 200, "{answer}");
        let sets: BTreeMap<String, String> =
            serde_json::from_value(answer["sets"].clone()).unwrap();
        let mut all = Vec::new();
        for (jti, set) in sets {
            let claims = verified(self.app, &set, &self.audience).await;
            assert_eq!(claims["jti"], jti);
            all.push(claims);
        }
        all
    }

    /// What waits, which is acknowledged.
    async fn take(&self, stream: &str) -> Vec<Value> {
        let all = self.poll(stream).await;
        let jtis: Vec<_> = all.iter().map(|set| set["jti"].clone()).collect();
        let ask = json!({ "ack": jtis, "maxEvents": 0, "returnImmediately": true });
        let (status, answer) = self
            .call("POST", &format!("/v1/ssf/poll/{stream}"), ask)
            .await;
        assert_eq!((status, answer), (200, json!({ "sets": {} })));
        all
    }
}

fn id_of(stream: &Value) -> String {
    stream["stream_id"].as_str().unwrap().to_owned()
}

/// The claims of a token as its receiver reads it, by nothing but the published keys.
async fn verified(app: &TestApp, token: &str, audience: &str) -> Value {
    let keys = app.get("/.well-known/jwks.json").await;
    let keys: JwkSet = keys.json().await.unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    // RFC 8417 2.3, SSF 1.0 10.1.
    assert_eq!(header.typ.as_deref(), Some("secevent+jwt"));
    let key = keys.find(header.kid.as_ref().unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[audience]);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(key).unwrap();
    let claims: Value = jsonwebtoken::decode(token, &key, &validation)
        .unwrap()
        .claims;
    for forbidden in ["exp", "sub", "nonce"] {
        assert!(claims.get(forbidden).is_none(), "{claims}");
    }
    assert_eq!(claims["iss"], app.ctx.issuer);
    assert_eq!(claims["aud"], audience);
    assert!(claims["iat"].is_i64() && claims["txn"].is_string());
    assert!(claims["sub_id"]["format"].is_string(), "{claims}");
    // CAEP Interoperability Profile 1.0 2.8.1.
    assert_eq!(claims["events"].as_object().unwrap().len(), 1);
    claims
}

/// The type of a token's event.
fn kind(claims: &Value) -> &str {
    claims["events"].as_object().unwrap().keys().next().unwrap()
}

/// The types of all of them, sorted.
fn kinds(all: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<_> = all.iter().map(kind).collect();
    kinds.sort_unstable();
    kinds
}

/// A token's event.
fn event(claims: &Value) -> &Value {
    &claims["events"][kind(claims)]
}

async fn revoke(app: &TestApp, token: Id<Token>) {
    let reference = TokenReference::Id(token);
    tokens::revoke(&app.ctx, &reference, RevocationReason::Operator)
        .await
        .unwrap();
}

/// A client that may ask for tokens of its own.
async fn client(app: &TestApp, name: &str) -> TestClient {
    app.client(name)
        .scopes("ssf.read ssf.manage")
        .grant_types(&[GrantType::ClientCredentials])
        .register()
        .await
}

/// Whom was written that a stream was disabled, and what, sorted.
async fn told_that_disabled(app: &TestApp) -> Vec<(String, String)> {
    let mails = app.read_mail().await.into_iter();
    let mails = mails.filter(|mail| mail.subject == "A stream of security events was disabled");
    // Lines end somewhere.
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut told: Vec<_> = mails.map(|mail| (mail.to, flat(&mail.text))).collect();
    told.sort_unstable();
    told
}
