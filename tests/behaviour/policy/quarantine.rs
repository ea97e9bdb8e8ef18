//! A quarantined token is as dead as a revoked one, and comes back as it was, or never.

use std::time::Duration;

use tokenward::domain::retention::{self, Ended};
use tokenward::domain::tokens::NewTokenRequest;
use tokenward::domain::{quarantines, tokens as use_cases, users};
use tokenward::model::{Id, QuarantineEnd, RevocationReason, Token, TokenKind};

use super::under;
use crate::retention::Batches;
use crate::support::{TestApp, report, report_at};

const QUARANTINE: &str = "default = 'quarantine'";

async fn end(app: &TestApp, token: Id<Token>, ending: QuarantineEnd) -> usize {
    let open = quarantines::find(&app.ctx, token).await.unwrap();
    let settled = quarantines::settle(&app.ctx, open.id, ending).await;
    settled.unwrap().tokens.len()
}

#[tokio::test]
async fn a_family_goes_together_and_comes_back_as_it_was() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    let (family, other) = (app.family(&ada).await, app.family(&ada).await);
    let mut before = Vec::new();
    for member in family.all() {
        before.push(app.is_active(&member.token).await);
    }
    let answer = app.github().report(&[report(&family.access.token)]).await;
    assert_eq!(answer.labels(), ["true_positive"]);
    for member in family.all() {
        assert!(!app.is_active(&member.token).await);
    }
    let late = app
        .mint(TokenKind::AccessToken, &ada, family.client, family.grant)
        .await;
    assert!(!app.is_active(&late.token).await, "dead on arrival");
    assert!(app.is_active(&other.access.token).await);
    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.ends_with("is in quarantine"));

    assert_eq!(end(&app, family.access.id, QuarantineEnd::Release).await, 5);

    for (member, worked) in family.all().into_iter().zip(before) {
        assert_eq!(app.is_active(&member.token).await, worked);
    }
    assert!(app.is_active(&late.token).await);
    let again = quarantines::find(&app.ctx, family.access.id).await;
    assert!(again.is_err(), "it is over");
}

#[tokio::test]
async fn what_is_finished_never_comes_back() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    app.github().report(&[report(&family.refresh.token)]).await;
    let open = quarantines::find(&app.ctx, family.refresh.id)
        .await
        .unwrap();
    let finish = quarantines::settle(&app.ctx, open.id, QuarantineEnd::Finish).await;
    assert_eq!(finish.unwrap().revoked().count(), 5);
    let release = quarantines::settle(&app.ctx, open.id, QuarantineEnd::Release).await;
    assert!(release.is_err(), "somebody was faster");
    for member in family.all() {
        assert!(!app.is_active(&member.token).await);
    }
    let reasons = "SELECT revoked_reason, count(*) FROM tokens
         WHERE revoked_at IS NOT NULL GROUP BY revoked_reason ORDER BY revoked_reason";
    assert_eq!(
        app.rows(reasons).await,
        [["exposed", "1"], ["relative_exposed", "4"]]
    );
    let grants = "SELECT count(*) FROM grants WHERE quarantined_at IS NOT NULL";
    assert_eq!(app.number(grants).await, 0);
}

#[tokio::test]
async fn sessions_come_back_with_what_they_granted() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    let session = || NewTokenRequest {
        user: Some(ada.id),
        ..NewTokenRequest::new(TokenKind::UserSessionToken)
    };
    let (leaked, second) = (app.token(session()).await, app.token(session()).await);
    app.github().report(&[report(&leaked.token)]).await;
    assert!(!app.is_active(&leaked.token).await && !app.is_active(&second.token).await);
    assert_eq!(end(&app, leaked.id, QuarantineEnd::Release).await, 2);
    assert!(app.is_active(&leaked.token).await && app.is_active(&second.token).await);
}

#[tokio::test]
async fn the_timer_ends_a_quarantine_as_configured() {
    for (ending, works) in [("finish", false), ("release", true)] {
        let app = under(&format!(
            "{QUARANTINE}\nquarantine_for = '2h'\nquarantine_ends_with = '{ending}'"
        ))
        .await;
        let ada = app.user("ada@example.com").await;
        let token = app.personal_token(&ada, "deploy").await;
        app.github().report(&[report(&token.token)]).await;
        app.clock.advance(Duration::from_secs(7_199));
        assert!(quarantines::settle_due(&app.ctx).await.unwrap().is_empty());
        assert!(!app.is_active(&token.token).await);
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(quarantines::settle_due(&app.ctx).await.unwrap().len(), 1);
        assert_eq!(app.is_active(&token.token).await, works, "{ending}");
        let next = quarantines::settle_due(&app.ctx).await.unwrap();
        assert!(next.is_empty(), "once");
    }
}

#[tokio::test]
async fn whatever_else_ends_a_token_meanwhile_ends_it_for_good() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    let bob = app.user("bob@example.com").await;
    let by_operator = app.personal_token(&ada, "one").await;
    let by_service = app.personal_token(&ada, "two").await;
    let blocked = app.personal_token(&bob, "three").await;
    let family = app.family(&ada).await;
    for token in [&by_operator, &by_service, &blocked, &family.access] {
        app.github().report(&[report(&token.token)]).await;
    }
    let reference = use_cases::TokenReference::Id(by_operator.id);
    let operator = RevocationReason::Operator;
    let done = use_cases::revoke(&app.ctx, &reference, operator).await;
    assert!(done.unwrap(), "it was not dead for good");
    let key = app.service_key("tokens:revoke").await.token;
    let items = serde_json::json!({"items": [
        {"id": by_service.id.to_string(), "reason": "owner"},
        {"id": family.refresh.id.to_string(), "reason": "operator"},
    ]});
    let request = app.http.post(format!("{}/v1/revocations", app.url));
    let answer = request.bearer_auth(key.reveal()).json(&items).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    users::block(&app.ctx, &bob.email).await.unwrap();

    for token in [&by_operator, &by_service, &blocked, &family.access] {
        end(&app, token.id, QuarantineEnd::Release).await;
        assert!(!app.is_active(&token.token).await);
    }
    for member in family.all() {
        assert!(!app.is_active(&member.token).await);
    }
    users::unblock(&app.ctx, &bob.email).await.unwrap();
    assert!(app.is_active(&blocked.token).await, "it was released");
}

#[tokio::test]
async fn a_later_leak_that_revokes_finishes_a_quarantine() {
    let app = under("rules = ['github * quarantine']").await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    app.github().report(&[report(&family.access.token)]).await;
    let open = quarantines::find(&app.ctx, family.access.id).await.unwrap();
    let mut policy = (*app.ctx.leak_policy.current()).clone();
    policy.rules.clear();
    app.ctx.leak_policy.replace(policy);
    let elsewhere = report_at(family.access.token.reveal(), "https://x.example/2");
    app.github().report(&[elsewhere]).await;
    let late = quarantines::settle(&app.ctx, open.id, QuarantineEnd::Release).await;
    assert!(late.is_err());
    for member in family.all() {
        assert!(!app.is_active(&member.token).await);
    }
    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 2);
    assert!(
        mails
            .iter()
            .any(|mail| mail.subject.ends_with("has been revoked"))
    );
}

#[tokio::test]
async fn what_is_in_two_quarantines_comes_back_with_the_second() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    app.github().report(&[report(&family.access.token)]).await;
    app.github()
        .report(&[report_at(
            family.refresh.token.reveal(),
            "https://x.example/2",
        )])
        .await;
    assert_eq!(end(&app, family.access.id, QuarantineEnd::Release).await, 0);
    assert!(!app.is_active(&family.rotated_access.token).await);
    assert_eq!(
        end(&app, family.refresh.id, QuarantineEnd::Release).await,
        5
    );
    assert!(app.is_active(&family.rotated_access.token).await);
}

#[tokio::test]
async fn what_came_back_and_leaks_at_the_same_place_dies_again_and_is_told_again() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let reports = [report(&token.token)];
    app.github().report(&reports).await;
    end(&app, token.id, QuarantineEnd::Release).await;
    app.github().report(&reports).await;
    assert!(!app.is_active(&token.token).await);
    let told: Vec<_> = app
        .read_mail()
        .await
        .into_iter()
        .map(|mail| mail.subject)
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    let quarantined = told.iter().filter(|one| one.ends_with("is in quarantine"));
    assert_eq!(quarantined.count(), 2);
    assert_eq!(end(&app, token.id, QuarantineEnd::Finish).await, 1);
}

#[tokio::test]
async fn of_many_who_end_a_quarantine_at_once_one_does() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    app.github().report(&[report(&family.access.token)]).await;
    let id = quarantines::find(&app.ctx, family.access.id)
        .await
        .unwrap()
        .id;
    let settle = |ending| quarantines::settle(&app.ctx, id, ending);
    let (finish, release, again) = tokio::join!(
        settle(QuarantineEnd::Finish),
        settle(QuarantineEnd::Release),
        settle(QuarantineEnd::Release),
    );
    let won = [finish.is_ok(), release.is_ok(), again.is_ok()];
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let works = app.is_active(&family.rotated_access.token).await;
    assert_eq!(works, !won[0]);
}

#[tokio::test]
async fn a_release_and_a_new_report_at_once_leave_nothing_half_dead() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    for round in 0..6 {
        let family = app.family(&ada).await;
        app.github().report(&[report(&family.access.token)]).await;
        let id = quarantines::find(&app.ctx, family.access.id)
            .await
            .unwrap()
            .id;
        let url = format!("https://x.example/{round}");
        let reports = [report_at(family.refresh.token.reveal(), &url)];
        let github = app.github();
        let (released, answer) = tokio::join!(
            quarantines::settle(&app.ctx, id, QuarantineEnd::Release),
            github.report(&reports),
        );
        released.unwrap();
        assert_eq!(answer.labels(), ["true_positive"]);
        for member in family.all() {
            assert!(
                !app.is_active(&member.token).await,
                "the second one holds it"
            );
        }
        end(&app, family.refresh.id, QuarantineEnd::Release).await;
        assert!(app.is_active(&family.rotated_access.token).await);
    }
}

/// What was mailed after the first `known` mails, by reader.
async fn news(app: &TestApp, known: usize) -> Vec<(String, String)> {
    let mails = app.read_mail().await.split_off(known);
    let mut news: Vec<_> = mails
        .into_iter()
        .map(|mail| {
            assert!(!mail.text.contains("https://"), "{}", mail.text);
            (mail.to, mail.subject)
        })
        .collect();
    news.sort_unstable();
    news
}

#[tokio::test]
async fn everybody_who_heard_of_a_quarantine_hears_how_it_ended() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    let acme = app.organization("acme", &ada).await;
    let bob = app.user("bob@example.com").await;
    let (one, two) = (
        app.organization_token(acme.id, Some(&bob), "one").await,
        app.personal_token(&bob, "two").await,
    );
    let reports = [report(&one.token), report(&two.token)];
    app.github().report(&reports).await;
    assert_eq!(app.read_mail().await.len(), 3);

    end(&app, one.id, QuarantineEnd::Release).await;

    let told = news(&app, 3).await;
    assert_eq!(told.len(), 2);
    assert_eq!(
        (told[0].0.as_str(), told[1].0.as_str()),
        ("ada@example.com", "bob@example.com")
    );
    assert!(
        told.iter()
            .all(|(_, subject)| subject.contains("“one”") && subject.ends_with("works again"))
    );
    app.clock.advance(Duration::from_secs(80 * 3_600));
    quarantines::settle_due(&app.ctx).await.unwrap();
    let told = news(&app, 5).await;
    assert_eq!(
        told,
        [(
            "bob@example.com".to_owned(),
            "Your personal access token “two” has been revoked for good".to_owned(),
        )]
    );
    quarantines::settle_due(&app.ctx).await.unwrap();
    assert!(news(&app, 6).await.is_empty());
}

#[tokio::test]
async fn whoever_gets_a_dead_token_back_reads_that_it_does_not_work() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    let request = NewTokenRequest {
        user: Some(ada.id),
        lifetime: Some(Duration::from_secs(3_600)),
        ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
    };
    let token = app.token(request).await;
    app.github().report(&[report(&token.token)]).await;
    app.clock.advance(Duration::from_secs(7_200));
    end(&app, token.id, QuarantineEnd::Release).await;
    let told = news(&app, 1).await;
    assert!(
        told[0]
            .1
            .ends_with("has left quarantine, and still does not work"),
        "{told:?}"
    );
}

/// The owner ended it while it was in quarantine, or a report did: nothing is left to be told.
#[tokio::test]
async fn a_token_that_died_for_good_meanwhile_is_not_told_of_again() {
    let app = under(QUARANTINE).await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    app.github().report(&[report(&token.token)]).await;
    let reference = use_cases::TokenReference::Id(token.id);
    assert!(
        use_cases::revoke(&app.ctx, &reference, RevocationReason::Owner)
            .await
            .unwrap()
    );
    let ended = end(&app, token.id, QuarantineEnd::Release).await;
    assert_eq!((ended, news(&app, 1).await.len()), (0, 0));
}

#[tokio::test]
async fn quarantines_go_some_time_after_they_ended_and_open_ones_stay() {
    let app = under("default = 'quarantine'\nquarantine_for = '1000d'").await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    let (two, open) = (
        app.personal_token(&ada, "two").await,
        app.personal_token(&ada, "open").await,
    );
    let reports = [
        report(&family.access.token),
        report(&two.token),
        report(&open.token),
    ];
    app.github().report(&reports).await;
    end(&app, family.access.id, QuarantineEnd::Release).await;
    end(&app, two.id, QuarantineEnd::Finish).await;
    let rows = async || {
        let of = async |table: &str| app.number(&format!("SELECT count(*) FROM {table}")).await;
        (
            of("quarantines").await,
            of("quarantined_tokens").await,
            of("quarantined_grants").await,
        )
    };
    let all = rows().await;
    assert_eq!((all.0, all.2), (3, 1));
    for (days, gone) in [(89, 0), (2, 2)] {
        app.clock.advance(Duration::from_secs(days * 86_400));
        let what = Ended::Quarantines;
        let pruned = retention::prune(&app.ctx, what, &Batches::all()).await;
        assert_eq!(pruned.unwrap().rows, gone);
    }
    assert_eq!(rows().await, (1, 1, 0));
    // What is still in one comes back.
    end(&app, open.id, QuarantineEnd::Release).await;
    assert!(app.is_active(&open.token).await);
    assert!(!app.is_active(&two.token).await);
}
