//! What is done about each item, and what is told about it.

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::domain::breakers;
use tokenward::domain::retention::{self, Ended};
use tokenward::model::{PlainToken, TokenKind};

use super::{Desk, json_of, statuses};
use crate::retention::Batches;
use crate::support::{TestApp, report_at};

#[tokio::test]
async fn tokens_named_in_three_ways_die_and_their_owners_are_told() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let desk = Desk::open(&app).await;
    let by_text = app.personal_token(&ada, "one").await;
    let by_digest = app.personal_token(&ada, "two").await;
    let by_id = app.personal_token(&ada, "three").await;
    let spared = app.personal_token(&ada, "four").await;
    let digest = app.ctx.hash_keys.digest(&by_digest.token).to_hex();
    let answer = desk
        .revoke(json!([
            {"token": app.never_issued().reveal()},
            {"token": by_text.token.reveal(), "url": "https://chat.example/7", "source": "Chat"},
            {"digest": digest, "reason": null},
            {"id": by_id.id.to_string(), "reason": "exposed"},
        ]))
        .await;
    let expected = ["unknown", "revoked", "revoked", "revoked"];
    assert_eq!(statuses(&answer), expected, "{}", answer.text);
    let item = &json_of(&answer)["items"][1];
    assert_eq!(item["kind"], "personal_access_token");
    assert_eq!(item["state_before"], "live");
    assert_eq!(item["token_id"], by_text.id.to_string());
    assert_eq!(item["revoked_with_it"], 0);
    for (token, works) in [
        (&by_text, false),
        (&by_digest, false),
        (&by_id, false),
        (&spared, true),
    ] {
        assert_eq!(app.is_active(&token.token).await, works);
    }
    let id = item["exposure_id"].as_str().unwrap();
    let seen = "SELECT origin, url, source, state_before FROM exposures WHERE url IS NOT NULL";
    assert_eq!(
        app.rows(seen).await,
        [["internal", "https://chat.example/7", "chat", "live"]]
    );
    let known = app.number("SELECT count(*) FROM exposures").await;
    assert_eq!(known, 3, "each was seen somewhere, even where nobody says");
    assert_eq!(id.len(), 36);
    assert_eq!(app.read_mail().await.len(), 3);
}

#[tokio::test]
async fn a_relative_dies_with_it_and_is_counted() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let desk = Desk::open(&app).await;
    let family = app.family(&ada).await;
    let answer = desk
        .revoke(json!([
            {"token": family.refresh.token.reveal(), "reason": "owner"},
            {"token": family.access.token.reveal(), "reason": "owner"},
        ]))
        .await;
    let items = json_of(&answer)["items"].clone();
    assert_eq!(items[0]["revoked_with_it"], 4, "{}", answer.text);
    assert_eq!(items[1]["status"], "revoked");
    for member in family.all() {
        assert!(!app.is_active(&member.token).await);
    }
    assert!(items[0].get("exposure_id").is_none());
    let reasons = "SELECT revoked_reason, count(*) FROM tokens
         WHERE revoked_at IS NOT NULL GROUP BY revoked_reason";
    assert_eq!(app.rows(reasons).await, [["owner", "5"]]);
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 0);
    assert!(app.read_mail().await.is_empty(), "nothing leaked");
    let grants = "SELECT count(*) FROM grants WHERE revoked_at IS NOT NULL";
    assert_eq!(app.number(grants).await, 1);
}

#[tokio::test]
async fn what_died_with_another_item_is_dead() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let desk = Desk::open(&app).await;
    let family = app.family(&ada).await;
    let answer = desk
        .revoke(json!([
            {"token": family.refresh.token.reveal(), "reason": "exposed"},
            {"token": family.access.token.reveal(), "reason": "operator"},
        ]))
        .await;
    assert_eq!(statuses(&answer), ["revoked", "already_revoked"]);
}

#[tokio::test]
async fn of_several_reasons_for_one_token_exposure_counts() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let desk = Desk::open(&app).await;
    let token = app.personal_token(&ada, "one").await;
    let (text, id) = (token.token.reveal(), token.id.to_string());
    let answer = desk
        .revoke(json!([
            {"id": id, "reason": "owner"},
            {"token": text, "url": "https://x.example", "reason": "exposed"},
            {"token": text, "url": "https://x.example", "reason": "operator"},
        ]))
        .await;
    assert_eq!(statuses(&answer), ["revoked"; 3]);
    let reason = "SELECT revoked_reason FROM tokens WHERE revoked_at IS NOT NULL";
    assert_eq!(app.rows(reason).await, [["exposed"]]);
    assert_eq!(
        app.read_mail().await.len(),
        2,
        "two places: one is not named"
    );
}

/// Policy speaks of what was seen, and not of what an operator wants.
#[tokio::test]
async fn what_an_operator_names_as_well_dies_whatever_policy_says() {
    for (policy, reason) in [
        ("notify", "operator"),
        ("observe", "owner"),
        ("quarantine", "operator"),
    ] {
        let settings = format!("[policy]\ndefault = '{policy}'");
        let app = TestApp::builder().settings(&settings).start().await;
        let ada = app.user("ada@example.com").await;
        let desk = Desk::open(&app).await;
        let token = app.personal_token(&ada, "one").await;
        let other = app.personal_token(&ada, "two").await;
        let answer = desk
            .revoke(json!([
                {"token": token.token.reveal(), "url": "https://x.example", "reason": "exposed"},
                {"id": token.id.to_string(), "reason": reason},
                {"token": other.token.reveal(), "url": "https://x.example", "reason": "exposed"},
            ]))
            .await;
        let spared = match policy {
            "quarantine" => "quarantined",
            _ => "not_revoked",
        };
        assert_eq!(
            statuses(&answer),
            ["revoked", "revoked", spared],
            "{policy}"
        );
        let dead = "SELECT count(*) FROM tokens WHERE revoked_reason = 'exposed'";
        assert_eq!(app.number(dead).await, 1, "{policy}");
    }
}

/// The breaker watches what is claimed to have leaked, and not what operators end anyway.
#[tokio::test]
async fn what_an_operator_names_as_well_opens_no_breaker() {
    let policy = "[policy]\nbreaker_revocations = 1";
    let app = TestApp::builder().settings(policy).start().await;
    let ada = app.user("ada@example.com").await;
    let desk = Desk::open(&app).await;
    let exposed = |text: &str| json!({"token": text, "url": "https://x.example"});
    let mut items = Vec::new();
    for name in ["one", "two", "three"] {
        let token = app.personal_token(&ada, name).await;
        items.push(exposed(token.token.reveal()));
        items.push(json!({"id": token.id.to_string(), "reason": "operator"}));
    }
    assert_eq!(statuses(&desk.revoke(json!(items)).await), ["revoked"; 6]);
    assert!(breakers::list(&app.ctx).await.unwrap().is_empty());
    // What nobody but a report names is counted.
    for (name, status) in [("four", "revoked"), ("five", "quarantined")] {
        let token = app.personal_token(&ada, name).await;
        let answer = desk.revoke(json!([exposed(token.token.reveal())])).await;
        assert_eq!(statuses(&answer), [status], "{name}");
    }
}

#[tokio::test]
async fn a_place_that_is_known_keeps_its_record() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let desk = Desk::open(&app).await;
    let token = app.personal_token(&ada, "one").await;
    let text = token.token.reveal();
    let url = "https://github.com/acme/app";
    app.github().report(&[report_at(text, url)]).await;
    let again = json!([
        {"token": text, "url": url},
        {"token": text, "url": "https://elsewhere.example"},
    ]);
    let answer = json_of(&desk.revoke(again).await);
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items[0]["status"], "already_revoked");
    assert_eq!(items[0]["state_before"], "revoked");
    let key = app.service_key("exposures:read").await.token;
    for (item, origin) in items.iter().zip(["github", "internal"]) {
        let id = item["exposure_id"].as_str().unwrap();
        let request = app.http.get(format!("{}/v1/exposures/{id}", app.url));
        let answer = request.bearer_auth(key.reveal()).send().await.unwrap();
        let record: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(record["origin"], origin);
    }
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 2);
}

#[tokio::test]
async fn a_dry_run_tells_and_changes_nothing() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let desk = Desk::open(&app).await;
    let family = app.family(&ada).await;
    let items = json!([{"token": family.refresh.token.reveal()}]);
    let body = json!({"items": items, "dry_run": true});
    let told = json_of(&desk.send(&body, Some("same")).await);
    assert_eq!(told["dry_run"], true);
    assert_eq!(told["items"][0]["status"], "revoked");
    assert_eq!(told["items"][0]["revoked_with_it"], 4);
    assert!(told["items"][0].get("exposure_id").is_none());
    for member in family.all() {
        assert!(app.is_active(&member.token).await);
    }
    assert!(app.read_mail().await.is_empty());
    for table in ["exposures", "outbox", "idempotency_keys"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(app.number(&count).await, 0, "{table}");
    }
    let done = json_of(&desk.send(&json!({ "items": items }), Some("same")).await);
    assert_eq!(done["items"][0]["revoked_with_it"], 4);
    assert!(!app.is_active(&family.access.token).await);
}

#[tokio::test]
async fn every_kind_can_be_named_and_a_service_may_end_its_own_key() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let desk = Desk::open(&app).await;
    let mut items = Vec::new();
    for kind in TokenKind::ALL {
        let token = app.token_of(kind, &cast).await.token;
        items.push(json!({"token": token.reveal(), "url": "https://x.example"}));
    }
    items.push(json!({"token": desk.key.reveal()}));
    let answer = desk.revoke(Value::Array(items.clone())).await;
    assert_eq!(statuses(&answer), vec!["revoked"; items.len()]);
    assert_eq!(desk.revoke(json!([])).await.status, 401);
}

#[tokio::test]
async fn a_token_of_which_only_facts_are_kept_is_found_by_its_id_as_well() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let desk = Desk::open(&app).await;
    let token = app.token_of(TokenKind::CustomerSessionToken, &cast).await;
    let id = token.id.to_string();
    app.clock.advance(Duration::from_secs(40 * 86_400));
    let what = Ended::Tokens(TokenKind::CustomerSessionToken);
    let pruned = retention::prune(&app.ctx, what, &Batches::all()).await;
    assert_eq!(pruned.unwrap().rows, 1);
    let unknown = "0192a3c4-0000-7000-8000-000000000000";
    let items = json!([{"id": id}, {"id": unknown}, {"token": token.token.reveal()}]);
    let answer = desk.revoke(items.clone()).await;
    assert_eq!(statuses(&answer), ["revoked", "unknown", "revoked"]);
    assert_eq!(json_of(&answer)["items"][0]["token_id"], id);
    assert_eq!(app.number("SELECT count(*) FROM spent_tokens").await, 0);
    let again = desk.revoke(items).await;
    assert_eq!(
        statuses(&again),
        ["already_revoked", "unknown", "already_revoked"]
    );
}

/// Pruning takes some of them away between reading and writing, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_pruned_meanwhile_is_written_down_all_the_same() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let desk = Desk::open(&app).await;
    let kinds = std::iter::repeat_n(TokenKind::AccessToken, 600);
    let tokens = app.tokens_of(kinds, &cast).await;
    app.clock.advance(Duration::from_secs(40 * 86_400));
    let revoking = async {
        for some in tokens.chunks(100) {
            let item =
                |token: &PlainToken| json!({"token": token.reveal(), "url": "https://x.test/1"});
            let items: Vec<_> = some.iter().map(item).collect();
            let answer = desk.revoke(json!(items)).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    };
    let prune = || async {
        let what = Ended::Tokens(TokenKind::AccessToken);
        retention::prune(&app.ctx, what, &Batches::all()).await
    };
    let (.., one, other) = tokio::join!(revoking, prune(), prune());
    one.unwrap();
    other.unwrap();
    let exposures = "SELECT count(DISTINCT token_id) FROM exposures";
    assert_eq!(app.number(exposures).await, 600);
}
