//! What operators decided about reports: revoke, quarantine, notify, observe; and the breaker.

#[path = "policy/breaker.rs"]
mod breaker;
#[path = "policy/observing.rs"]
mod observing;
#[path = "policy/quarantine.rs"]
mod quarantine;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokenward::jobs::ReloadPolicy;
use tokenward::model::{PlainToken, Reaction, Revocation, RevocationReason, TokenKind};
use tokenward::storage::tokens;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::support::{TestApp, eventually, report, report_at};

async fn under(policy: &str) -> TestApp {
    let settings = format!("[policy]\n{policy}");
    TestApp::builder().settings(&settings).start().await
}

/// What exposures say, read through the public door.
async fn exposures(app: &TestApp) -> Vec<Value> {
    let key = app.service_key("exposures:read").await.token;
    let request = app.http.get(format!("{}/v1/exposures", app.url));
    let answer = request.bearer_auth(key.reveal()).send().await.unwrap();
    let page: Value = answer.json().await.unwrap();
    page["items"].as_array().unwrap().clone()
}

/// The policy as it is in force, read through the public door.
async fn policy_shown(app: &TestApp, key: &PlainToken) -> Value {
    let asked = app.http.get(format!("{}/v1/policy", app.url));
    let answer = asked.bearer_auth(key.reveal()).send().await.unwrap();
    answer.json().await.unwrap()
}

/// The one of these whose member says so.
fn one_of<'v>(all: &'v Value, member: &str, says: &str) -> &'v Value {
    let mut all = all.as_array().unwrap().iter();
    all.find(|one| one[member] == says).unwrap()
}

#[tokio::test]
async fn services_are_shown_what_is_done_about_each_kind_and_why() {
    let rules = [
        "github personal_access_token notify",
        "* client_secret observe",
    ];
    let app = under(&format!("default = 'quarantine'\nrules = {}", json!(rules))).await;
    let key = app.service_key("exposures:read").await.token;
    let shown = policy_shown(&app, &key).await;
    assert_eq!(shown["default"], "quarantine");
    assert_eq!(shown["rules"], json!(rules));
    for (origin, kind, decision, decided_by) in [
        ("github", "personal_access_token", "notify", rules[0]),
        ("github", "client_secret", "observe", rules[1]),
        ("github", "service_key", "quarantine", "default"),
        ("internal", "personal_access_token", "quarantine", "default"),
        ("internal", "client_secret", "observe", rules[1]),
    ] {
        let kinds = &one_of(&shown["origins"], "origin", origin)["kinds"];
        assert_eq!(kinds.as_array().unwrap().len(), TokenKind::ALL.len());
        let told = one_of(kinds, "kind", kind);
        let expected = json!({ "kind": kind, "decision": decision, "decided_by": decided_by });
        assert_eq!(*told, expected, "{origin}");
    }
}

#[tokio::test]
async fn verdicts_stay_true_under_every_policy() {
    for reaction in Reaction::ALL {
        let app = under(&format!("default = '{reaction}'")).await;
        let cast = app.cast("ada").await;
        let mut reports = vec![report(&app.never_issued())];
        for kind in TokenKind::ALL {
            reports.push(report(&app.token_of(kind, &cast).await.token));
        }
        let expired = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
        reports.push(report(&expired.token));
        app.database
            .execute(&format!(
                "UPDATE tokens SET expires_at = 1 WHERE hint = '{}'",
                expired.token.hint()
            ))
            .await;
        let answer = app.github().report(&reports).await;
        let labels = answer.labels();
        assert_eq!(labels.first().unwrap(), "false_positive");
        assert_eq!(labels.len(), reports.len());
        assert!(
            labels.iter().skip(1).all(|label| label == "true_positive"),
            "{reaction}: {labels:?}"
        );
        let again = app.github().report(&reports).await;
        assert_eq!(again.text, answer.text, "{reaction}");
        let told = app.number("SELECT count(*) FROM outbox").await;
        assert_eq!(told == 0, reaction == Reaction::Observe, "{reaction}");
        let seen = app.number("SELECT count(*) FROM exposures").await;
        assert_eq!(seen, i64::try_from(reports.len() - 1).unwrap());
        let dead = app
            .number("SELECT count(*) FROM tokens WHERE revoked_at IS NOT NULL")
            .await;
        let spares = matches!(reaction, Reaction::Notify | Reaction::Observe);
        assert_eq!(dead == 0, spares, "{reaction}");
    }
}

#[tokio::test]
async fn the_most_specific_rule_decides_and_the_exposure_names_it() {
    let app = under("default = 'observe'\nrules = ['github * notify', '* personal_access_token quarantine', 'github personal_access_token revoke']").await;
    let cast = app.cast("ada").await;
    let personal = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let secret = app.token_of(TokenKind::ClientSecret, &cast).await;
    app.github()
        .report(&[
            report_at(personal.token.reveal(), "https://x.example/1"),
            report_at(secret.token.reveal(), "https://x.example/2"),
        ])
        .await;
    assert!(!app.is_active(&personal.token).await);
    let seen = exposures(&app).await;
    let of = |url: &str| seen.iter().find(|one| one["url"] == url).unwrap();
    let first = of("https://x.example/1");
    assert_eq!(first["decision"], "revoke");
    assert_eq!(first["decided_by"], "github personal_access_token revoke");
    assert!(first["revoked_at"].is_string());
    let second = of("https://x.example/2");
    assert_eq!(second["decision"], "notify");
    assert_eq!(second["decided_by"], "github * notify");
    assert!(second["revoked_at"].is_null());
    let mails = app.read_mail().await;
    let about = |text: &str| {
        mails
            .iter()
            .find(|mail| mail.subject.contains(text))
            .unwrap()
    };
    assert!(about("client secret").subject.contains("NOT been revoked"));
    assert!(about("personal").subject.ends_with("has been revoked"));
}

#[tokio::test]
async fn what_was_only_observed_is_told_when_the_same_report_kills() {
    for (lenient, letters) in [("observe", 1), ("notify", 2)] {
        let app = under(&format!("rules = ['github * {lenient}']")).await;
        let ada = app.user("ada@example.com").await;
        let token = app.personal_token(&ada, "deploy").await;
        let reports = [report_at(token.token.reveal(), "https://x.example/1")];
        app.github().report(&reports).await;
        assert!(app.is_active(&token.token).await);

        let mut policy = (*app.ctx.leak_policy.current()).clone();
        policy.rules.clear();
        assert!(app.ctx.leak_policy.replace(policy));
        app.github().report(&reports).await;

        assert!(!app.is_active(&token.token).await);
        let seen = exposures(&app).await;
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0]["decision"], "revoke");
        assert!(seen[0]["revoked_at"].is_string());
        app.github().report(&reports).await;
        let mails = app.read_mail().await;
        assert_eq!(mails.len(), letters, "{lenient}");
        assert!(
            mails
                .iter()
                .any(|mail| mail.subject.ends_with("has been revoked"))
        );
    }
}

/// Whoever only observes reads the token before somebody else's transaction ends, and writes after it.
#[tokio::test]
async fn a_token_that_dies_while_it_is_observed_was_seen_dead() {
    let app = under("rules = ['github * observe']").await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let reports = [report_at(token.token.reveal(), "https://x.example/1")];
    let mut tx = app.ctx.db.begin().await.unwrap();
    let end = Revocation {
        at: app.clock.now(),
        reason: RevocationReason::Owner,
    };
    assert!(tokens::revoke(&mut tx, token.id, end).await.unwrap());
    let github = app.github();
    let (answer, ()) = tokio::join!(github.report(&reports), async move {
        tokio::time::sleep(Duration::from_millis(700)).await;
        tx.commit().await.unwrap();
    });
    assert_eq!(answer.status, 200);
    let seen = exposures(&app).await;
    assert_eq!(seen[0]["state_before"], "revoked");
    assert!(seen[0]["revoked_at"].is_string());
}

#[tokio::test]
async fn whoever_commands_is_obeyed_and_whoever_reports_follows_policy() {
    let app = under("default = 'notify'").await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:revoke").await.token;
    let (seen, unwanted) = (
        app.personal_token(&ada, "seen").await,
        app.personal_token(&ada, "unwanted").await,
    );
    let body = serde_json::json!({"items": [
        {"token": seen.token.reveal(), "reason": "exposed"},
        {"token": unwanted.token.reveal(), "reason": "owner"},
    ]});
    let request = app.http.post(format!("{}/v1/revocations", app.url));
    let answer = request.bearer_auth(key.reveal()).json(&body).send().await;
    let answer: Value = answer.unwrap().json().await.unwrap();
    assert_eq!(answer["items"][0]["status"], "not_revoked");
    assert_eq!(answer["items"][1]["status"], "revoked");
    assert!(app.is_active(&seen.token).await);
    assert!(!app.is_active(&unwanted.token).await);
}

/// A change is in force at once, and the audit log knows of it as soon as it can.
#[tokio::test]
async fn a_change_that_could_not_be_written_down_is_written_down_later() {
    let app = TestApp::start().await;
    let mut changed = (*app.ctx.leak_policy.current()).clone();
    changed.default = Reaction::Notify;
    changed.breaker.window = Duration::from_secs(120);
    changed.breaker.quiet = Duration::from_secs(180);
    let asked = Arc::new(Notify::new());
    let job = ReloadPolicy {
        ctx: Arc::clone(&app.ctx),
        metrics: app.metrics.clone(),
        read: Arc::new(move || Ok(changed.clone())),
        asked: Arc::clone(&asked),
    };
    let stop = CancellationToken::new();
    let running = tokio::spawn(job.run(stop.clone()));
    app.database
        .execute("ALTER TABLE audit_log RENAME TO audit_log_away")
        .await;
    asked.notify_one();
    let in_force = || app.ctx.leak_policy.current().default == Reaction::Notify;
    eventually("the policy is in force", async || in_force()).await;
    app.database
        .execute("ALTER TABLE audit_log_away RENAME TO audit_log")
        .await;
    let told = "SELECT count(*) FROM audit_log WHERE event = 'policy.changed'";
    for _ in 0..2 {
        asked.notify_one();
        eventually("it is written down", async || app.number(told).await == 1).await;
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(app.number(told).await, 1);

    let detail = "SELECT detail FROM audit_log WHERE event = 'policy.changed'";
    let detail: Value = serde_json::from_str(&app.rows(detail).await[0][0]).unwrap();
    let times = json!([
        detail["breaker_window_seconds"],
        detail["breaker_quiet_seconds"]
    ]);
    assert_eq!(times, json!([120, 180]), "{detail}");
}
