//! What rows say of decisions about leaks, and of what the service removes.

use serde_json::{Value, json};
use tokenward::domain::provenance::Provenance;
use tokenward::domain::retention::{self, Ended};
use tokenward::model::{Actor, TokenKind};

use super::{DAY, Steady, chained};
use crate::support::{TestApp, report, report_at};

/// Each row of an event: the kind of who did it, which one, whether that was in a request, and what else is
/// known, by which they are sorted.
async fn rows(app: &TestApp, event: &str) -> Vec<(String, String, bool, Value)> {
    let statement = format!(
        "SELECT actor_kind, actor, CASE WHEN request_id IS NULL THEN 'no' ELSE 'yes' END, detail
         FROM audit_log WHERE event = '{event}' ORDER BY detail"
    );
    let rows = app.rows(&statement).await.into_iter().map(|row| {
        let detail = serde_json::from_str(&row[3]).unwrap();
        (row[0].clone(), row[1].clone(), row[2] == "yes", detail)
    });
    rows.collect()
}

/// A row of what GitHub did in a request.
fn by_github(detail: Value) -> (String, String, bool, Value) {
    ("origin".to_owned(), "github".to_owned(), true, detail)
}

async fn under(policy: &str) -> TestApp {
    let settings = format!("[policy]\n{policy}");
    TestApp::builder().settings(&settings).start().await
}

#[tokio::test]
async fn a_decision_that_is_not_the_default_one_has_a_row_of_its_own() {
    let app = under("rules = ['github personal_access_token notify']").await;
    let cast = app.cast("ada").await;
    let spared = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    let revoked = app
        .token_of(TokenKind::OrganizationAccessToken, &cast)
        .await;
    let reports = [report(&spared.token), report(&revoked.token)];
    app.github().report(&reports).await;
    let decided = json!({
        "origin": "github",
        "decision": "notify",
        "decided_by": "github personal_access_token notify",
    });
    assert_eq!(rows(&app, "policy.decided").await, [by_github(decided)]);
    // In the same request and by the same key as what was seen.
    let together = "SELECT DISTINCT decided.key_id
         FROM audit_log AS decided
         JOIN audit_log AS seen ON seen.request_id = decided.request_id
             AND seen.key_id = decided.key_id AND seen.token_id = decided.token_id
         WHERE decided.event = 'policy.decided' AND seen.event = 'exposure.created'";
    assert_eq!(app.rows(together).await.len(), 1);
}

#[tokio::test]
async fn a_breaker_that_opens_has_one_row_and_each_token_that_it_holds_back_another() {
    let app = under("breaker_revocations = 1").await;
    let ada = app.user("ada@example.com").await;
    let mut tokens = Vec::new();
    for name in ["one", "two", "three"] {
        tokens.push(report(&app.personal_token(&ada, name).await.token));
    }
    app.github().report(&tokens[..1]).await;
    assert!(rows(&app, "breaker.opened").await.is_empty());
    app.github().report(&tokens[1..2]).await;
    app.github().report(&tokens[2..]).await;
    let opened = by_github(json!({ "origin": "github" }));
    assert_eq!(rows(&app, "breaker.opened").await, [opened]);
    let held = json!({ "origin": "github", "decision": "quarantine", "decided_by": "breaker" });
    let held = by_github(held);
    assert_eq!(rows(&app, "policy.decided").await, [held.clone(), held]);
}

#[tokio::test]
async fn what_is_removed_is_told_in_the_name_of_the_work_that_removes_it() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let place = report_at(token.token.reveal(), "https://github.com/acme/shop");
    app.github().report(&[place]).await;
    assert_eq!(app.read_mail().await.len(), 1);
    let old = chained(&app).await.head.unwrap().seq;
    app.clock.advance(DAY * 401);
    let work = |name| Provenance::of(Actor::Job(name));
    let by = |name: &str, detail| ("job".to_owned(), name.to_owned(), false, detail);

    let scrub = retention::scrub(&app.ctx, &Steady);
    work("scrub_exposures").within(scrub).await.unwrap();
    let scrubbed = by("scrub_exposures", json!({ "exposures": 1, "letters": 1 }));
    assert_eq!(rows(&app, "places.scrubbed").await, [scrubbed]);

    assert_eq!(chained(&app).await.flaws, []);
    let prune = retention::prune(&app.ctx, Ended::AuditLog, &Steady);
    work("prune").within(prune).await.unwrap();
    let pruned = by("prune", json!({ "rows": old, "up_to": old }));
    assert_eq!(rows(&app, "audit_log.pruned").await, [pruned]);
}
