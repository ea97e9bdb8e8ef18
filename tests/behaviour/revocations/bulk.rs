//! `/v1/revocations/bulk`: everything of an owner, a client or a kind.

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::domain::bulk_revocations;
use tokenward::jobs::RevokeInBulk;
use tokenward::model::TokenKind;
use tokio_util::sync::CancellationToken;

use super::Desk;
use crate::support::{Answer, TestApp};

impl Desk<'_> {
    async fn bulk(&self, body: &Value) -> Answer {
        self.bulk_named(body, None).await
    }

    async fn bulk_named(&self, body: &Value, name: Option<&str>) -> Answer {
        let request = self
            .app
            .http
            .post(format!("{}/v1/revocations/bulk", self.app.url));
        let mut request = request.bearer_auth(self.key.reveal()).json(body);
        if let Some(name) = name {
            request = request.header("idempotency-key", name);
        }
        Answer::read(request.send().await.expect("the service answers")).await
    }

    async fn progress(&self, path: &str) -> Value {
        let request = self.app.http.get(format!("{}{path}", self.app.url));
        let request = request.bearer_auth(self.key.reveal());
        let answer = Answer::read(request.send().await.expect("the service answers")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }
}

fn job(app: &TestApp) -> RevokeInBulk {
    RevokeInBulk {
        ctx: app.ctx.clone(),
        metrics: app.metrics.clone(),
    }
}

async fn work(app: &TestApp) {
    job(app).round(&CancellationToken::new()).await.unwrap();
}

#[tokio::test]
async fn everything_of_a_user_dies_and_nothing_else() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.cast("ada").await, app.cast("bob").await);
    let desk = Desk::open(&app).await;
    // More than what is found at once, twice, and a family beside them.
    let kinds = std::iter::repeat_n(TokenKind::PersonalAccessToken, 1_100);
    let many = app.tokens_of(kinds, &ada).await;
    let family = app.family(&ada.user).await;
    let session = app.token_of(TokenKind::UserSessionToken, &ada).await.token;
    let spared = app
        .token_of(TokenKind::PersonalAccessToken, &bob)
        .await
        .token;
    let body = json!({"user_id": ada.user.id.to_string(), "dry_run": true});
    let counted = desk.bulk(&body).await;
    assert_eq!(counted.json(), json!({"dry_run": true, "counted": 1_106}));
    let begun = desk
        .bulk(&json!({"user_id": ada.user.id.to_string()}))
        .await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    let path = begun.headers["location"].to_str().unwrap();
    assert_eq!(desk.progress(path).await["counted"], 1_106);
    assert_eq!(desk.progress(path).await["finished_at"], Value::Null);
    app.clock.advance(Duration::from_secs(1));
    let later = app
        .token_of(TokenKind::PersonalAccessToken, &ada)
        .await
        .token;

    work(&app).await;

    let done = desk.progress(path).await;
    assert_eq!(
        (&done["revoked"], &done["counted"]),
        (&json!(1_106), &json!(1_106))
    );
    assert!(done["finished_at"].is_string());
    let live = "SELECT count(*) FROM tokens WHERE revoked_at IS NULL AND kind <> 'service_key'";
    assert_eq!(app.number(live).await, 2);
    for dead in [
        &many[0],
        &many[1_099],
        &session,
        &family.rotated_refresh.token,
    ] {
        assert!(!app.is_active(dead).await);
    }
    assert!(app.is_active(&spared).await && app.is_active(&later).await);
    let reasons = "SELECT DISTINCT revoked_reason FROM tokens WHERE revoked_at IS NOT NULL";
    assert_eq!(app.rows(reasons).await, [["operator"]]);
    assert!(app.read_mail().await.is_empty());
}

#[tokio::test]
async fn tokens_are_chosen_by_what_they_have_in_common() {
    for (which, expected) in [
        (json!({"kind": "personal_access_token"}), &["personal"][..]),
        (json!({"client_id": "CLIENT"}), &["access", "secret"]),
        (json!({"grant_id": "GRANT"}), &["access"]),
        (
            json!({"organization_id": "ORGANIZATION"}),
            &["customer", "organization"],
        ),
        (json!({"customer": "customer-17"}), &["customer"]),
        (json!({"customer": "customer-1"}), &[]),
        (
            json!({"client_id": "CLIENT", "kind": "client_secret"}),
            &["secret"],
        ),
        (json!({"created_before": "2026-09-21T14:13:20Z"}), &[]),
        (
            json!({"created_before": "2099-01-01T00:00:00Z", "kind": "access_token"}),
            &["access"],
        ),
    ] {
        let app = TestApp::start().await;
        let cast = app.cast("ada").await;
        let desk = Desk::open(&app).await;
        let kinds = [
            ("access", TokenKind::AccessToken),
            ("customer", TokenKind::CustomerSessionToken),
            ("organization", TokenKind::OrganizationAccessToken),
            ("personal", TokenKind::PersonalAccessToken),
            ("secret", TokenKind::ClientSecret),
        ];
        let tokens = app.tokens_of(kinds.map(|(_, kind)| kind), &cast).await;
        let body = which
            .to_string()
            .replace("CLIENT", &cast.client_id)
            .replace("GRANT", &cast.grant.to_string())
            .replace("ORGANIZATION", &cast.organization.id.to_string());
        let begun = desk.bulk(&serde_json::from_str(&body).unwrap()).await;
        assert_eq!(begun.status, 202, "{body} {}", begun.text);
        work(&app).await;
        let mut dead = Vec::new();
        for ((name, _), token) in kinds.iter().zip(&tokens) {
            if !app.is_active(token).await {
                dead.push(*name);
            }
        }
        assert_eq!(dead, expected, "{body}");
    }
}

/// Whoever stole a refresh token goes on refreshing; what that makes is younger than the request.
#[tokio::test]
async fn a_family_that_is_refreshed_before_its_turn_dies_all_the_same() {
    for which in ["user_id", "grant_id", "created_before"] {
        let app = TestApp::start().await;
        let ada = app.user("ada@example.com").await;
        let desk = Desk::open(&app).await;
        let family = app.family(&ada).await;
        app.clock.advance(Duration::from_secs(1));
        let body = match which {
            "user_id" => json!({ which: ada.id.to_string() }),
            "grant_id" => json!({ which: family.grant.to_string() }),
            _ => json!({ which: app.clock.now().to_string(), "kind": "refresh_token" }),
        };
        app.clock.advance(Duration::from_secs(1));
        let begun = desk.bulk(&body).await;
        assert_eq!(begun.status, 202, "{body} {}", begun.text);
        app.clock.advance(Duration::from_secs(1));
        let exchanged = "UPDATE tokens SET revoked_at = 1, revoked_reason = 'redeemed'
            WHERE grant_id IS NOT NULL";
        app.database.execute(exchanged).await;
        let mint = |kind| app.mint(kind, &ada, family.client, family.grant);
        let access = mint(TokenKind::AccessToken).await;
        let refresh = mint(TokenKind::RefreshToken).await;
        assert!(app.is_active(&refresh.token).await);

        work(&app).await;

        for late in [&access, &refresh] {
            assert!(!app.is_active(&late.token).await, "{which}");
        }
        let open = "SELECT count(*) FROM grants WHERE revoked_at IS NULL";
        assert_eq!(app.number(open).await, 0, "{which}");
    }
}

/// Whoever did not hear the answer asks again, when what it replaced the tokens with is there already.
#[tokio::test]
async fn a_request_under_the_same_name_begins_once() {
    let app = TestApp::start().await;
    let ada = app.cast("ada").await;
    let desk = Desk::open(&app).await;
    let stolen = app.token_of(TokenKind::PersonalAccessToken, &ada).await;
    let body = json!({"user_id": ada.user.id.to_string()});
    let counting = json!({"user_id": ada.user.id.to_string(), "dry_run": true});
    let counted = desk.bulk_named(&counting, Some("laptop")).await;
    assert_eq!(counted.status, 200, "that takes no name");
    let first = desk.bulk_named(&body, Some("laptop")).await;
    assert_eq!(first.status, 202, "{}", first.text);
    work(&app).await;
    app.clock.advance(Duration::from_secs(1));
    let new = app.token_of(TokenKind::PersonalAccessToken, &ada).await;

    let again = desk.bulk_named(&body, Some("laptop")).await;

    assert_eq!(again.status, 202, "{}", again.text);
    assert_eq!(again.headers["location"], first.headers["location"]);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(again.json()["revoked"], 1, "how far it has come");
    work(&app).await;
    assert!(!app.is_active(&stolen.token).await && app.is_active(&new.token).await);
    let other = json!({"kind": "personal_access_token"});
    let answer = desk.bulk_named(&other, Some("laptop")).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert_eq!(app.number("SELECT count(*) FROM bulk_revocations").await, 1);
}

#[tokio::test]
async fn work_that_stopped_is_taken_up_where_it_was() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let desk = Desk::open(&app).await;
    let kinds = std::iter::repeat_n(TokenKind::PersonalAccessToken, 28);
    app.tokens_of(kinds, &cast).await;
    let begun = desk
        .bulk(&json!({"user_id": cast.user.id.to_string()}))
        .await;
    let path = begun.headers["location"].to_str().unwrap();
    // A worker does one batch and disappears; its claim holds for a minute.
    let mut claimed = bulk_revocations::claim(&app.ctx, None)
        .await
        .unwrap()
        .unwrap();
    let batch = bulk_revocations::advance(&app.ctx, &mut claimed)
        .await
        .unwrap();
    assert_eq!((batch.revoked.len(), batch.finished), (20, false));
    work(&app).await;
    assert_eq!(
        desk.progress(path).await["revoked"],
        20,
        "somebody else holds it"
    );
    app.clock.advance(Duration::from_secs(61));
    work(&app).await;
    let done = desk.progress(path).await;
    assert_eq!(done["revoked"], 28);
    assert!(done["finished_at"].is_string());
    // The first one comes back late, and does nothing twice.
    let batch = bulk_revocations::advance(&app.ctx, &mut claimed)
        .await
        .unwrap();
    assert!(batch.finished && batch.revoked.is_empty());
    assert_eq!(desk.progress(path).await, done);
}

#[tokio::test]
async fn the_first_thousand_die_without_rest() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let desk = Desk::open(&app).await;
    let kinds = std::iter::repeat_n(TokenKind::PersonalAccessToken, 1_020);
    app.tokens_of(kinds, &cast).await;
    desk.bulk(&json!({"user_id": cast.user.id.to_string()}))
        .await;
    let mut claimed = bulk_revocations::claim(&app.ctx, None)
        .await
        .unwrap()
        .unwrap();
    let (mut revoked, took) = (0, Duration::from_millis(5));
    while revoked < 1_000 {
        assert_eq!(claimed.rest_after(took), Duration::ZERO, "{revoked}");
        let batch = bulk_revocations::advance(&app.ctx, &mut claimed).await;
        revoked += batch.unwrap().revoked.len();
    }
    assert!(claimed.rest_after(took) > took);
}

#[tokio::test]
async fn whoever_forgets_to_say_which_revokes_nothing() {
    let app = TestApp::start().await;
    let desk = Desk::open(&app).await;
    for wrong in [
        json!({}),
        json!({"user_id": null, "kind": null}),
        json!({"dry_run": true}),
        json!({"user_id": "x"}),
        json!({"user_id": 7}),
        json!({"kind": "everything"}),
        json!({"client_id": "polar_ci_nobody"}),
        json!({"customer": ""}),
        json!({"customer": 17}),
        json!({"created_before": "yesterday"}),
        json!({"kind": "access_token", "reason": "exposed"}),
        json!({"kind": "access_token", "created_befor": "2020-01-01T00:00:00Z"}),
        json!({"kind": "access_token", "dryrun": true}),
        json!({"kind": "access_token", "user_id": null}),
        json!({"kind": "access_token", "dry_run": null}),
    ] {
        let answer = desk.bulk(&wrong).await;
        assert_eq!(answer.status, 422, "{wrong} {}", answer.text);
    }
    assert_eq!(app.number("SELECT count(*) FROM bulk_revocations").await, 0);
    let other = app.service_key("exposures:read").await.token;
    let other = Desk {
        app: &app,
        key: other,
    };
    assert_eq!(
        other.bulk(&json!({"kind": "access_token"})).await.status,
        403
    );
    let nobody = "/v1/revocations/bulk/01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11";
    let request = app.http.get(format!("{}{nobody}", app.url));
    let answer = request.bearer_auth(desk.key.reveal()).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

/// A job does it, in the name of whoever ordered it.
#[tokio::test]
async fn the_audit_log_says_who_ordered_each_death() {
    let app = TestApp::start().await;
    let ada = app.cast("ada").await;
    app.token_of(TokenKind::PersonalAccessToken, &ada).await;
    let desk = Desk::open(&app).await;
    let body = json!({"user_id": ada.user.id.to_string()});
    assert_eq!(desk.bulk(&body).await.status, 202);
    work(&app).await;
    let who = "SELECT event, actor_kind FROM audit_log
         WHERE event IN ('token.revoked', 'bulk_revocation.begun') ORDER BY event";
    let expected = [
        ["bulk_revocation.begun", "service"],
        ["token.revoked", "service"],
    ];
    assert_eq!(app.rows(who).await, expected);
    for column in ["actor", "request_id"] {
        let different = format!(
            "SELECT count(DISTINCT {column}) FROM audit_log
             WHERE event IN ('token.revoked', 'bulk_revocation.begun')"
        );
        assert_eq!(app.number(&different).await, 1, "{column}");
    }
}
