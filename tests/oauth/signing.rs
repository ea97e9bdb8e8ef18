//! The keys that sign ID tokens: published first, used then, kept until nobody needs them.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};
use tokenward::domain::signing_keys::{self, Rotation};
use tokenward::model::{ClientMetadata, ClientStanding, GrantRequest, SigningAlgorithm};

use crate::desk::metadata;
use crate::support::TestApp;

const DAY: Duration = Duration::from_secs(86_400);

/// The published set, as a client reads it.
pub(crate) async fn published(app: &TestApp) -> JwkSet {
    let response = app.get("/.well-known/jwks.json").await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

/// The claims of a token, verified as a client would, by nothing but the published set.
pub(crate) fn verified(token: &str, keys: &JwkSet, audience: &str) -> Option<Value> {
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = keys.find(header.kid.as_ref()?)?;
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[audience]);
    validation.required_spec_claims.clear();
    // The clock of a test stands still far from the machine's.
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(key).unwrap();
    Some(
        jsonwebtoken::decode(token, &key, &validation)
            .unwrap()
            .claims,
    )
}

async fn sign(app: &TestApp, algorithm: SigningAlgorithm) -> String {
    let claims = json!({ "aud": "client" });
    signing_keys::sign(&app.ctx, algorithm, "JWT", &claims)
        .await
        .unwrap()
}

fn header(token: &str) -> Value {
    let (header, _) = token.split_once('.').unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

fn kids(keys: &JwkSet) -> BTreeSet<String> {
    let kids = keys.keys.iter();
    kids.map(|key| key.common.key_id.clone().unwrap()).collect()
}

#[tokio::test]
async fn an_id_token_says_who_signed_in_and_is_signed_as_the_client_wants() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    for algorithm in SigningAlgorithm::ALL {
        let metadata = ClientMetadata {
            id_token_signed_response_alg: algorithm,
            ..metadata("Engine")
        };
        let party = app.party(metadata, ClientStanding::default()).await;
        let sid = uuid::Uuid::from_u128(7);
        let request = GrantRequest {
            nonce: Some("n-0S6_WzA2Mj%00\u{e9}".to_owned()),
            auth_time: Some(app.clock.now().minus(Duration::from_secs(100))),
            sid: Some(sid),
            ..GrantRequest::default()
        };
        let code = app.code(&party, &ada, "openid email", request).await;
        let tokens = app.exchange(&party, &code).await;
        let token = tokens.member("id_token");
        assert_eq!(header(&token)["alg"], algorithm.name());
        assert_eq!(header(&token)["typ"], "JWT");
        let keys = published(&app).await;
        let claims = verified(&token, &keys, &party.client_id).unwrap();
        let now = app.clock.now().as_seconds();
        assert_eq!(
            claims,
            json!({
                "iss": app.url, "sub": ada.id.to_string(), "aud": party.client_id,
                "iat": now, "exp": now + 3_600, "auth_time": now - 100,
                "nonce": "n-0S6_WzA2Mj%00\u{e9}", "sid": sid.to_string(),
                "at_hash": claims["at_hash"], "email": "ada@example.com", "email_verified": false,
            })
        );

        app.clock.advance(Duration::from_secs(5));
        let fresh = app.refresh(&party, &tokens.member("refresh_token")).await;
        let refreshed = verified(&fresh.member("id_token"), &keys, &party.client_id).unwrap();
        for same in ["iss", "sub", "aud", "auth_time", "sid"] {
            assert_eq!(refreshed[same], claims[same], "{same}");
        }
        assert_eq!(refreshed["iat"], now + 5);
        assert!(refreshed.get("nonce").is_none(), "OpenID Connect Core 12.2");
    }
}

/// Abuse case 85, and oidcc-ensure-request-without-nonce-succeeds-for-code-flow.
#[tokio::test]
async fn a_nonce_is_there_only_when_one_was_sent() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let code = app
        .code(&party, &ada, "openid", GrantRequest::default())
        .await;
    let token = app.exchange(&party, &code).await.member("id_token");
    let claims = verified(&token, &published(&app).await, &party.client_id).unwrap();
    for absent in ["nonce", "sid", "email", "email_verified", "name"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn the_published_set_holds_public_halves_and_is_cached() {
    let app = TestApp::start().await;
    let response = app.get("/.well-known/jwks.json").await;
    assert_eq!(response.headers()["cache-control"], "public, max-age=300");
    let etag = response.headers()["etag"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    for key in body["keys"].as_array().unwrap() {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
    let url = format!("{}/.well-known/jwks.json", app.url);
    for (known, status) in [(etag.as_str(), 304), ("\"other\"", 200), ("*", 304)] {
        let again = app.http.get(&url).header("if-none-match", known);
        assert_eq!(again.send().await.unwrap().status(), status, "{known}");
    }
}

#[tokio::test]
async fn over_a_year_of_rotations_no_verification_fails() {
    let app = TestApp::start().await;
    let mut held: Vec<(String, Duration)> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut known = published(&app).await;
    let step = Duration::from_secs(3_000);
    let mut since_published = Duration::ZERO;
    for _ in 0..(DAY.as_secs() * 200 / step.as_secs()) {
        app.clock.advance(step);
        since_published += step;
        signing_keys::tend(&app.ctx).await.unwrap();
        let token = sign(&app, SigningAlgorithm::Es256).await;
        // A client that read the set up to a day ago knows the key that signs now.
        assert!(verified(&token, &known, "client").is_some());
        if since_published > DAY - step {
            known = published(&app).await;
            since_published = Duration::ZERO;
        }
        seen.insert(header(&token)["kid"].to_string());
        held.push((token, Duration::ZERO));
        // Whoever reads the set now knows the key of every ID token that is still valid.
        let now_published = kids(&published(&app).await);
        held.retain_mut(|(token, age)| {
            *age += step;
            let kid = header(token)["kid"].as_str().unwrap().to_owned();
            assert!(now_published.contains(&kid));
            *age < Duration::from_secs(3_600)
        });
    }
    assert_eq!(seen.len(), 3, "two rotations in 200 days");
    assert_eq!(published(&app).await.keys.len(), 2, "the old ones are gone");
}

#[tokio::test]
async fn a_command_rotates_without_a_failed_verification() {
    let app = TestApp::start().await;
    let before = published(&app).await;
    signing_keys::rotate(&app.ctx, Rotation::Soon)
        .await
        .unwrap();
    let with_next = published(&app).await;
    assert_eq!(with_next.keys.len(), 4);
    let token = sign(&app, SigningAlgorithm::Rs256).await;
    assert!(
        verified(&token, &before, "client").is_some(),
        "the old key still signs"
    );
    app.clock.advance(Duration::from_secs(1_000));
    let token = sign(&app, SigningAlgorithm::Rs256).await;
    assert!(
        verified(&token, &before, "client").is_none(),
        "the next key signs"
    );
    assert!(verified(&token, &with_next, "client").is_some());
}

#[tokio::test]
async fn a_compromised_key_is_gone_at_once() {
    let app = TestApp::start().await;
    let before = kids(&published(&app).await);
    let token = sign(&app, SigningAlgorithm::Rs256).await;
    signing_keys::rotate(&app.ctx, Rotation::Compromised)
        .await
        .unwrap();
    let after = published(&app).await;
    assert!(kids(&after).is_disjoint(&before));
    assert!(verified(&token, &after, "client").is_none());
    let claims = signing_keys::verify::<Value>(&app.ctx, &token).await;
    assert!(claims.unwrap().is_none());
}

#[tokio::test]
async fn replicas_that_start_at_once_agree_on_their_keys() {
    let app = TestApp::start().await;
    let other = TestApp::builder()
        .database(app.database.clone())
        .clock(app.clock.clone())
        .start()
        .await;
    let (one, two) = tokio::join!(published(&app), published(&other));
    assert_eq!(published(&app).await.keys.len(), 2);
    drop((one, two));
    app.clock.advance(Duration::from_secs(60));
    let token = sign(&other, SigningAlgorithm::Es256).await;
    assert!(verified(&token, &published(&app).await, "client").is_some());
}

#[tokio::test]
async fn keys_survive_a_new_hash_key_and_are_encrypted_under_it() {
    let app = TestApp::start().await;
    let token = sign(&app, SigningAlgorithm::Es256).await;
    let database = app.stop().await;
    let newer = "[tokens]\nhash_keys = [\"the newest key of them\", \"super secret jwt secret\"]";
    let app = TestApp::builder()
        .database(database)
        .settings(newer)
        .start()
        .await;
    let kept: Option<Value> = signing_keys::verify(&app.ctx, &token).await.unwrap();
    assert!(kept.is_some());
    assert!(signing_keys::tend(&app.ctx).await.unwrap());
    let rows = app.rows("SELECT DISTINCT hash_key FROM signing_keys").await;
    assert_eq!(rows, [[app.ctx.hash_keys.current().id().to_string()]]);
    assert_eq!(
        header(&sign(&app, SigningAlgorithm::Es256).await),
        header(&token)
    );
}

#[tokio::test]
async fn a_hint_counts_when_we_signed_it_however_old_and_nothing_else_does() {
    let app = TestApp::start().await;
    let token = sign(&app, SigningAlgorithm::Rs256).await;
    let (head, signature) = token.rsplit_once('.').unwrap();
    let (header_text, claims) = head.split_once('.').unwrap();
    let kid = header(&token)["kid"].clone();
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = encode(json!({ "alg": "none", "kid": kid }));
    let symmetric = encode(json!({ "alg": "HS256", "kid": kid }));
    let other = encode(json!({ "aud": "evil" }));
    for forged in [
        format!("{unsigned}.{claims}."),
        format!("{unsigned}.{claims}.{signature}"),
        format!("{symmetric}.{claims}.{signature}"),
        format!("{header_text}.{other}.{signature}"),
        format!("{header_text}.{claims}."),
        format!("{header_text}.{claims}"),
        "nonsense".to_owned(),
        String::new(),
    ] {
        let claims: Option<Value> = signing_keys::verify(&app.ctx, &forged).await.unwrap();
        assert!(claims.is_none(), "{forged}");
    }
    app.clock.advance(DAY * 30);
    let claims: Option<Value> = signing_keys::verify(&app.ctx, &token).await.unwrap();
    assert_eq!(claims.unwrap()["aud"], "client");
}
