//! An origin that reports more than is plausible kills nothing more for good.

use std::time::Duration;

use tokenward::domain::tokens::Issued;
use tokenward::domain::{breakers, live_tokens, quarantines};
use tokenward::model::{Origin, PlainToken, QuarantineEnd, TokenKind, User};

use super::{policy_shown, under};
use crate::support::{TestApp, is_postgres, report};

const BREAKER: &str = "breaker_revocations = 3\nbreaker_window = '1h'\nbreaker_quiet_for = '6h'";

async fn some(app: &TestApp, user: &User, number: usize) -> Vec<Issued> {
    let mut made = Vec::new();
    for one in 0..number {
        made.push(app.personal_token(user, &format!("{one}")).await);
    }
    made
}

async fn leak(app: &TestApp, tokens: &[Issued]) {
    let reports: Vec<_> = tokens.iter().map(|one| report(&one.token)).collect();
    let answer = app.github().report(&reports).await;
    assert!(answer.labels().iter().all(|label| label == "true_positive"));
}

async fn count(app: &TestApp, reason: &str) -> i64 {
    let statement = format!("SELECT count(*) FROM tokens WHERE revoked_reason = '{reason}'");
    app.number(&statement).await
}

#[tokio::test]
async fn what_is_beyond_the_limit_goes_into_quarantine_and_operators_are_called_once() {
    let app = under(BREAKER).await;
    let ada = app.user("ada@example.com").await;
    let tokens = some(&app, &ada, 7).await;
    leak(&app, &tokens[..2]).await;
    assert_eq!(count(&app, "exposed").await, 2);
    leak(&app, &tokens[2..5]).await;
    assert_eq!(
        (
            count(&app, "exposed").await,
            count(&app, "quarantined").await
        ),
        (3, 2)
    );
    leak(&app, &tokens[5..]).await;
    assert_eq!(
        (
            count(&app, "exposed").await,
            count(&app, "quarantined").await
        ),
        (3, 4)
    );
    for token in &tokens {
        assert!(!app.is_active(&token.token).await);
    }
    let by = "SELECT count(*) FROM exposures WHERE decided_by = 'breaker'";
    assert_eq!(app.number(by).await, 4);
    let mails = app.read_mail().await;
    let calls = mails
        .iter()
        .filter(|mail| mail.to == "security@tokenward.test");
    assert_eq!(calls.count(), 1, "once for each opening");
    let metrics = app.get("/metrics").await.text().await.unwrap();
    assert!(
        metrics.contains("tokenward_breaker_open{origin=\"github\"} 1"),
        "{metrics}"
    );
    assert_eq!(app.get("/readyz").await.status(), 200);
}

/// Origins repeat what they were not answered, and others report the same token again.
#[tokio::test]
async fn what_the_breaker_held_back_stays_there_when_it_is_reported_again() {
    let app = under(BREAKER).await;
    let ada = app.user("ada@example.com").await;
    let tokens = some(&app, &ada, 5).await;
    let both = async || {
        let exposed = count(&app, "exposed").await;
        (exposed, count(&app, "quarantined").await)
    };
    for _ in 0..3 {
        leak(&app, &tokens).await;
        assert_eq!(both().await, (3, 2));
    }
    // As an operator says: these are leaked.
    assert!(breakers::close(&app.ctx, &Origin::GITHUB).await.unwrap());
    leak(&app, &tokens).await;
    assert_eq!(both().await, (5, 0));
    let open = quarantines::list(&app.ctx, None, 10).await.unwrap();
    assert!(open.is_empty(), "{open:?}");
}

#[tokio::test]
async fn a_token_that_was_exchanged_counts_as_long_as_its_family_lives() {
    let app = under("breaker_revocations = 1").await;
    let ada = app.user("ada@example.com").await;
    leak(&app, &some(&app, &ada, 2).await).await;
    assert_eq!(count(&app, "quarantined").await, 1);
    let family = app.family(&ada).await;
    let id = family.refresh.id.uuid();
    let id = match is_postgres() {
        true => format!("'{id}'"),
        false => format!("x'{}'", id.simple()),
    };
    let exchanged = format!(
        "UPDATE tokens SET revoked_at = created_at, revoked_reason = 'redeemed' WHERE id = {id}"
    );
    app.database.execute(&exchanged).await;
    assert!(!app.is_active(&family.refresh.token).await);

    for _ in 0..2 {
        leak(&app, std::slice::from_ref(&family.refresh)).await;
        assert_eq!(count(&app, "relative_exposed").await, 0);
        assert!(!app.is_active(&family.rotated_refresh.token).await);
    }

    let open = quarantines::find(&app.ctx, family.refresh.id)
        .await
        .unwrap();
    let back = quarantines::settle(&app.ctx, open.id, QuarantineEnd::Release).await;
    assert!(!back.unwrap().tokens.is_empty());
    assert!(app.is_active(&family.rotated_refresh.token).await);

    leak(&app, std::slice::from_ref(&family.refresh)).await;
    assert!(breakers::close(&app.ctx, &Origin::GITHUB).await.unwrap());
    leak(&app, std::slice::from_ref(&family.refresh)).await;
    assert!(count(&app, "relative_exposed").await > 0);
    let open = quarantines::find(&app.ctx, family.refresh.id).await;
    assert!(open.is_err(), "it is finished");
}

#[tokio::test]
async fn what_has_nothing_left_to_end_opens_no_breaker() {
    let app = under(BREAKER).await;
    let cast = app.cast("ada").await;
    let kinds = std::iter::repeat_n(TokenKind::CustomerSessionToken, 5);
    let tokens = app.tokens_of(kinds, &cast).await;
    app.clock.advance(Duration::from_secs(400 * 86_400));
    let reports: Vec<_> = tokens.iter().map(report).collect();
    app.github().report(&reports).await;
    assert_eq!(count(&app, "exposed").await, 5);
    assert!(breakers::list(&app.ctx).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_window_that_is_over_counts_anew() {
    let app = under(BREAKER).await;
    let ada = app.user("ada@example.com").await;
    let tokens = some(&app, &ada, 6).await;
    leak(&app, &tokens[..3]).await;
    leak(&app, &tokens[..3]).await;
    app.clock.advance(Duration::from_secs(3_600));
    leak(&app, &tokens[3..]).await;
    assert_eq!(
        (
            count(&app, "exposed").await,
            count(&app, "quarantined").await
        ),
        (6, 0)
    );
}

#[tokio::test]
async fn an_open_breaker_closes_by_command_or_after_a_quiet_time() {
    for by_command in [true, false] {
        let app = under(BREAKER).await;
        let ada = app.user("ada@example.com").await;
        let tokens = some(&app, &ada, 8).await;
        leak(&app, &tokens[..4]).await;
        app.clock.advance(Duration::from_secs(3 * 3_600));
        leak(&app, &tokens[4..5]).await;
        assert_eq!(
            (
                count(&app, "exposed").await,
                count(&app, "quarantined").await
            ),
            (3, 2)
        );
        app.clock.advance(Duration::from_secs(6 * 3_600 - 1));
        if by_command {
            assert!(breakers::close(&app.ctx, &Origin::GITHUB).await.unwrap());
            assert!(!breakers::close(&app.ctx, &Origin::GITHUB).await.unwrap());
        } else {
            app.clock.advance(Duration::from_secs(1));
        }
        leak(&app, &tokens[5..]).await;
        assert_eq!(
            (
                count(&app, "exposed").await,
                count(&app, "quarantined").await
            ),
            (6, 2)
        );
    }
}

#[tokio::test]
async fn a_share_of_all_working_tokens_is_a_limit_as_well() {
    let times = "breaker_window = '2h'\nbreaker_quiet_for = '3h'";
    let app = under(&format!("breaker_share = '40%'\n{times}")).await;
    let key = app.service_key("exposures:read").await.token;
    let tokens = many(&app, 299).await;
    live_tokens::refresh(&app.ctx).await.unwrap();
    assert_eq!(app.ctx.live_tokens.estimate(), Some(300));
    let shown = policy_shown(&app, &key).await;
    assert_eq!(shown["live_tokens"], 300);
    assert_eq!(shown["breaker_share_percent"], 40);
    assert_eq!(shown["breaker_window_seconds"], 7_200);
    assert_eq!(shown["breaker_quiet_seconds"], 10_800);
    assert_eq!(shown["origins"][0]["breaker"]["limit"], 120);

    let reports: Vec<_> = tokens[..130].iter().map(report).collect();
    app.github().report(&reports).await;

    let dead = (
        count(&app, "exposed").await,
        count(&app, "quarantined").await,
    );
    assert_eq!(dead, (120, 10));
    // What is dead is no longer counted, whatever it died of.
    live_tokens::refresh(&app.ctx).await.unwrap();
    assert_eq!(app.ctx.live_tokens.estimate(), Some(170));
}

#[tokio::test]
async fn a_share_of_few_tokens_stops_nobody() {
    let app = under("breaker_share = '1%'").await;
    let ada = app.user("ada@example.com").await;
    let tokens = some(&app, &ada, 5).await;
    live_tokens::refresh(&app.ctx).await.unwrap();
    leak(&app, &tokens).await;
    assert_eq!(count(&app, "exposed").await, 5);
}

async fn many(app: &TestApp, number: usize) -> Vec<PlainToken> {
    let cast = app.cast("many").await;
    let kinds = std::iter::repeat_n(TokenKind::PersonalAccessToken, number);
    app.tokens_of(kinds, &cast).await
}

#[tokio::test]
async fn deliveries_at_once_do_not_slip_past_together() {
    let app = under("breaker_revocations = 10").await;
    let ada = app.user("ada@example.com").await;
    let tokens = some(&app, &ada, 32).await;
    let deliveries = tokens.chunks(4).map(|some| leak(&app, some));
    futures_util::future::join_all(deliveries).await;
    assert_eq!(
        (
            count(&app, "exposed").await,
            count(&app, "quarantined").await
        ),
        (10, 22)
    );
    let opened = "SELECT count(*) FROM outbox WHERE recipient = 'security@tokenward.test'";
    assert_eq!(app.number(opened).await, 1);
}
