//! Whoever a leak concerns finds it among their own, and nobody else does.

use tokenward::domain::exposures::owned;
use tokenward::domain::retention;
use tokenward::model::{Id, Owner, TokenKind};

use crate::retention::Batches;
use crate::support::{Cast, TestApp, report, report_at};

/// The kinds of token that an owner finds, in alphabetical order.
async fn kinds(app: &TestApp, owner: Owner) -> Vec<&'static str> {
    let seen = owned::list(&app.ctx, owner, None, 100).await.unwrap();
    let mut kinds: Vec<_> = seen.iter().map(|s| s.known.token.kind.name()).collect();
    kinds.sort_unstable();
    kinds
}

const OF_ADA: [&str; 8] = [
    "access_token",
    "authorization_code",
    "client_registration_token",
    "client_secret",
    "organization_access_token",
    "personal_access_token",
    "refresh_token",
    "user_session_token",
];
const OF_HER_ORGANIZATION: [&str; 2] = ["customer_session_token", "organization_access_token"];

/// A token of each kind of Ada's, in one delivery.
async fn leak_everything(app: &TestApp) -> Cast {
    let cast = app.cast("ada").await;
    let tokens = app.tokens_of(TokenKind::ALL, &cast).await;
    let reports: Vec<_> = tokens.iter().map(report).collect();
    app.github().report(&reports).await;
    cast
}

async fn everybody_finds_theirs(app: &TestApp, cast: &Cast) {
    assert_eq!(kinds(app, Owner::User(cast.user.id)).await, OF_ADA);
    let organization = Owner::Organization(cast.organization.id);
    assert_eq!(kinds(app, organization).await, OF_HER_ORGANIZATION);
}

#[tokio::test]
async fn each_kind_is_found_by_whoever_is_told_of_it() {
    let app = TestApp::start().await;
    let cast = leak_everything(&app).await;
    let other = app.cast("eve").await;
    everybody_finds_theirs(&app, &cast).await;
    assert!(kinds(&app, Owner::User(other.user.id)).await.is_empty());
    let nobody = Owner::User(Id::from_uuid(uuid::Uuid::nil()));
    // What concerns nobody is found by operators only.
    assert!(
        owned::tell(&app.ctx, nobody, any(&app).await)
            .await
            .unwrap()
            .is_none()
    );
}

async fn any(app: &TestApp) -> Id<tokenward::model::Exposure> {
    let filter = tokenward::domain::exposures::ExposureFilter {
        kind: Some(TokenKind::ServiceKey),
        ..Default::default()
    };
    let all = tokenward::domain::exposures::list(&app.ctx, &filter, None, 1).await;
    all.unwrap()[0].exposure.id
}

#[tokio::test]
async fn what_an_earlier_version_wrote_is_found_after_the_next_round() {
    let app = TestApp::start().await;
    let cast = leak_everything(&app).await;
    let users = "SELECT count(user_id) FROM exposures";
    let organizations = "SELECT count(organization_id) FROM exposures";
    let before = (app.number(users).await, app.number(organizations).await);
    let earlier = "UPDATE exposures SET user_id = NULL, organization_id = NULL";
    app.database.execute(earlier).await;
    assert!(kinds(&app, Owner::User(cast.user.id)).await.is_empty());
    let round = async || retention::scrub(&app.ctx, &Batches::all()).await;
    assert_eq!(round().await.unwrap().owned, 10);
    everybody_finds_theirs(&app, &cast).await;
    let after = (app.number(users).await, app.number(organizations).await);
    assert_eq!(after, before);
    assert_eq!(round().await.unwrap().owned, 0);
}

#[tokio::test]
async fn pages_hold_every_exposure_once_newest_first() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "deploy").await;
    for number in 0..5 {
        app.clock.advance(std::time::Duration::from_secs(1));
        let url = format!("https://x.example/{number}");
        let report = report_at(token.token.reveal(), &url);
        app.github().report(&[report]).await;
    }
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = owned::list(&app.ctx, Owner::User(cast.user.id), after, 2).await;
        let page = page.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.exposure.id);
        found.extend(page.into_iter().filter_map(|seen| seen.exposure.url));
    }
    let all: Vec<_> = (0..5)
        .rev()
        .map(|n| format!("https://x.example/{n}"))
        .collect();
    assert_eq!(found, all);
}

#[tokio::test]
async fn what_was_only_observed_is_nobodys_business_yet() {
    let settings = "[policy]\ndefault = \"observe\"";
    let app = TestApp::builder().settings(settings).start().await;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "deploy").await;
    app.github().report(&[report(&token.token)]).await;
    let owner = Owner::User(cast.user.id);
    assert!(kinds(&app, owner).await.is_empty());
    let id = app.rows("SELECT count(*) FROM exposures").await;
    assert_eq!(id[0][0], "1");
    let filter = tokenward::domain::exposures::ExposureFilter::default();
    let all = tokenward::domain::exposures::list(&app.ctx, &filter, None, 1).await;
    let id = all.unwrap()[0].exposure.id;
    assert!(owned::tell(&app.ctx, owner, id).await.unwrap().is_none());
}
