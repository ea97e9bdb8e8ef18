//! Who leaks again soon after a leak hears it more loudly, and so does whoever manages the
//! organization.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokenward::domain::tokens::{Issued, NewTokenRequest};
use tokenward::model::{Organization, Role, TokenKind, User};

use crate::support::{Mail, TestApp, report, report_at};

const DAY: Duration = Duration::from_secs(86_400);

/// Leaks it, and tells what was mailed.
async fn leak(app: &TestApp, leaked: &Issued) -> Vec<Mail> {
    mailed_after(app, &[report(&leaked.token)]).await
}

/// What was mailed because of these reports.
async fn mailed_after(app: &TestApp, reports: &[Value]) -> Vec<Mail> {
    let before = app.read_mail().await.into_iter();
    let before: HashSet<_> = before.map(|mail| mail.message_id).collect();
    let answer = app.github().report(reports).await;
    let labels = answer.labels();
    assert!(labels.iter().all(|label| label == "true_positive"));
    let mut mails = app.read_mail().await;
    mails.retain(|mail| !before.contains(&mail.message_id));
    mails
}

fn is_loud(mail: &Mail) -> bool {
    let loud = mail.subject.starts_with("Leaked again: ");
    assert_eq!(
        loud,
        mail.text.contains("not the first leak"),
        "{}",
        mail.text
    );
    assert_eq!(loud, mail.html.contains("not the first leak"));
    loud
}

/// To whom letters went, in order, and whether each was loud.
fn told(mails: &[Mail]) -> Vec<(&str, bool)> {
    let mut told: Vec<_> = mails
        .iter()
        .map(|mail| (mail.to.as_str(), is_loud(mail)))
        .collect();
    told.sort_unstable();
    told
}

/// An organization with some people, its owner, and a member who is not an admin.
async fn acme(app: &TestApp) -> (Organization, User, User) {
    let owner = app.user("owner@example.com").await;
    let acme = app.organization("acme", &owner).await;
    for (email, role) in [
        ("admin@example.com", Role::Admin),
        ("finance@example.com", Role::Finance),
        ("member@example.com", Role::Member),
    ] {
        let user = app.user(email).await;
        app.member(&acme, &user, role).await;
    }
    let ada = app.user("ada@example.com").await;
    app.member(&acme, &ada, Role::Member).await;
    (acme, owner, ada)
}

/// A token of a member that may act for the organization.
async fn limited(app: &TestApp, user: &User, organization: &Organization) -> Issued {
    let request = NewTokenRequest {
        user: Some(user.id),
        organization: Some(organization.id),
        ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
    };
    app.token(request).await
}

#[tokio::test]
async fn a_second_leak_is_louder_until_the_time_is_over() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let bob = app.user("bob@example.com").await;
    let mut loud = Vec::new();
    for (days, user) in [(0, &ada), (0, &bob), (89, &ada), (89, &ada), (90, &ada)] {
        app.clock.advance(DAY * days);
        let token = app.personal_token(user, "deploy").await;
        let mails = leak(&app, &token).await;
        assert_eq!(mails.len(), 1);
        loud.push(is_loud(&mails[0]));
    }
    assert_eq!(loud, [false, false, true, true, false]);
}

#[tokio::test]
async fn the_time_is_configured_and_an_empty_one_switches_it_off() {
    for (within, expected) in [("3d", [true, false]), ("", [false, false])] {
        let settings = format!("[mail]\nrepeated_leak_within = '{within}'");
        let app = TestApp::builder().settings(&settings).start().await;
        let ada = app.user("ada@example.com").await;
        leak(&app, &app.personal_token(&ada, "first").await).await;
        for (days, expected) in [2, 3].into_iter().zip(expected) {
            app.clock.advance(DAY * days);
            let mails = leak(&app, &app.personal_token(&ada, "next").await).await;
            assert_eq!(is_loud(&mails[0]), expected, "{within} {days}");
        }
    }
}

#[tokio::test]
async fn another_place_of_the_same_token_is_no_second_leak() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let (first, second) = (
        app.personal_token(&ada, "first").await,
        app.personal_token(&ada, "second").await,
    );
    leak(&app, &first).await;
    for (token, place, expected) in [
        (&first, "two", false),
        (&second, "one", true),
        // Also when another token leaked in between.
        (&first, "three", false),
        (&second, "two", false),
    ] {
        app.clock.advance(DAY);
        let url = format!("https://github.com/acme/app/{place}");
        let seen = report_at(token.token.reveal(), &url);
        for repetition in 0..2 {
            let mails = mailed_after(&app, std::slice::from_ref(&seen)).await;
            assert_eq!(mails.len(), 1 - repetition);
            assert!(
                mails.iter().all(|mail| is_loud(mail) == expected),
                "{place}"
            );
        }
    }
}

#[tokio::test]
async fn tokens_that_leak_together_are_one_leak() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let mut reports = Vec::new();
    for name in ["one", "two", "three"] {
        reports.push(report(&app.personal_token(&ada, name).await.token));
    }
    let mails = mailed_after(&app, &reports).await;
    assert_eq!(told(&mails), [("ada@example.com", false); 3]);

    let old = reports.pop().unwrap();
    let text = old["token"].as_str().unwrap();
    let fresh = app.personal_token(&ada, "four").await;
    let places = ["four", "five"].map(|at| format!("https://github.com/acme/app/{at}"));
    let both = [
        report_at(text, "https://github.com/acme/app/elsewhere"),
        report_at(fresh.token.reveal(), &places[0]),
        report_at(fresh.token.reveal(), &places[1]),
    ];
    let mails = mailed_after(&app, &both).await;
    for mail in &mails {
        let elsewhere = mail.text.contains("/elsewhere");
        assert_eq!(is_loud(mail), !elsewhere);
    }
    assert_eq!(mails.len(), 3);
}

#[tokio::test]
async fn what_died_with_a_token_belongs_to_its_leak() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    let mut loud = Vec::new();
    for member in family.all().into_iter().rev() {
        app.clock.advance(DAY);
        let mails = leak(&app, member).await;
        loud.extend(mails.iter().map(is_loud));
    }
    assert_eq!(loud.iter().filter(|loud| **loud).count(), 0, "{loud:?}");
}

#[tokio::test]
async fn managers_of_the_tokens_organization_get_a_copy() {
    let app = TestApp::start().await;
    let (acme, owner, ada) = acme(&app).await;
    let first = leak(&app, &limited(&app, &ada, &acme).await).await;
    assert_eq!(told(&first), [("ada@example.com", false)]);
    app.clock.advance(DAY);

    let second = leak(&app, &limited(&app, &ada, &acme).await).await;

    assert_eq!(
        told(&second),
        [
            ("ada@example.com", true),
            ("admin@example.com", true),
            ("owner@example.com", true),
        ]
    );
    for mail in second.iter().filter(|mail| mail.to != "ada@example.com") {
        assert!(
            mail.text.contains("Talk to ada@example.com"),
            "{}",
            mail.text
        );
    }
    // Who manages the organization of a token of their own, gets no copy of their own letter.
    leak(&app, &limited(&app, &owner, &acme).await).await;
    let again = leak(&app, &limited(&app, &owner, &acme).await).await;
    assert_eq!(
        told(&again),
        [("admin@example.com", true), ("owner@example.com", true)]
    );
}

#[tokio::test]
async fn a_personal_token_is_nobody_elses_business() {
    let app = TestApp::start().await;
    let (_, _, ada) = acme(&app).await;
    leak(&app, &app.personal_token(&ada, "first").await).await;
    let second = leak(&app, &app.personal_token(&ada, "second").await).await;
    assert_eq!(told(&second), [("ada@example.com", true)]);
}

#[tokio::test]
async fn an_organization_leaks_again_whoever_made_its_tokens() {
    let app = TestApp::start().await;
    let (acme, _, ada) = acme(&app).await;
    let bob = app.user("bob@example.com").await;
    let one = app.organization_token(acme.id, Some(&ada), "one").await;
    let two = app.organization_token(acme.id, Some(&bob), "two").await;
    assert_eq!(
        leak(&app, &one).await.iter().filter(|m| is_loud(m)).count(),
        0
    );

    assert_eq!(
        told(&leak(&app, &two).await),
        [
            ("admin@example.com", true),
            ("bob@example.com", true),
            ("owner@example.com", true),
        ]
    );
    // The creator did not own it.
    let own = leak(&app, &app.personal_token(&ada, "own").await).await;
    assert_eq!(told(&own), [("ada@example.com", false)]);
}

#[tokio::test]
async fn an_applications_credentials_are_its_registrants_and_service_keys_nobodys() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let client = app.oauth_client("Acme Reports", Some(&ada)).await;
    let secret = NewTokenRequest {
        client: Some(client),
        ..NewTokenRequest::new(TokenKind::ClientSecret)
    };
    leak(&app, &app.token(secret).await).await;
    let own = leak(&app, &app.personal_token(&ada, "own").await).await;
    assert_eq!(told(&own), [("ada@example.com", true)]);
    for _ in 0..2 {
        let key = app.service_key("tokens:introspect").await;
        assert_eq!(
            told(&leak(&app, &key).await),
            [("security@tokenward.test", false)]
        );
    }
    let owners = app.number("SELECT count(*) FROM owner_leaks").await;
    assert_eq!(owners, 1);
}

#[tokio::test]
async fn what_nobody_heard_of_is_no_earlier_leak() {
    let settings = "[policy]\nrules = ['* personal_access_token observe']";
    let app = TestApp::builder().settings(settings).start().await;
    let (acme, _, ada) = acme(&app).await;
    assert!(
        leak(&app, &app.personal_token(&ada, "seen").await)
            .await
            .is_empty()
    );
    let client = app.oauth_client("Acme Reports", Some(&ada)).await;
    let told_of = NewTokenRequest {
        client: Some(client),
        ..NewTokenRequest::new(TokenKind::ClientSecret)
    };
    let mails = leak(&app, &app.token(told_of).await).await;
    assert_eq!(told(&mails), [("ada@example.com", false)]);
    assert!(
        leak(&app, &limited(&app, &ada, &acme).await)
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_leaks_at_once_all_but_one_are_loud() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let mut bodies = Vec::new();
    for number in 0..8 {
        let token = app.personal_token(&ada, &format!("{number}")).await;
        bodies.push(json!([report(&token.token)]).to_string());
    }
    let github = app.github();

    futures_util::future::join_all(bodies.iter().map(|body| github.post(body))).await;

    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 8);
    assert_eq!(mails.iter().filter(|mail| is_loud(mail)).count(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_places_of_one_dead_token_at_once_none_is_loud() {
    let settings = "[mail]\ndigest_every = ''";
    let app = TestApp::builder().settings(settings).start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "dead").await;
    app.database
        .execute("UPDATE tokens SET revoked_at = 1, revoked_reason = 'owner'")
        .await;
    let at = |number| format!("https://github.com/acme/app/{number}");
    let seen = (0..8).map(|number| report_at(token.token.reveal(), &at(number)));
    let bodies: Vec<_> = seen.map(|seen| json!([seen]).to_string()).collect();
    let github = app.github();

    futures_util::future::join_all(bodies.iter().map(|body| github.post(body))).await;

    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 8);
    assert_eq!(mails.iter().filter(|mail| is_loud(mail)).count(), 0);
}

#[tokio::test]
async fn a_revocation_that_is_tried_leaves_no_leak_behind() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:revoke").await.token;
    let token = app.personal_token(&ada, "first").await.token;
    let item = json!({ "token": token.reveal(), "reason": "exposed" });
    for (dry_run, expected) in [(true, 0), (false, 1)] {
        let answer = app
            .http
            .post(format!("{}/v1/revocations", app.url))
            .bearer_auth(key.reveal())
            .json(&json!({ "dry_run": dry_run, "items": [item] }))
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
        assert_eq!(
            app.number("SELECT count(*) FROM owner_leaks").await,
            expected
        );
    }
    let next = leak(&app, &app.personal_token(&ada, "second").await).await;
    assert_eq!(told(&next), [("ada@example.com", true)]);
}

/// As long as a place is only observed, nobody hears of it, and it is no leak of anybody.
#[tokio::test]
async fn a_leak_counts_from_when_something_is_done_about_it() {
    let settings = "[policy]\nrules = ['github * observe']";
    let app = TestApp::builder().settings(settings).start().await;
    let ada = app.user("ada@example.com").await;
    let first = app.personal_token(&ada, "first").await;
    assert!(leak(&app, &first).await.is_empty());
    app.clock.advance(DAY);
    let mut policy = (*app.ctx.leak_policy.current()).clone();
    policy.rules.clear();
    assert!(app.ctx.leak_policy.replace(policy));
    let mut loud = Vec::new();
    for token in [&first, &app.personal_token(&ada, "second").await] {
        let mails = leak(&app, token).await;
        assert_eq!(mails.len(), 1);
        loud.push(is_loud(&mails[0]));
        app.clock.advance(DAY);
    }
    assert_eq!(loud, [false, true]);
}
