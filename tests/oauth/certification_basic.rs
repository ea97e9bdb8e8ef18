//! The modules of the Basic and Form Post certification plans, by their names. The suite's clients
//! send no code challenge but where a module says so.

use std::time::Duration;

use serde_json::Value;
use tokenward::model::{AuthMethod, ClientStanding};

use crate::browser::Browser;
use crate::desk::{Answer, Party};
use crate::flow::Ask;
use crate::support::{CALLBACK, TestApp};

const ADA: &str = "ada@example.com";

/// A static client of the suite.
async fn suite_client(app: &TestApp, method: AuthMethod) -> Party {
    let standing = ClientStanding {
        require_pkce: false,
        ..ClientStanding::default()
    };
    app.client("Conformance suite")
        .auth_method(method)
        .standing(standing)
        .register()
        .await
}

fn ask(party: &Party) -> Ask {
    Ask::of(party).plain().with("scope", "openid")
}

/// Signs in where that is asked for, and says yes where that is asked for.
async fn walk(browser: &mut Browser<'_>, ask: &Ask) -> crate::browser::PageAnswer {
    let mut page = browser.authorize(ask).await;
    if page.wants_sign_in() {
        let url = url::Url::parse("http://x")
            .unwrap()
            .join(page.location())
            .unwrap();
        let return_to = url.query_pairs().next().unwrap().1.into_owned();
        let back = browser.sign_in_to(ADA, &return_to).await;
        page = browser.get(back.location()).await;
    }
    if page.asks() {
        page = browser.decide(&page, "allow").await;
    }
    page
}

async fn tokens_for(app: &TestApp, party: &Party, browser: &mut Browser<'_>, ask: &Ask) -> Answer {
    let answer = walk(browser, ask).await.answered();
    assert_eq!(answer["iss"], app.url);
    let tokens = app.exchange_plain(party, &answer["code"]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    assert_eq!(tokens.headers["cache-control"], "no-store");
    tokens
}

async fn claims_for(app: &TestApp, party: &Party, browser: &mut Browser<'_>, ask: &Ask) -> Value {
    let tokens = tokens_for(app, party, browser, ask).await;
    app.id_token(party, &tokens).await
}

#[tokio::test]
async fn oidcc_server() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let ask = ask(&party).with("nonce", "a nonce");
    let tokens = tokens_for(&app, &party, &mut app.browser(), &ask).await;
    let claims = app.id_token(&party, &tokens).await;
    assert_eq!(claims["iss"], app.url);
    assert_eq!(claims["aud"], party.client_id);
    assert_eq!(claims["nonce"], "a nonce");
    assert!(claims.get("name").is_none());
    assert!(tokens.json()["expires_in"].is_u64());
    let allowed = [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "at_hash",
        "sid",
    ];
    for name in claims.as_object().unwrap().keys() {
        assert!(allowed.contains(&name.as_str()), "{name}");
    }
}

#[tokio::test]
async fn oidcc_response_type_missing() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let page = app
        .browser()
        .authorize(&ask(&party).without("response_type"))
        .await;
    assert_eq!(page.error(), "invalid_request");
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let claims = claims_for(&app, &party, &mut app.browser(), &ask(&party)).await;
    assert!(claims.get("nonce").is_none());
}

#[tokio::test]
async fn oidcc_alternate_happy_flow() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let scope = ask(&party).with("scope", "email openid");
    let reordered = scope
        .with("response_type", "code")
        .with("client_id", &party.client_id);
    claims_for(&app, &party, &mut app.browser(), &reordered).await;
}

/// oidcc-display-page, oidcc-display-popup, oidcc-ui-locales, oidcc-claims-locales,
/// oidcc-login-hint, oidcc-ensure-request-with-unknown-parameter-succeeds,
/// oidcc-ensure-request-with-acr-values-succeeds.
#[tokio::test]
async fn parameters_that_need_no_effect_do_no_harm() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let mut browser = app.browser();
    for (name, value) in [
        ("display", "page"),
        ("display", "popup"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("login_hint", "buffy@example.com"),
        ("extra", "foobar"),
        ("acr_values", "1 2"),
    ] {
        tokens_for(&app, &party, &mut browser, &ask(&party).with(name, value)).await;
    }
    // A hint is there to begin with.
    let page = app
        .browser()
        .authorize(&ask(&party).with("login_hint", "b@x.example"))
        .await;
    assert!(page.location().ends_with("&email=b%40x.example"));
    let page = app.browser().get(page.location()).await;
    assert!(page.text.contains("value=\"b@x.example\""));
}

#[tokio::test]
async fn oidcc_prompt_login() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let mut browser = app.browser();
    let first = claims_for(&app, &party, &mut browser, &ask(&party)).await;
    app.clock.advance(Duration::from_secs(5));
    let again = ask(&party).with("prompt", "login");
    assert!(browser.authorize(&again).await.wants_sign_in());
    let second = claims_for(&app, &party, &mut browser, &again).await;
    assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64());
    assert_eq!(second["sub"], first["sub"]);
    assert_eq!(second["sid"], first["sid"], "the same browser and person");
}

#[tokio::test]
async fn oidcc_prompt_none_not_logged_in() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let state = "s".repeat(128);
    let none = ask(&party).with("prompt", "none").with("state", &state);
    let page = app.browser().authorize(&none).await;
    assert_eq!(page.error(), "login_required");
    assert_eq!(page.answered()["state"], state);
}

#[tokio::test]
async fn oidcc_prompt_none_logged_in() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let mut browser = app.browser();
    let first = claims_for(&app, &party, &mut browser, &ask(&party)).await;
    app.clock.advance(Duration::from_secs(5));
    let page = browser.authorize(&ask(&party).with("prompt", "none")).await;
    let tokens = app.exchange_plain(&party, &page.answered()["code"]).await;
    let second = app.id_token(&party, &tokens).await;
    for same in ["sub", "auth_time"] {
        assert_eq!(second[same], first[same], "{same}");
    }
}

#[tokio::test]
async fn oidcc_max_age_1() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let mut browser = app.browser();
    let first = claims_for(&app, &party, &mut browser, &ask(&party)).await;
    app.clock.advance(Duration::from_secs(2));
    let aged = ask(&party).with("max_age", "1");
    assert_eq!(
        browser
            .authorize(&aged.clone().with("prompt", "none"))
            .await
            .error(),
        "login_required"
    );
    assert!(browser.authorize(&aged).await.wants_sign_in());
    let second = claims_for(&app, &party, &mut browser, &aged).await;
    assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64());
    // Zero asks each time, and does not ask for ever.
    app.clock.advance(Duration::from_secs(2));
    let zero = ask(&party).with("max_age", "0");
    assert!(browser.authorize(&zero).await.wants_sign_in());
    claims_for(&app, &party, &mut browser, &zero).await;
}

#[tokio::test]
async fn oidcc_max_age_10000() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let mut browser = app.browser();
    let aged = ask(&party).with("max_age", "10000");
    let first = claims_for(&app, &party, &mut browser, &aged).await;
    app.clock.advance(Duration::from_secs(2));
    let page = browser.authorize(&aged).await;
    let tokens = app.exchange_plain(&party, &page.answered()["code"]).await;
    let second = app.id_token(&party, &tokens).await;
    assert!(first["auth_time"].is_i64());
    assert_eq!(second["auth_time"], first["auth_time"]);
}

#[tokio::test]
async fn oidcc_id_token_hint() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let mut browser = app.browser();
    let tokens = tokens_for(&app, &party, &mut browser, &ask(&party)).await;
    let hint = tokens.member("id_token");
    app.clock.advance(Duration::from_secs(7_200));
    let hinted = ask(&party)
        .with("prompt", "none")
        .with("id_token_hint", &hint);
    assert!(
        browser
            .authorize(&hinted)
            .await
            .answered()
            .contains_key("code")
    );
    // Somebody else is signed in.
    let mut eve = app.browser();
    eve.sign_in("eve@example.com").await;
    assert_eq!(eve.authorize(&hinted).await.error(), "login_required");
    assert!(
        eve.authorize(&hinted.without("prompt"))
            .await
            .wants_sign_in()
    );
}

/// oidcc-codereuse and oidcc-codereuse-30seconds.
#[tokio::test]
async fn oidcc_codereuse() {
    for later in [0, 30] {
        let app = TestApp::start().await;
        let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
        let code = walk(&mut app.browser(), &ask(&party)).await.answered()["code"].clone();
        let first = app.exchange_plain(&party, &code).await;
        app.clock.advance(Duration::from_secs(later));
        let second = app.exchange_plain(&party, &code).await;
        assert_eq!(
            (second.status, second.error().as_str()),
            (400, "invalid_grant")
        );
        assert!(!app.works(&first.member("access_token")).await);
    }
}

/// oidcc-ensure-registered-redirect-uri and oidcc-ensure-request-object-with-redirect-uri.
#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let wrong = ask(&party).with("redirect_uri", "https://app.example/callback/unregistered");
    assert!(app.browser().authorize(&wrong).await.is_error_page());
    let with_object = wrong.with("request", "eyJhbGciOiJub25lIn0.e30.");
    assert!(app.browser().authorize(&with_object).await.is_error_page());
}

#[tokio::test]
async fn oidcc_ensure_post_request_succeeds() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let mut browser = app.browser();
    // A client's own page sends it, from its own site.
    let cross = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://app.example"),
    ];
    let page = browser
        .post_with("/oauth2/authorize", ask(&party).fields(), &cross)
        .await;
    // Sent on with a GET, because a browser has left its cookies at home.
    assert_eq!(page.status, 303);
    let page = browser.get(page.location()).await;
    assert!(page.wants_sign_in());
    let url = url::Url::parse("http://x")
        .unwrap()
        .join(page.location())
        .unwrap();
    let return_to = url.query_pairs().next().unwrap().1.into_owned();
    let back = browser.sign_in_to(ADA, &return_to).await;
    let page = browser.get(back.location()).await;
    let answer = browser.decide(&page, "allow").await.answered();
    assert_eq!(
        app.exchange_plain(&party, &answer["code"]).await.status,
        200
    );
    let page = browser
        .post_with("/oauth2/authorize", ask(&party).fields(), &cross)
        .await;
    assert!(page.answered().contains_key("code"));
}

#[tokio::test]
async fn oidcc_server_client_secret_post() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretPost).await;
    let code = walk(&mut app.browser(), &ask(&party)).await.answered()["code"].clone();
    let secret = party.secret.as_ref().unwrap().reveal().to_owned();
    let parameters = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("client_id", party.client_id.as_str()),
        ("client_secret", secret.as_str()),
    ];
    let tokens = app.post_form("token", &parameters).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);
}

/// oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported and
/// oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported.
#[tokio::test]
async fn oidcc_request_objects_are_rejected_as_unsupported() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let mut browser = app.browser();
    let page = browser
        .authorize(&ask(&party).with("request_uri", "https://x.example/r"))
        .await;
    assert_eq!(page.error(), "request_uri_not_supported");
    let object = ask(&party)
        .without("state")
        .with("request", "eyJhbGciOiJub25lIn0.e30.");
    assert_eq!(
        browser.authorize(&object).await.error(),
        "request_not_supported"
    );
}

#[tokio::test]
async fn oidcc_refresh_token() {
    let app = TestApp::start().await;
    let one = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let two = suite_client(&app, AuthMethod::ClientSecretPost).await;
    let mut browser = app.browser();
    let consent = |party: &Party| {
        let scoped = ask(party).with("scope", "openid offline_access");
        scoped
            .with("prompt", "consent")
            .with("nonce", &"n".repeat(43))
    };
    let tokens = tokens_for(&app, &one, &mut browser, &consent(&one)).await;
    let before = app.id_token(&one, &tokens).await;
    app.clock.advance(Duration::from_secs(2));
    let text = tokens.member("refresh_token");
    let scoped = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text.as_str()),
        ("scope", "openid offline_access"),
    ];
    let fresh = app.post_as(&one, "token", &scoped).await;
    assert_eq!(fresh.status, 200, "{}", fresh.text);
    assert_ne!(fresh.member("access_token"), tokens.member("access_token"));
    let after = app.id_token(&one, &fresh).await;
    for same in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert!(after["iat"].as_i64() > before["iat"].as_i64());
    let code = walk(&mut browser, &consent(&two)).await.answered()["code"].clone();
    let secret = two.secret.as_ref().unwrap().reveal().to_owned();
    let parameters = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("client_id", two.client_id.as_str()),
        ("client_secret", secret.as_str()),
    ];
    let others = app.post_form("token", &parameters).await;
    let stolen = app.refresh(&one, &others.member("refresh_token")).await;
    assert_eq!(
        (stolen.status, stolen.error().as_str()),
        (400, "invalid_grant")
    );
}

#[tokio::test]
async fn oidcc_ensure_request_with_valid_pkce_succeeds() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let answer = walk(&mut app.browser(), &Ask::of(&party)).await.answered();
    assert_eq!(
        app.exchange_asked(&party, &answer["code"]).await.status,
        200
    );
}

#[tokio::test]
async fn oidcc_claims_essential() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let essential = r#"{"userinfo":{"name":{"essential":true}}}"#;
    let claims = claims_for(
        &app,
        &party,
        &mut app.browser(),
        &ask(&party).with("claims", essential),
    )
    .await;
    assert!(claims.get("name").is_none());
}

/// oidcc-formpost-basic: the same answers, as a form.
#[tokio::test]
async fn oidcc_formpost_server() {
    let app = TestApp::start().await;
    let party = suite_client(&app, AuthMethod::ClientSecretBasic).await;
    let mut browser = app.browser();
    let posted = ask(&party).with("response_mode", "form_post");
    let page = walk(&mut browser, &posted).await;
    let fields = page.form("answer");
    let code = fields
        .iter()
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .clone();
    assert_eq!(app.exchange_plain(&party, &code).await.status, 200);
    let page = browser
        .authorize(&posted.with("prompt", "none login"))
        .await;
    assert!(
        page.form("answer")
            .contains(&("error".to_owned(), "invalid_request".to_owned()))
    );
}
