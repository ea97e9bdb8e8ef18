//! What is deleted of codes, tokens and sessions that ended long ago takes no protection away.

use std::time::Duration;

use tokenward::domain::retention::{self, Ended};
use tokenward::domain::usage;
use tokenward::model::{PlainToken, TokenKind};

use crate::desk::{Answer, Party};
use crate::flow::Ask;
use crate::registration::minimal;
use crate::support::{AtOnce, TestApp, report};

const DAY: Duration = Duration::from_secs(86_400);
const ADA: &str = "ada@example.com";
const COOKIE: &str = "tokenward_session";

/// Deletes what is over, and tells how many rows of each kind that were.
async fn prune(app: &TestApp) -> Vec<(&'static str, u64)> {
    let mut all = Vec::new();
    for what in Ended::ALL {
        let pruned = retention::prune(&app.ctx, what, &AtOnce).await.unwrap();
        all.push((what.name(), pruned.rows));
        all.push(("grants", pruned.grants));
    }
    all.retain(|(_, rows)| *rows > 0);
    all
}

/// A client with a pair of tokens that was refreshed every ten days, so often; the code, and every
/// pair there was.
async fn refreshed(app: &TestApp, times: usize) -> (Party, PlainToken, Vec<Answer>) {
    let ada = app.user(ADA).await;
    let party = app.confidential("Engine").await;
    let code = app.plain_code(&party, &ada).await;
    let mut pairs = vec![app.exchange(&party, &code).await];
    for _ in 0..times {
        app.clock.advance(DAY * 10);
        let last = pairs.last().unwrap().member("refresh_token");
        let next = app.refresh(&party, &last).await;
        assert_eq!(next.status, 200, "{}", next.text);
        pairs.push(next);
    }
    (party, code, pairs)
}

async fn tokens_of(app: &TestApp, kind: TokenKind) -> i64 {
    let count = format!("SELECT count(*) FROM tokens WHERE kind = '{kind}'");
    app.number(&count).await
}

#[tokio::test]
async fn a_refresh_token_of_long_ago_still_ends_the_family_when_it_comes_again() {
    let app = TestApp::start().await;
    let (party, _, pairs) = refreshed(&app, 7).await;
    // The code, four access tokens and a refresh token expired more than thirty days ago.
    prune(&app).await;
    assert_eq!(app.number("SELECT count(*) FROM spent_tokens").await, 6);
    let latest = pairs.last().unwrap();
    assert!(app.works(&latest.member("access_token")).await);

    let replay = app.refresh(&party, &pairs[0].member("refresh_token")).await;

    assert_eq!(replay.error(), "invalid_grant");
    assert!(!app.works(&latest.member("access_token")).await);
    let refused = app.refresh(&party, &latest.member("refresh_token")).await;
    assert_eq!(refused.error(), "invalid_grant");
    let exposures = app.rows("SELECT origin, state_before FROM exposures").await;
    assert_eq!(exposures, [["replay", "revoked"]]);
    assert_eq!(app.read_mail().await.len(), 1);
}

#[tokio::test]
async fn a_code_of_long_ago_still_ends_the_family_when_it_comes_again() {
    let app = TestApp::start().await;
    let (party, code, pairs) = refreshed(&app, 5).await;
    prune(&app).await;
    assert_eq!(tokens_of(&app, TokenKind::AuthorizationCode).await, 0);

    let replay = app.exchange(&party, &code).await;

    assert_eq!(replay.error(), "invalid_grant");
    let latest = pairs.last().unwrap();
    assert!(!app.works(&latest.member("access_token")).await);
    let usable = "SELECT count(*) FROM usable_tokens WHERE kind <> 'client_secret'
        AND kind <> 'service_key'";
    assert_eq!(app.number(usable).await, 0);
}

/// What was used decides whether a replay is a lost answer or a thief (decision 10).
#[tokio::test]
async fn what_decides_over_a_replay_is_kept_while_there_is_something_to_decide() {
    for used in [false, true] {
        let builder = TestApp::builder().settings("[retention]\ntokens = '1d'");
        let app = builder.start().await;
        let (party, _, pairs) = refreshed(&app, 1).await;
        let second = &pairs[1];
        if used {
            assert!(app.works(&second.member("access_token")).await);
            usage::flush(&app.ctx).await.unwrap();
        }
        app.clock.advance(DAY * 12);
        prune(&app).await;

        let replay = app.refresh(&party, &pairs[0].member("refresh_token")).await;

        let status = if used { 400 } else { 200 };
        assert_eq!(replay.status, status, "used: {used}; {}", replay.text);
        let refused = app.refresh(&party, &second.member("refresh_token")).await;
        assert_eq!(refused.status, status, "{}", refused.text);
    }
}

#[tokio::test]
async fn an_access_token_of_long_ago_that_leaks_still_takes_its_family_along() {
    let app = TestApp::start().await;
    let (_, _, pairs) = refreshed(&app, 5).await;
    let leaked = PlainToken::new(pairs[0].member("access_token"));
    prune(&app).await;
    let kept = format!(
        "SELECT count(*) FROM tokens WHERE hint = '{}' AND kind = 'access_token'",
        leaked.hint()
    );
    assert_eq!(app.number(&kept).await, 0);

    let answer = app.github().report(&[report(&leaked)]).await;

    assert_eq!(answer.labels(), ["true_positive"]);
    let latest = pairs.last().unwrap().member("access_token");
    assert!(!app.works(&latest).await);
    let mail = app.read_mail().await;
    assert_eq!((mail.len(), mail[0].to.as_str()), (1, ADA));
    assert!(mail[0].text.contains(&leaked.hint()), "{}", mail[0].text);
    // It leaked: all of it stays from now on.
    app.clock.advance(DAY * 1_000);
    prune(&app).await;
    assert_eq!(app.number(&kept).await, 1);
    app.github().report(&[report(&leaked)]).await;
    assert_eq!(app.read_mail().await.len(), 1);
}

#[tokio::test]
async fn of_a_family_that_is_over_only_a_few_facts_stay() {
    let at_once = "[mail]\ndigest_every = \"\"";
    let app = TestApp::builder().settings(at_once).start().await;
    let (party, code, pairs) = refreshed(&app, 2).await;
    app.clock.advance(DAY * 61);
    let pruned = prune(&app).await;
    for expected in [
        ("access_token", 3),
        ("refresh_token", 3),
        ("authorization_code", 1),
        ("grants", 1),
    ] {
        assert!(pruned.contains(&expected), "{expected:?} in {pruned:?}");
    }
    assert_eq!(app.number("SELECT count(*) FROM grants").await, 0);
    let kinds = "SELECT kind FROM spent_tokens GROUP BY kind ORDER BY kind";
    let kinds = app.rows(kinds).await.concat();
    assert_eq!(
        kinds,
        ["access_token", "authorization_code", "refresh_token"]
    );

    for pair in &pairs {
        let refused = app.refresh(&party, &pair.member("refresh_token")).await;
        assert_eq!(refused.error(), "invalid_grant");
        let given_back = pair.member("refresh_token");
        let parameters = [("token", given_back.as_str())];
        assert_eq!(app.post_as(&party, "revoke", &parameters).await.status, 200);
    }
    assert_eq!(app.exchange(&party, &code).await.error(), "invalid_grant");
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 0);
    let leaked = [report(&code), report(&app.never_issued())];
    let labels = app.github().report(&leaked).await.labels();
    assert_eq!(labels, ["true_positive", "false_positive"]);
    assert_eq!(app.read_mail().await[0].to, ADA);
}

#[tokio::test]
async fn giving_back_a_refresh_token_of_long_ago_ends_its_family() {
    let app = TestApp::start().await;
    let (party, _, pairs) = refreshed(&app, 7).await;
    prune(&app).await;
    let first = pairs[0].member("refresh_token");
    let answer = app.post_as(&party, "revoke", &[("token", &first)]).await;
    assert_eq!(answer.status, 200);
    let latest = pairs.last().unwrap().member("access_token");
    assert!(!app.works(&latest).await);
}

/// Somebody signs in, allows a client something that is refreshed for long after the session ended.
#[tokio::test]
async fn a_session_of_long_ago_that_leaks_still_ends_what_was_granted_in_it() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let answer = browser.allow(&Ask::of(&party)).await.answered();
    let mut pair = app.exchange_asked(&party, &answer["code"]).await;
    let session = PlainToken::new(browser.cookies[COOKIE].clone());
    for _ in 0..7 {
        app.clock.advance(DAY * 10);
        pair = app.refresh(&party, &pair.member("refresh_token")).await;
        prune(&app).await;
    }
    // Of the session, nothing that is personal.
    let details = "SELECT count(*) FROM sessions WHERE address IS NOT NULL";
    assert_eq!(app.number(details).await, 0);
    assert_eq!(tokens_of(&app, TokenKind::UserSessionToken).await, 1);

    let answer = app.github().report(&[report(&session)]).await;

    assert_eq!(answer.labels(), ["true_positive"]);
    assert!(!app.works(&pair.member("access_token")).await);
}

#[tokio::test]
async fn a_session_goes_with_the_last_that_was_granted_in_it() {
    let app = TestApp::start().await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let answer = browser.allow(&Ask::of(&party)).await.answered();
    app.exchange_asked(&party, &answer["code"]).await;
    let session = PlainToken::new(browser.cookies[COOKIE].clone());
    app.clock.advance(DAY * 120);
    // What is still needed is looked at again a week later.
    for _ in 0..2 {
        prune(&app).await;
        app.clock.advance(DAY * 8);
    }
    for table in ["sessions", "grants"] {
        let left = format!("SELECT count(*) FROM {table}");
        assert_eq!(app.number(&left).await, 0, "{table}");
    }
    assert_eq!(tokens_of(&app, TokenKind::UserSessionToken).await, 0);

    let mut again = app.browser();
    again.sign_in(ADA).await;
    let labels = app.github().report(&[report(&session)]).await.labels();
    assert_eq!(labels, ["true_positive"]);
    assert_eq!(again.get("/settings/sessions").await.status, 303);
}

/// A client that got nothing but an ID token wants to hear of the logout all the same.
#[tokio::test]
async fn a_grant_stays_as_long_as_its_session_may_end() {
    let app = TestApp::builder()
        .settings("[retention]\ntokens = '2d'")
        .start()
        .await;
    let party = app.confidential("Engine").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    let code = browser.allow(&Ask::of(&party)).await.answered()["code"].clone();
    drop(code);
    app.clock.advance(DAY * 20);
    prune(&app).await;
    assert_eq!(tokens_of(&app, TokenKind::AuthorizationCode).await, 0);
    assert_eq!(app.number("SELECT count(*) FROM grants").await, 1);
    app.clock.advance(DAY * 60);
    prune(&app).await;
    assert_eq!(app.number("SELECT count(*) FROM grants").await, 0);
    assert_eq!(app.number("SELECT count(*) FROM sessions").await, 0);
}

#[tokio::test]
async fn from_where_a_client_was_registered_is_forgotten_and_the_client_stays() {
    let app = TestApp::start().await;
    let made = app.register(&minimal()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let known = "SELECT count(*) FROM clients WHERE registered_from IS NOT NULL";
    app.clock.advance(DAY * 89);
    assert_eq!(app.number(known).await, 1);
    prune(&app).await;
    assert_eq!(app.number(known).await, 1);
    app.clock.advance(DAY * 2);
    let pruned = prune(&app).await;
    assert!(pruned.contains(&("addresses", 1)), "{pruned:?}");
    assert_eq!(app.number(known).await, 0);
    let kept = "SELECT count(*) FROM clients WHERE deleted_at IS NULL AND metadata <> '{}'";
    assert_eq!(app.number(kept).await, 1);
}
