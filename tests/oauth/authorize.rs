//! The authorization endpoint, with the abuse that it must survive (cases 7 to 28, 72, 75, 76).

use std::time::Duration;

use futures_util::future::join_all;
use tokenward::domain::{consents, users};
use tokenward::model::{AuthMethod, ClientStanding, GrantType};

use crate::flow::Ask;
use crate::support::{CALLBACK, TestApp};

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn somebody_allows_a_client_and_it_gets_tokens() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    let page = browser.authorize(&Ask::of(&party)).await;
    assert!(page.wants_sign_in());
    // Sign-in leads back to the request, and the request to the question.
    let return_to = url::Url::parse("http://x")
        .unwrap()
        .join(page.location())
        .unwrap();
    let return_to = return_to.query_pairs().next().unwrap().1.into_owned();
    let back = browser.sign_in_to(ADA, &return_to).await;
    let page = browser.get(back.location()).await;
    assert!(page.asks());
    // The client may have opened a window for this, and waits for it to come back.
    assert_eq!(page.headers["cross-origin-opener-policy"], "unsafe-none");
    for shown in [
        "Engine",
        "app.example",
        "See orders",
        "See your e-mail address",
        ADA,
    ] {
        assert!(page.text.contains(shown), "{shown}");
    }
    let answer = browser.decide(&page, "allow").await.answered();
    assert_eq!(answer["state"], "xyz");
    assert_eq!(answer["iss"], app.url);
    assert_eq!(answer.len(), 3);
    let tokens = app.exchange_asked(&party, &answer["code"]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    assert_eq!(tokens.json()["scope"], "email openid orders:read");
    let claims = app.id_token(&party, &tokens).await;
    assert_eq!(claims["email"], ADA);
    assert_eq!(claims["email_verified"], true);
    assert!(claims["sid"].is_string());
}

/// Abuse cases 14, 18, 19 and 20.
#[tokio::test]
async fn where_client_or_redirect_uri_are_not_certain_nobody_is_sent_anywhere() {
    let app = TestApp::start().await;
    let party = app.client("Engine").register().await;
    let two = app
        .client("Two")
        .redirect_uris(&[CALLBACK, "https://app.example/other"])
        .register()
        .await;
    let off = app.client("Off").register().await;
    let client = tokenward::domain::clients::find(&app.ctx, &off.client_id)
        .await
        .unwrap();
    tokenward::domain::clients::set_disabled(&app.ctx, &client, true)
        .await
        .unwrap();
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let ask = || Ask::of(&party);
    for wrong in [
        ask().without("client_id"),
        ask().with("client_id", ""),
        ask().with("client_id", "polar_ci_unknown"),
        Ask::of(&off),
        ask().with("redirect_uri", "https://evil.example/callback"),
        ask().with("redirect_uri", "https://app.example/callback/"),
        ask().with("redirect_uri", "https://app.example/Callback"),
        ask().with("redirect_uri", "https://app.example/callback?x=1"),
        ask().with("redirect_uri", "https://app.example/callback#x"),
        ask().with("redirect_uri", "https://app.example@evil.example/callback"),
        ask().with("redirect_uri", "javascript:alert(1)"),
        Ask::of(&two).without("redirect_uri"),
        ask().twice("redirect_uri", "https://evil.example/"),
        ask().twice("client_id", "other"),
        ask().twice("state", "other"),
        ask().twice("scope", "openid"),
        ask().twice("nonce", "1").twice("nonce", "2"),
    ] {
        let page = browser.authorize(&wrong).await;
        assert!(page.is_error_page(), "{wrong:?}: {}", page.status);
    }
    let only = browser.authorize(&ask().without("redirect_uri")).await;
    assert!(only.asks());
}

/// A request, and the error that the client hears.
type Wrong = (Ask, &'static str);

async fn the_client_hears(app: &TestApp, wrong: Vec<Wrong>) {
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    for (wrong, error) in wrong {
        let page = browser.authorize(&wrong).await;
        assert_eq!(page.error(), error, "{wrong:?}");
        let answer = page.answered();
        // Abuse case 23.
        let told = (answer["state"].as_str(), answer["iss"].as_str());
        assert_eq!(told, ("xyz", app.url.as_str()));
    }
}

/// Abuse cases 11, 12, 13 and 27.
#[tokio::test]
async fn what_is_wrong_with_the_flow_the_client_hears() {
    let app = TestApp::start().await;
    let party = app.client("Engine").register().await;
    let public = app.client("App").public().register().await;
    let machine = app
        .client("Machine")
        .grant_types(&[GrantType::ClientCredentials])
        .register()
        .await;
    let ask = || Ask::of(&party);
    let wrong = vec![
        (ask().without("response_type"), "invalid_request"),
        (
            ask().with("response_type", "token"),
            "unsupported_response_type",
        ),
        (
            ask().with("response_type", "id_token token"),
            "unsupported_response_type",
        ),
        (
            ask().with("response_type", "code token"),
            "unsupported_response_type",
        ),
        (ask().with("response_mode", "fragment"), "invalid_request"),
        (ask().plain(), "invalid_request"),
        (Ask::of(&public).plain(), "invalid_request"),
        (
            ask().with("code_challenge_method", "plain"),
            "invalid_request",
        ),
        (
            ask().with("code_challenge_method", "S512"),
            "invalid_request",
        ),
        (ask().without("code_challenge_method"), "invalid_request"),
        (ask().without("code_challenge"), "invalid_request"),
        (ask().with("code_challenge", "short"), "invalid_request"),
        (ask().with("request", "e30."), "request_not_supported"),
        (
            ask().with("request_uri", "https://a.example/r"),
            "request_uri_not_supported",
        ),
        (
            ask().with("registration", "{}"),
            "registration_not_supported",
        ),
        (Ask::of(&machine), "unauthorized_client"),
    ];
    the_client_hears(&app, wrong).await;
}

#[tokio::test]
async fn what_is_wrong_with_what_is_asked_the_client_hears() {
    let app = TestApp::start().await;
    let party = app
        .client("Engine")
        .scopes("openid orders:read")
        .register()
        .await;
    let ask = || Ask::of(&party).with("scope", "openid orders:read");
    let long = "n".repeat(2_000);
    let wrong = vec![
        (ask().with("scope", "openid orders:write"), "invalid_scope"),
        (ask().with("scope", "nothing:known"), "invalid_scope"),
        (ask().with("scope", "a\"b"), "invalid_scope"),
        (ask().with("prompt", "none login"), "invalid_request"),
        (ask().with("max_age", "-1"), "invalid_request"),
        (ask().with("max_age", "soon"), "invalid_request"),
        (ask().with("claims", "[]"), "invalid_request"),
        (ask().with("claims", "{"), "invalid_request"),
        (ask().with("nonce", &long), "invalid_request"),
        (ask().with("sub_type", "customer"), "invalid_request"),
        (ask().with("resource", "/relative"), "invalid_target"),
        (
            ask().with("resource", "https://a.example/#x"),
            "invalid_target",
        ),
        (ask().with("id_token_hint", "nonsense"), "invalid_request"),
    ];
    the_client_hears(&app, wrong).await;
}

/// Abuse cases 24 and 25, and long-state.
#[tokio::test]
async fn state_comes_back_byte_for_byte() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    browser.allow(&Ask::of(&party)).await;
    let long = "s".repeat(4_000);
    for state in [
        "%00",
        "a b+c&d=e",
        "\u{e9}\u{1f980}",
        "\"><script>",
        "\r\nX: y",
        &long,
    ] {
        let answer = browser
            .authorize(&Ask::of(&party).with("state", state))
            .await;
        assert_eq!(answer.answered()["state"], state);
        assert!(!answer.location().contains(['\r', '\n', '"', ' ']));
    }
    let answer = browser.authorize(&Ask::of(&party).without("state")).await;
    assert!(!answer.answered().contains_key("state"));
}

/// Abuse case 28.
#[tokio::test]
async fn an_answer_as_a_form_is_posted_by_the_page_itself() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let probe = "\"><script>alert(1)</script>";
    let ask = Ask::of(&party)
        .with("response_mode", "form_post")
        .with("state", probe);
    let page = browser.allow(&ask).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(&format!("action=\"{CALLBACK}\"")));
    assert!(!page.text.contains("<script>"), "{}", page.text);
    let fields = page.form("answer");
    let find = |name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    assert_eq!(find("state").as_deref(), Some(probe));
    assert_eq!(find("iss"), Some(app.url.clone()));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    let nonce = regex::Regex::new(r#"<script nonce="([^"]+)">"#).unwrap();
    let nonce = &nonce.captures(&page.text).unwrap()[1];
    assert!(
        policy.contains(&format!("script-src 'self' 'nonce-{nonce}'")),
        "{policy}"
    );
    assert!(policy.ends_with("form-action 'self' https:"), "{policy}");
    assert_eq!(page.headers["cache-control"], "no-store");
    let tokens = app.exchange_asked(&party, &find("code").unwrap()).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);

    // Refusals travel the same way.
    let page = browser.authorize(&ask.with("scope", "nothing")).await;
    let fields = page.form("answer");
    assert!(fields.contains(&("error".to_owned(), "invalid_scope".to_owned())));
}

#[tokio::test]
async fn whoever_says_no_is_heard() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let page = browser.authorize(&Ask::of(&party)).await;
    let answer = browser.decide(&page, "deny").await;
    assert_eq!(answer.error(), "access_denied");
    assert!(
        browser.authorize(&Ask::of(&party)).await.asks(),
        "nothing was remembered"
    );
}

#[tokio::test]
async fn consent_is_remembered_per_client_and_widened_only_by_asking() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let other = app.confidential("Other").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let ask = |scope: &str| Ask::of(&party).with("scope", scope);
    browser.allow(&ask("openid orders:read")).await;
    assert!(
        browser
            .authorize(&ask("openid orders:read"))
            .await
            .answered()
            .contains_key("code")
    );
    assert!(
        browser
            .authorize(&ask("openid"))
            .await
            .answered()
            .contains_key("code")
    );
    assert!(browser.authorize(&Ask::of(&other)).await.asks());
    let page = browser.authorize(&ask("openid orders:write")).await;
    assert!(page.asks() && page.text.contains("<span class=\"badge plain\">new</span>"));
    assert_eq!(
        browser
            .authorize(&ask("openid orders:write").with("prompt", "none"))
            .await
            .error(),
        "consent_required"
    );
    browser.decide(&page, "allow").await;
    let both = ask("openid orders:read orders:write");
    assert!(
        browser
            .authorize(&both)
            .await
            .answered()
            .contains_key("code")
    );
    assert!(
        browser
            .authorize(&both.with("prompt", "consent"))
            .await
            .asks()
    );
    // Nobody else has allowed anything.
    let mut eve = app.browser();
    eve.sign_in("eve@example.com").await;
    assert!(eve.authorize(&ask("openid")).await.asks());
}

/// Abuse case 75 (RFC 8252 8.6).
#[tokio::test]
async fn a_program_on_the_persons_own_device_is_always_asked_about() {
    let app = TestApp::start().await;
    let loopback = "http://127.0.0.1/callback";
    let custom = "com.example.app:/callback";
    let party = app
        .client("Editor")
        .public()
        .native()
        .redirect_uris(&[loopback, custom, CALLBACK])
        .register()
        .await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    for (uri, source) in [
        ("http://127.0.0.1:51234/callback", "http:"),
        (custom, "com.example.app:"),
    ] {
        let ask = Ask::of(&party).with("redirect_uri", uri);
        for _ in 0..2 {
            let page = browser.authorize(&ask).await;
            assert!(page.text.contains("Any program on this device"));
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(
                policy.ends_with(&format!("form-action 'self' {source}")),
                "{policy}"
            );
            let answer = browser.decide(&page, "allow").await;
            assert!(answer.location().starts_with(uri), "{}", answer.location());
        }
        let none = browser.authorize(&ask.with("prompt", "none")).await;
        assert!(none.location().contains("error=consent_required"));
    }
    // Its address on the web is its own, and what was allowed counts there.
    assert!(
        browser
            .authorize(&Ask::of(&party))
            .await
            .answered()
            .contains_key("code")
    );
}

#[tokio::test]
async fn nobody_is_asked_about_our_own_clients() {
    let app = TestApp::start().await;
    let standing = ClientStanding {
        first_party: true,
        ..ClientStanding::default()
    };
    let party = app.client("Front").standing(standing).register().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    for ask in [Ask::of(&party), Ask::of(&party).with("prompt", "none")] {
        assert!(
            browser
                .authorize(&ask)
                .await
                .answered()
                .contains_key("code")
        );
    }
}

#[tokio::test]
async fn tokens_for_an_organization_are_for_one_of_the_persons_own() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let foreign = app.cast("eve").await.organization;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let ask = Ask::of(&party).with("sub_type", "organization");
    let page = browser.authorize(&ask).await;
    assert!(page.text.contains("In which organization?"));
    assert!(page.text.contains("The ada company") && !page.text.contains("The eve company"));
    let choose = |id: String| {
        let mut fields = page.form("consent");
        fields.push(("action".to_owned(), "allow".to_owned()));
        fields.push(("organization".to_owned(), id));
        fields
    };
    let path = "/oauth2/authorize/consent";
    let stolen = browser.post(path, &choose(foreign.id.to_string())).await;
    assert_eq!(stolen.error(), "access_denied");
    let mut nothing = page.form("consent");
    nothing.push(("action".to_owned(), "allow".to_owned()));
    assert!(
        browser.post(path, &nothing).await.asks(),
        "it is asked again"
    );
    let good = browser
        .post(path, &choose(cast.organization.id.to_string()))
        .await;
    let tokens = app.exchange_asked(&party, &good.answered()["code"]).await;
    let key = app.service_key("tokens:introspect").await;
    let told = app
        .introspect(&key.token, &tokens.member("access_token"))
        .await;
    assert_eq!(
        told["organizations"],
        serde_json::json!([cast.organization.id.to_string()])
    );
    assert_eq!(told["sub"], cast.user.id.to_string());
    // One organization was allowed, so it need not be chosen again.
    assert!(
        browser
            .authorize(&ask)
            .await
            .answered()
            .contains_key("code")
    );
    app.database
        .execute("DELETE FROM organization_members")
        .await;
    assert!(!app.works(&tokens.member("access_token")).await);
    assert_eq!(browser.authorize(&ask).await.error(), "access_denied");
}

/// Abuse case 37, and "withdrawn consent kills the family".
#[tokio::test]
async fn taking_it_back_kills_every_token() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let mut held = Vec::new();
    held.push(browser.allow(&Ask::of(&party)).await);
    held.push(browser.authorize(&Ask::of(&party)).await);
    let mut tokens = Vec::new();
    for answer in &held {
        tokens.push(app.exchange_asked(&party, &answer.answered()["code"]).await);
    }
    let unused = browser.authorize(&Ask::of(&party)).await.answered()["code"].clone();
    let page = browser.get("/settings/applications").await;
    assert!(page.text.contains("Engine") && page.text.contains("See orders"));
    let fields = page.form_to("/settings/applications/withdraw");
    let back = browser
        .post("/settings/applications/withdraw", &fields)
        .await;
    assert_eq!(
        (back.status, back.location()),
        (303, "/settings/applications")
    );
    for tokens in &tokens {
        assert!(!app.works(&tokens.member("access_token")).await);
        let refused = app.refresh(&party, &tokens.member("refresh_token")).await;
        assert_eq!(refused.error(), "invalid_grant");
    }
    assert_eq!(
        app.exchange_asked(&party, &unused).await.error(),
        "invalid_grant"
    );
    assert!(browser.authorize(&Ask::of(&party)).await.asks());
    assert!(
        !browser
            .get("/settings/applications")
            .await
            .markup()
            .contains("Engine")
    );
}

#[tokio::test]
async fn nothing_that_is_minted_while_consent_is_withdrawn_survives() {
    for _ in 0..5 {
        let app = TestApp::start().await;
        let party = app.confidential("Engine").await;
        let mut browser = app.browser();
        browser.sign_in(ADA).await;
        browser.allow(&Ask::of(&party)).await;
        let user = users::find(&app.ctx, &ADA.parse().unwrap()).await.unwrap();
        let ask = Ask::of(&party);
        let asking = join_all((0..6).map(|_| {
            let mut again = app.browser();
            again.cookies = browser.cookies.clone();
            let ask = ask.clone();
            async move { again.authorize(&ask).await }
        }));
        let withdrawing = consents::withdraw(&app.ctx, user.id, &party.client_id);
        let (answers, withdrawn) = tokio::join!(asking, withdrawing);
        withdrawn.unwrap();
        for answer in answers.iter().filter(|answer| answer.status == 303) {
            let code = answer.answered()["code"].clone();
            assert_eq!(
                app.exchange_asked(&party, &code).await.error(),
                "invalid_grant"
            );
        }
        let live =
            app.number("SELECT count(*) FROM usable_tokens WHERE kind = 'authorization_code'");
        assert_eq!(live.await, 0);
    }
}

#[tokio::test]
async fn a_question_that_is_answered_late_is_asked_anew() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let page = browser.authorize(&Ask::of(&party)).await;
    // Signed out in another tab: the form is not of this browser's session any more.
    let sessions = browser.get("/settings/sessions").await;
    browser.post("/logout", &sessions.form_to("/logout")).await;
    let mut fields = page.form("consent");
    fields.push(("action".to_owned(), "allow".to_owned()));
    assert_eq!(
        browser
            .post("/oauth2/authorize/consent", &fields)
            .await
            .status,
        403
    );
    // Switched off meanwhile: nothing is granted.
    browser.sign_in(ADA).await;
    let page = browser.authorize(&Ask::of(&party)).await;
    let client = tokenward::domain::clients::find(&app.ctx, &party.client_id)
        .await
        .unwrap();
    tokenward::domain::clients::set_disabled(&app.ctx, &client, true)
        .await
        .unwrap();
    let mut fields = page.form("consent");
    fields.push(("action".to_owned(), "allow".to_owned()));
    assert!(
        browser
            .post("/oauth2/authorize/consent", &fields)
            .await
            .is_error_page()
    );
}

/// A client could change what these mean while the person reads.
#[tokio::test]
async fn a_page_of_the_same_origin_says_what_was_allowed() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let allow = [("action".to_owned(), "allow".to_owned())];
    for vague in ["scope", "redirect_uri"] {
        let path = Ask::of(&party).without(vague).path();
        let query = path.split_once('?').unwrap().1;
        let vague = format!("/v1/oauth2/consent?{query}");
        assert_eq!(browser.post(&vague, &allow).await.status, 400);
    }
}

/// Polar's own consent page.
#[tokio::test]
async fn a_page_of_the_same_origin_may_ask_instead() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    let path = Ask::of(&party).with("sub_type", "organization").path();
    let query = path.split_once('?').unwrap().1.to_owned();
    let question = format!("/v1/oauth2/authorize?{query}");
    assert_eq!(browser.get(&question).await.status, 401);
    browser.sign_in(ADA).await;
    let page = browser.get(&question).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let asked: serde_json::Value = serde_json::from_str(&page.text).unwrap();
    assert_eq!(asked["client"]["client_name"], "Engine");
    assert!(
        asked["client"]
            .as_object()
            .unwrap()
            .contains_key("modified_at")
    );
    assert_eq!(asked["sub"]["email"], ADA);
    assert_eq!(asked["sub_type"], "user");
    assert_eq!(asked["requires_single_organization"], true);
    assert_eq!(asked["organizations"][0]["name"], "The ada company");
    assert_eq!(asked["scope_display_names"]["orders:read"], "See orders");

    let say = |action: &str| {
        vec![
            ("action".to_owned(), action.to_owned()),
            ("organizations".to_owned(), cast.organization.id.to_string()),
        ]
    };
    let consent = format!("/v1/oauth2/consent?{query}");
    let cross = [("sec-fetch-site", "cross-site")];
    assert_eq!(
        browser
            .post_with(&consent, &say("allow"), &cross)
            .await
            .status,
        403
    );
    assert_eq!(
        app.browser().post(&consent, &say("allow")).await.status,
        401
    );
    assert_eq!(browser.post(&consent, &say("perhaps")).await.status, 400);
    assert_eq!(
        browser.post(&consent, &say("deny")).await.error(),
        "access_denied"
    );
    let answer = browser.post(&consent, &say("allow")).await.answered();
    assert_eq!(
        app.exchange_asked(&party, &answer["code"]).await.status,
        200
    );
    assert!(browser.get(&question).await.answered().contains_key("code"));
    let wrong = question.replace("app.example", "evil.example");
    assert_eq!(browser.get(&wrong).await.status, 400);
}

/// Abuse case 71.
#[tokio::test]
async fn consent_cannot_be_given_by_another_site() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let page = browser.authorize(&Ask::of(&party)).await;
    let mut fields = page.form("consent");
    fields.push(("action".to_owned(), "allow".to_owned()));
    let cross = [("sec-fetch-site", "cross-site")];
    let path = "/oauth2/authorize/consent";
    assert_eq!(browser.post_with(path, &fields, &cross).await.status, 403);
    let forged: Vec<_> = fields
        .iter()
        .filter(|(name, _)| name != "csrf")
        .cloned()
        .collect();
    assert_eq!(browser.post(path, &forged).await.status, 403);
    assert_eq!(app.number("SELECT count(*) FROM grants").await, 0);
    // What comes back in the form is read as strictly as a request.
    let mut evil = fields.clone();
    for (name, value) in &mut evil {
        if name == "request" {
            *value = value.replace("app.example", "evil.example");
        }
    }
    assert!(browser.post(path, &evil).await.is_error_page());
}

#[tokio::test]
async fn names_and_links_of_clients_do_no_harm() {
    let app = TestApp::start().await;
    let evil = "<img src=x onerror=alert(1)>\"'";
    let party = app
        .client(evil)
        .metadata(|metadata| {
            metadata.client_uri = Some("javascript:alert(1)".to_owned());
            metadata.policy_uri = Some("https://app.example/privacy\"><script>".to_owned());
        })
        .register()
        .await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let page = browser.authorize(&Ask::of(&party)).await;
    assert!(page.asks());
    for harm in ["<img", "javascript:", "<script"] {
        assert!(!page.markup().contains(harm), "{harm}: {}", page.text);
    }
    browser.decide(&page, "allow").await;
    assert!(
        !browser
            .get("/settings/applications")
            .await
            .markup()
            .contains("<img")
    );
}

#[tokio::test]
async fn a_confidential_client_may_do_without_a_challenge_and_a_public_one_never() {
    let app = TestApp::start().await;
    let standing = ClientStanding {
        require_pkce: false,
        ..ClientStanding::default()
    };
    let party = app.client("Old").standing(standing).register().await;
    let public = app
        .client("App")
        .auth_method(AuthMethod::None)
        .standing(standing)
        .register()
        .await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let answer = browser.allow(&Ask::of(&party).plain()).await.answered();
    assert_eq!(
        app.exchange_plain(&party, &answer["code"]).await.status,
        200
    );
    assert_eq!(
        browser.authorize(&Ask::of(&public).plain()).await.error(),
        "invalid_request"
    );
    // A challenge that is sent counts all the same.
    let answer = browser.authorize(&Ask::of(&party)).await.answered();
    assert_eq!(
        app.exchange_plain(&party, &answer["code"]).await.error(),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_mark_cannot_be_forged_to_get_around_signing_in_again() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    browser.allow(&Ask::of(&party)).await;
    app.clock.advance(Duration::from_secs(10));
    let ask = Ask::of(&party).with("prompt", "login");
    assert!(browser.authorize(&ask).await.wants_sign_in());
    for forged in ["0", "0.00", "1.abc", "9999999999999.0", ""] {
        let page = browser
            .authorize(&ask.clone().with("signed_in_since", forged))
            .await;
        assert!(page.wants_sign_in(), "{forged}");
    }
}
