//! Refresh tokens (RFC 6749 6, RFC 9700 4.14): rotated each time, and never two live branches.

use std::time::Duration;

use futures_util::future::{join, join_all};
use tokenward::domain::{leaked_uses, users};
use tokenward::model::{ClientStanding, GrantRequest, GrantType, PlainToken};
use tokenward::storage::clients;

use crate::desk::{Answer, Party, metadata};
use crate::support::{TestApp, eventually, report};

/// A client with a first pair of tokens.
async fn connected(app: &TestApp) -> (Party, Answer) {
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let code = app.plain_code(&party, &ada).await;
    let tokens = app.exchange(&party, &code).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    (party, tokens)
}

fn refresh_token(answer: &Answer) -> String {
    answer.member("refresh_token")
}

fn access_token(answer: &Answer) -> String {
    answer.member("access_token")
}

#[tokio::test]
async fn a_refresh_token_is_replaced_each_time_and_its_access_token_with_it() {
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    let mut last = first;
    for _ in 0..3 {
        let next = app.refresh(&party, &refresh_token(&last)).await;
        assert_eq!(next.status, 200, "{}", next.text);
        assert_eq!(next.json()["scope"], "email openid orders:read");
        assert!(next.json()["id_token"].is_string());
        assert!(!app.works(&access_token(&last)).await);
        assert!(!app.works(&refresh_token(&last)).await);
        assert!(app.works(&access_token(&next)).await);
        last = next;
    }
    app.everything_is_in_the_audit_log().await;
}

/// Abuse case 30: the answer was lost, and nobody has used what was in it.
#[tokio::test]
async fn a_lost_answer_is_answered_again_with_a_fresh_pair() {
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    let lost = app.refresh(&party, &refresh_token(&first)).await;
    let again = app.refresh(&party, &refresh_token(&first)).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert_ne!(refresh_token(&lost), refresh_token(&again));
    assert!(!app.works(&access_token(&lost)).await, "one live branch");
    assert!(app.works(&access_token(&again)).await);
    let next = app.refresh(&party, &refresh_token(&again)).await;
    assert_eq!(next.status, 200, "{}", next.text);
    app.everything_is_in_the_audit_log().await;
}

/// The double click whose first answer wins: what it holds was taken back in favour of the second.
#[tokio::test]
async fn whichever_answer_of_a_double_click_is_kept_works_on() {
    for kept in [0, 1] {
        let app = TestApp::start().await;
        let (party, first) = connected(&app).await;
        let text = refresh_token(&first);
        let (one, other) = join(app.refresh(&party, &text), app.refresh(&party, &text)).await;
        assert_eq!((one.status, other.status), (200, 200));
        let kept = [one, other][kept].member("refresh_token");
        let next = app.refresh(&party, &kept).await;
        assert_eq!(next.status, 200, "{}", next.text);
        assert!(app.works(&access_token(&next)).await);
        assert_eq!(live(&app).await, (1, 1));
    }
}

/// Access and refresh tokens that work, as the database says.
async fn live(app: &TestApp) -> (i64, i64) {
    let count = |kind: &str| format!("SELECT count(*) FROM usable_tokens WHERE kind = '{kind}'");
    (
        app.number(&count("access_token")).await,
        app.number(&count("refresh_token")).await,
    )
}

/// Abuse case 31.
#[tokio::test]
async fn of_16_parallel_refreshes_one_branch_lives() {
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    let text = refresh_token(&first);
    let answers = join_all((0..16).map(|_| app.refresh(&party, &text))).await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(live(&app).await, (1, 1));
}

/// Abuse case 29.
#[tokio::test]
async fn a_replay_after_the_successor_was_exchanged_kills_the_family_and_its_owner_is_told() {
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    let second = app.refresh(&party, &refresh_token(&first)).await;
    let third = app.refresh(&party, &refresh_token(&second)).await;
    let replay = app.refresh(&party, &refresh_token(&first)).await;
    assert_eq!(
        (replay.status, replay.error().as_str()),
        (400, "invalid_grant")
    );
    assert!(!app.works(&access_token(&third)).await);
    let refused = app.refresh(&party, &refresh_token(&third)).await;
    assert_eq!(refused.error(), "invalid_grant");
    assert_eq!(live(&app).await, (0, 0));

    let exposures = app.rows("SELECT origin, state_before FROM exposures").await;
    assert_eq!(exposures, [["replay", "revoked"]]);
    // However often the thief comes back.
    app.refresh(&party, &refresh_token(&first)).await;
    let mail = app.read_mail().await;
    assert_eq!(mail.len(), 1);
    assert_eq!(mail[0].to, "ada@example.com");
    assert!(mail[0].subject.contains("Engine"), "{}", mail[0].subject);
    app.everything_is_in_the_audit_log().await;
}

/// The thief was faster, or the client was: either way somebody has used what the token was
/// exchanged for.
#[tokio::test]
async fn a_replay_after_the_access_token_was_used_kills_the_family() {
    for flushed in [false, true] {
        let app = TestApp::start().await;
        let (party, first) = connected(&app).await;
        let second = app.refresh(&party, &refresh_token(&first)).await;
        assert!(app.works(&access_token(&second)).await);
        if flushed {
            tokenward::domain::usage::flush(&app.ctx).await.unwrap();
        }
        let replay = app.refresh(&party, &refresh_token(&first)).await;
        assert_eq!(replay.error(), "invalid_grant", "flushed: {flushed}");
        assert_eq!(live(&app).await, (0, 0));
    }
}

/// The access token was used where another replica answers: the one that is asked to refresh knows.
#[tokio::test]
async fn the_first_use_is_known_to_every_replica_long_before_others() {
    let never = "[tokens]\nlast_used_flush_interval = \"1h\"";
    let app = TestApp::builder().settings(never).with_jobs().start().await;
    let other = TestApp::builder()
        .database(app.database.clone())
        .settings(never)
        .with_jobs()
        .start()
        .await;
    let (party, first) = connected(&app).await;
    let second = app.refresh(&party, &refresh_token(&first)).await;
    assert!(other.works(&access_token(&second)).await);
    let used = "SELECT count(*) FROM tokens
         WHERE kind = 'access_token' AND last_used_at IS NOT NULL AND revoked_at IS NULL";
    eventually("the first use is written down", async || {
        app.number(used).await == 1
    })
    .await;
    let replay = app.refresh(&party, &refresh_token(&first)).await;
    assert_eq!(replay.error(), "invalid_grant");
    assert_eq!(live(&app).await, (0, 0));
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_a_replay_once_its_replacement_was_used() {
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    let taken_back = app.refresh(&party, &refresh_token(&first)).await;
    let replacement = app.refresh(&party, &refresh_token(&first)).await;
    assert!(app.works(&access_token(&replacement)).await);
    let replay = app.refresh(&party, &refresh_token(&taken_back)).await;
    assert_eq!(replay.error(), "invalid_grant");
    assert_eq!(live(&app).await, (0, 0));
}

/// Abuse case 32 (Keycloak 51312).
#[tokio::test]
async fn nothing_that_is_minted_while_a_family_is_revoked_survives() {
    for _ in 0..10 {
        let app = TestApp::start().await;
        let (party, first) = connected(&app).await;
        let text = refresh_token(&first);
        let parameters = [("token", text.as_str())];
        let refreshing = join_all((0..4).map(|_| app.refresh(&party, &text)));
        let revoking = app.post_as(&party, "revoke", &parameters);
        let (answers, revoked) = join(refreshing, revoking).await;
        assert_eq!(revoked.status, 200);
        assert_eq!(live(&app).await, (0, 0));
        for answer in answers.iter().filter(|answer| answer.status == 200) {
            assert!(!app.works(&access_token(answer)).await);
            let refused = app.refresh(&party, &refresh_token(answer)).await;
            assert_eq!(refused.error(), "invalid_grant");
        }
    }
}

#[tokio::test]
async fn nothing_that_is_minted_while_a_token_leaks_survives() {
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    let text = refresh_token(&first);
    let leaked = PlainToken::new(text.clone());
    let reports = [report(&leaked)];
    let refreshing = join_all((0..4).map(|_| app.refresh(&party, &text)));
    let github = app.github();
    let (_, sent) = join(refreshing, github.report(&reports)).await;
    assert_eq!(sent.status, 200);
    assert_eq!(live(&app).await, (0, 0));
}

#[tokio::test]
async fn whoever_exchanges_a_leaked_refresh_token_is_noticed() {
    for exchanged in [false, true] {
        let app = TestApp::start().await;
        let (party, first) = connected(&app).await;
        let text = refresh_token(&first);
        if exchanged {
            assert_eq!(app.refresh(&party, &text).await.status, 200);
        }
        let leak = report(&PlainToken::new(text.clone()));
        assert_eq!(app.github().report(&[leak]).await.status, 200);
        for _ in 0..2 {
            let refused = app.refresh(&party, &text).await;
            assert_eq!(refused.error(), "invalid_grant", "{exchanged}");
        }
        leaked_uses::flush(&app.ctx).await.unwrap();
        let seen = "SELECT via, address, times FROM leaked_uses";
        let expected = [["token_endpoint", "127.0.0.1", "2"]];
        assert_eq!(app.rows(seen).await, expected, "{exchanged}");
    }
}

/// Abuse case 33, and the last step of oidcc-refresh-token.
#[tokio::test]
async fn a_refresh_token_in_foreign_hands_does_not_work_and_stays_whole() {
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    let stranger = app.confidential("Stranger").await;
    let stolen = app.refresh(&stranger, &refresh_token(&first)).await;
    assert_eq!(
        (stolen.status, stolen.error().as_str()),
        (400, "invalid_grant")
    );
    assert_eq!(
        app.refresh(&party, &refresh_token(&first)).await.status,
        200
    );
}

/// Abuse case 35.
#[tokio::test]
async fn scopes_narrow_for_one_access_token_and_never_widen() {
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    let ask = |token: String, scope: &'static str| {
        let (app, party) = (&app, &party);
        async move {
            let parameters = [
                ("grant_type", "refresh_token"),
                ("refresh_token", token.as_str()),
                ("scope", scope),
            ];
            app.post_as(party, "token", &parameters).await
        }
    };
    let wide = ask(refresh_token(&first), "orders:read orders:write").await;
    assert_eq!(wide.error(), "invalid_scope");
    let narrow = ask(refresh_token(&first), "orders:read").await;
    assert_eq!(narrow.json()["scope"], "orders:read");
    let whole = app.refresh(&party, &refresh_token(&narrow)).await;
    assert_eq!(whole.json()["scope"], "email openid orders:read");
}

/// Abuse case 36.
#[tokio::test]
async fn no_other_token_is_a_refresh_token() {
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    let cast = app.cast("bob").await;
    let personal = app.personal_token(&cast.user, "deploy").await;
    for text in [&access_token(&first), personal.token.reveal(), "nonsense"] {
        assert_eq!(app.refresh(&party, text).await.error(), "invalid_grant");
    }
    assert_eq!(live(&app).await, (1, 1));
}

/// Abuse case 37.
#[tokio::test]
async fn whoever_is_shut_out_gets_no_fresh_tokens() {
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    let ada = users::find(&app.ctx, &"ada@example.com".parse().unwrap())
        .await
        .unwrap();
    users::block(&app.ctx, &ada.email).await.unwrap();
    assert!(!app.works(&access_token(&first)).await);
    let refused = app.refresh(&party, &refresh_token(&first)).await;
    assert_eq!(refused.error(), "invalid_grant");
    users::unblock(&app.ctx, &ada.email).await.unwrap();
    assert_eq!(
        app.refresh(&party, &refresh_token(&first)).await.status,
        200
    );
    // A token that comes again meets the same door.
    users::block(&app.ctx, &ada.email).await.unwrap();
    let refused = app.refresh(&party, &refresh_token(&first)).await;
    assert_eq!(refused.error(), "invalid_grant");

    users::unblock(&app.ctx, &ada.email).await.unwrap();
    let mut tx = app.ctx.db.begin().await.unwrap();
    clients::set_disabled(&mut tx, party.id, Some(app.clock.now()))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let refused = app.refresh(&party, &refresh_token(&first)).await;
    assert_eq!(refused.error(), "invalid_client");
}

/// Abuse case 38.
#[tokio::test]
async fn a_family_ends_when_it_is_idle_and_at_the_latest_when_it_is_old() {
    let day = Duration::from_secs(86_400);
    let app = TestApp::start().await;
    let (party, first) = connected(&app).await;
    app.clock.advance(day * 30);
    let idle = app.refresh(&party, &refresh_token(&first)).await;
    assert_eq!(idle.error(), "invalid_grant");

    let app = TestApp::start().await;
    let (party, mut last) = connected(&app).await;
    for _ in 0..18 {
        app.clock.advance(day * 20);
        last = app.refresh(&party, &refresh_token(&last)).await;
        assert_eq!(last.status, 200, "{}", last.text);
    }
    app.clock.advance(day * 5 - Duration::from_secs(60));
    let last = app.refresh(&party, &refresh_token(&last)).await;
    assert_eq!(
        last.json()["expires_in"],
        60,
        "no token outlives its family"
    );
    app.clock.advance(Duration::from_secs(60));
    let old = app.refresh(&party, &refresh_token(&last)).await;
    assert_eq!(old.error(), "invalid_grant");
}

#[tokio::test]
async fn a_client_without_the_grant_may_not_refresh() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.granted("Engine", &[GrantType::AuthorizationCode]).await;
    let code = app
        .code(&party, &ada, "orders:read", GrantRequest::default())
        .await;
    assert_eq!(app.exchange(&party, &code).await.status, 200);
    let refused = app.refresh(&party, "polar_rt_u_x").await;
    assert_eq!(refused.error(), "unauthorized_client");
}

#[tokio::test]
async fn public_clients_refresh_as_well() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let party = app.public("App").await;
    let code = app.plain_code(&party, &ada).await;
    let first = app.exchange(&party, &code).await;
    let next = app.refresh(&party, &refresh_token(&first)).await;
    assert_eq!(next.status, 200, "{}", next.text);
}

#[tokio::test]
async fn lost_membership_ends_refreshing() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let party = app
        .party(metadata("Engine"), ClientStanding::default())
        .await;
    let code = app.plain_code(&party, &cast.user).await;
    let first = app.exchange(&party, &code).await;
    let limit = format!(
        "UPDATE tokens SET organization_id = (SELECT id FROM organizations)
         WHERE client_id = (SELECT id FROM clients WHERE client_id = '{}')",
        party.client_id
    );
    app.database.execute(&limit).await;
    assert!(app.works(&access_token(&first)).await);
    app.database
        .execute("DELETE FROM organization_members")
        .await;
    assert!(!app.works(&access_token(&first)).await);
    let refused = app.refresh(&party, &refresh_token(&first)).await;
    assert_eq!(refused.error(), "invalid_grant");
}
