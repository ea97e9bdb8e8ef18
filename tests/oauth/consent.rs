//! Consent means what the person saw, and is asked for whenever it has to be.

use std::time::Duration;

use futures_util::future::join_all;
use tokenward::domain::{consents, users};
use tokenward::model::ClientStanding;

use crate::browser::{Browser, PageAnswer};
use crate::flow::Ask;
use crate::support::{CALLBACK, TestApp};

const ADA: &str = "ada@example.com";

/// What the sign-in page leads back to.
fn return_to(page: &PageAnswer) -> String {
    let base = url::Url::parse("http://x").unwrap();
    let url = base.join(page.location()).unwrap();
    url.query_pairs().next().unwrap().1.into_owned()
}

/// Signs in as `email` because of this request, and comes back to it.
async fn sign_in_for(browser: &mut Browser<'_>, ask: &Ask, email: &str) -> PageAnswer {
    let page = browser.authorize(ask).await;
    assert!(page.wants_sign_in(), "{} {}", page.status, page.text);
    let back = browser.sign_in_to(email, &return_to(&page)).await;
    browser.get(back.location()).await
}

/// Clients that manage their own registration could otherwise widen what a person is looking at.
#[tokio::test]
async fn what_the_client_changed_since_the_page_was_shown_is_shown_first() {
    let app = TestApp::start().await;
    for (narrow, change) in [
        (
            "scope",
            "json_set(metadata, '$.scope', 'openid email orders:read orders:write')",
        ),
        (
            "redirect_uri",
            "json_set(metadata, '$.redirect_uris[0]', 'https://evil.example/cb')",
        ),
        ("state", "json_set(metadata, '$.client_name', 'Your bank')"),
    ] {
        let party = app.client("Engine").scopes("openid").register().await;
        let mut browser = app.browser();
        browser.sign_in(ADA).await;
        let ask = Ask::of(&party).with("scope", "openid").without(narrow);
        let page = browser.authorize(&ask).await;
        assert!(page.asks());
        let change = match crate::support::is_postgres() {
            false => change.to_owned(),
            true => change
                .replace(
                    "json_set(metadata, '$.scope', '",
                    "jsonb_set(metadata::jsonb, '{scope}', '\"",
                )
                .replace(
                    "json_set(metadata, '$.redirect_uris[0]', '",
                    "jsonb_set(metadata::jsonb, '{redirect_uris,0}', '\"",
                )
                .replace(
                    "json_set(metadata, '$.client_name', '",
                    "jsonb_set(metadata::jsonb, '{client_name}', '\"",
                )
                .replace("')", "\"')::text"),
        };
        app.database
            .execute(&format!(
                "UPDATE clients SET metadata = {change} WHERE client_id = '{}'",
                party.client_id
            ))
            .await;
        let again = browser.decide(&page, "allow").await;
        assert!(again.asks(), "{narrow}: {} {}", again.status, again.text);
        assert_eq!(
            app.number("SELECT count(*) FROM grants").await,
            0,
            "{narrow}"
        );
        // What is shown now can be allowed.
        let answer = browser.decide(&again, "allow").await;
        assert!(answer.location().contains("code="), "{narrow}");
        app.database
            .execute("DELETE FROM tokens WHERE grant_id IS NOT NULL")
            .await;
        app.database.execute("DELETE FROM grants").await;
    }
}

/// RFC 8252 8.6 knows no exception.
#[tokio::test]
async fn a_program_of_ours_on_the_persons_own_device_is_asked_about_as_well() {
    let app = TestApp::start().await;
    let standing = ClientStanding {
        first_party: true,
        ..ClientStanding::default()
    };
    let loopback = "http://127.0.0.1/callback";
    let custom = "com.example.app:/callback";
    let party = app
        .client("Our editor")
        .public()
        .native()
        .standing(standing)
        .redirect_uris(&[loopback, custom, CALLBACK])
        .register()
        .await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    for uri in ["http://127.0.0.1:51234/callback", custom] {
        let ask = Ask::of(&party).with("redirect_uri", uri);
        for _ in 0..2 {
            let page = browser.authorize(&ask).await;
            let answer = browser.decide(&page, "allow").await;
            assert!(answer.location().starts_with(uri));
        }
        let none = browser.authorize(&ask.with("prompt", "none")).await;
        assert!(none.location().contains("error=consent_required"));
    }
    let answer = browser.authorize(&Ask::of(&party)).await.answered();
    assert!(answer.contains_key("code"));
}

#[tokio::test]
async fn whoever_wants_the_question_asked_gets_it_asked_of_our_own_clients_too() {
    let app = TestApp::start().await;
    let standing = ClientStanding {
        first_party: true,
        ..ClientStanding::default()
    };
    let party = app.client("Front").standing(standing).register().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let ask = Ask::of(&party).with("prompt", "consent");
    for _ in 0..2 {
        let answer = browser.allow(&ask).await.answered();
        assert!(answer.contains_key("code"));
    }
}

/// OpenID Connect Core 3.1.2.1: when somebody else signed in, the client must be told.
#[tokio::test]
async fn whoever_signs_in_as_somebody_else_than_expected_is_not_asked_for_ever() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let answer = browser.allow(&Ask::of(&party)).await.answered();
    let tokens = app.exchange_asked(&party, &answer["code"]).await;
    let hint = tokens.member("id_token");
    let sub = app.id_token(&party, &tokens).await["sub"]
        .as_str()
        .unwrap()
        .to_owned();
    let claims = format!(r#"{{"id_token":{{"sub":{{"value":"{sub}"}}}}}}"#);
    for ask in [
        Ask::of(&party).with("id_token_hint", &hint),
        Ask::of(&party).with("claims", &claims),
    ] {
        let mut other = app.browser();
        let page = sign_in_for(&mut other, &ask, "eve@example.com").await;
        assert_eq!(page.error(), "login_required");
        let page = sign_in_for(&mut app.browser(), &ask, ADA).await;
        assert!(page.answered().contains_key("code"));
    }
    // Both say who: both must be true (OpenID Connect Core 5.5.1).
    let nobody = claims.replace(&sub, "01900000-0000-7000-8000-000000000000");
    let both = Ask::of(&party)
        .with("id_token_hint", &hint)
        .with("claims", &nobody)
        .with("prompt", "none");
    assert_eq!(browser.authorize(&both).await.error(), "login_required");
}

/// The way back of one request opens no other one.
#[tokio::test]
async fn signing_in_again_counts_for_the_request_that_demanded_it() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    // Anybody gets a mark by asking before they sign in.
    let first = Ask::of(&party).with("state", "first");
    let page = browser.authorize(&first).await;
    let back = return_to(&page);
    let query = back.split_once('?').unwrap().1;
    let mark = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "signed_in_since")
        .unwrap()
        .1
        .into_owned();
    browser.sign_in_to(ADA, &back).await;
    browser.allow(&first).await;
    for (name, value) in [("prompt", "login"), ("max_age", "60")] {
        app.clock.advance(Duration::from_secs(600));
        let strict = first.clone().with("state", "second").with(name, value);
        let skipped = strict.clone().with("signed_in_since", &mark);
        assert!(browser.authorize(&skipped).await.wants_sign_in(), "{name}");
        // Honestly it works, once.
        let done = sign_in_for(&mut browser, &strict, ADA).await;
        assert!(done.answered().contains_key("code"));
    }
}

#[tokio::test]
async fn an_age_of_zero_asks_in_the_same_millisecond_too() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let ask = Ask::of(&party).with("max_age", "0");
    assert!(browser.authorize(&ask).await.wants_sign_in());
    assert!(sign_in_for(&mut browser, &ask, ADA).await.asks());
}

/// A browser leaves our cookies at home when a page of another site posts (SameSite=Lax).
#[tokio::test]
async fn a_request_that_another_site_posts_finds_who_is_signed_in() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    browser.allow(&Ask::of(&party)).await;
    let cross = [("sec-fetch-site", "cross-site")];
    let none = Ask::of(&party).with("prompt", "none");
    let mut without_cookies = app.browser();
    let page = without_cookies
        .post_with("/oauth2/authorize", none.fields(), &cross)
        .await;
    assert_eq!(page.status, 303);
    let answer = browser.get(page.location()).await.answered();
    assert!(answer.contains_key("code"), "{answer:?}");
    // Whoever is not signed in is asked to, and does not go in circles.
    let page = without_cookies.get(page.location()).await;
    assert_eq!(page.error(), "login_required");
    // What is wrong with it is said at once.
    let evil = none.with("redirect_uri", "https://evil.example/");
    let page = without_cookies
        .post_with("/oauth2/authorize", evil.fields(), &cross)
        .await;
    assert!(page.is_error_page());
}

/// What can be kept in no database is refused before one is asked.
#[tokio::test]
async fn characters_that_are_none_are_refused() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let ask = Ask::of(&party);
    let page = browser
        .authorize(&ask.clone().with("client_id", "a\0b"))
        .await;
    assert!(page.is_error_page(), "{}", page.status);
    let page = browser.authorize(&ask.clone().with("nonce", "a\0b")).await;
    assert_eq!(page.error(), "invalid_request");
    // What is not UTF-8 could not be sent back byte for byte.
    let path = ask.without("state").path();
    let page = browser.get(&format!("{path}&state=%FF")).await;
    assert!(page.is_error_page(), "{}", page.status);
}

#[tokio::test]
async fn a_blocked_organization_is_not_offered_and_cannot_be_chosen() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let ask = Ask::of(&party).with("sub_type", "organization");
    let page = browser.authorize(&ask).await;
    let mut fields = page.form("consent");
    fields.push(("action".to_owned(), "allow".to_owned()));
    fields.push(("organization".to_owned(), cast.organization.id.to_string()));
    let before = app.number("SELECT count(*) FROM grants").await;
    app.database
        .execute("UPDATE organizations SET blocked_at = 1")
        .await;
    let refused = browser.post("/oauth2/authorize/consent", &fields).await;
    assert_eq!(refused.error(), "access_denied");
    assert_eq!(browser.authorize(&ask).await.error(), "access_denied");
    assert_eq!(app.number("SELECT count(*) FROM grants").await, before);
}

/// Whatever lives is listed, so that it can be taken back.
#[tokio::test]
async fn nothing_lives_that_is_not_listed() {
    for _ in 0..5 {
        let app = TestApp::start().await;
        let party = app.confidential("Engine").await;
        let mut browser = app.browser();
        browser.sign_in(ADA).await;
        browser.allow(&Ask::of(&party)).await;
        let user = users::find(&app.ctx, &ADA.parse().unwrap()).await.unwrap();
        let page = browser
            .authorize(&Ask::of(&party).with("prompt", "consent"))
            .await;
        let allowing = join_all((0..6).map(|_| {
            let mut again = app.browser();
            again.cookies = browser.cookies.clone();
            let page = &page;
            async move { again.decide(page, "allow").await }
        }));
        let withdrawing = async {
            for _ in 0..6 {
                let _ = consents::withdraw(&app.ctx, user.id, &party.client_id).await;
            }
        };
        let (answers, ()) = tokio::join!(allowing, withdrawing);
        for answer in answers {
            assert!(answer.answered().contains_key("code"));
        }
        let hidden = "SELECT count(*) FROM grants AS g
             WHERE g.revoked_at IS NULL
                 AND NOT EXISTS (
                     SELECT 1 FROM consents AS k
                     WHERE k.user_id = g.user_id AND k.client_id = g.client_id
                 )";
        assert_eq!(app.number(hidden).await, 0);
    }
}

/// Two at once widen together.
#[tokio::test]
async fn two_answers_at_once_are_both_remembered() {
    for _ in 0..5 {
        let app = TestApp::start().await;
        let party = app.confidential("Engine").await;
        let mut browser = app.browser();
        browser.sign_in(ADA).await;
        let scopes = ["openid", "email", "orders:read", "orders:write"];
        let mut pages = Vec::new();
        for scope in scopes {
            pages.push(
                browser
                    .authorize(&Ask::of(&party).with("scope", scope))
                    .await,
            );
        }
        let answers = join_all(pages.iter().map(|page| {
            let mut again = app.browser();
            again.cookies = browser.cookies.clone();
            async move { again.decide(page, "allow").await }
        }));
        for answer in answers.await {
            assert!(answer.answered().contains_key("code"));
        }
        let all = Ask::of(&party).with("scope", &scopes.join(" "));
        let answer = browser.authorize(&all.with("prompt", "none")).await;
        assert!(answer.answered().contains_key("code"));
    }
}

/// A logo is shown where it cannot mislead or count anybody.
#[tokio::test]
async fn a_logo_is_shown_only_from_the_host_that_the_page_names() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    for (logo, shown) in [
        ("https://app.example/logo.png", true),
        ("https://app.example:8443/logo.png?a=1&b=2", true),
        ("http://app.example/logo.png", false),
        ("https://bank.example/logo.png", false),
        ("https://app.example;script-src *;/logo.png", false),
        ("https://app.example@bank.example/logo.png", false),
        ("javascript:alert(1)", false),
        ("data:image/svg+xml,<svg onload=alert(1)>", false),
        ("\"><script>alert(1)</script>", false),
    ] {
        let client = app.client("Engine");
        let client = client.metadata(|metadata| metadata.logo_uri = Some(logo.to_owned()));
        let party = client.register().await;
        let page = browser.authorize(&Ask::of(&party)).await;
        assert!(page.asks());
        assert_eq!(page.text.contains("id=\"consent-logo\""), shown, "{logo}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        let images = policy.contains("img-src 'self' https://app.example");
        assert_eq!(images, shown, "{logo}: {policy}");
        for harm in ["script-src *", "<script", "<svg", "javascript:"] {
            assert!(
                !policy.contains(harm) && !page.markup().contains(harm),
                "{logo}"
            );
        }
    }
}
