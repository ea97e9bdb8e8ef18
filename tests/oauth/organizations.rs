//! `/organizations`: members, roles and applications, for those who are in.

use crate::browser::{Browser, PageAnswer};
use crate::support::{TestApp, address};
use tokenward::domain::members::{self, Refusal};
use tokenward::domain::users;
use tokenward::model::{Organization, Role, User};

const HERE: &str = "/organizations/acme";

/// An organization with an owner, an admin and a member.
struct Stage {
    app: TestApp,
    organization: Organization,
    owner: User,
    admin: User,
    member: User,
}

async fn stage() -> Stage {
    let app = TestApp::start().await;
    let owner = app.user("owner@example.com").await;
    let organization = app.organization("acme", &owner).await;
    let admin = app.user("admin@example.com").await;
    let member = app.user("member@example.com").await;
    app.member(&organization, &admin, Role::Admin).await;
    app.member(&organization, &member, Role::Member).await;
    Stage {
        app,
        organization,
        owner,
        admin,
        member,
    }
}

impl Stage {
    async fn browser(&self, user: &User) -> Browser<'_> {
        let mut browser = self.app.browser();
        browser.sign_in(user.email.as_str()).await;
        browser
    }

    async fn role(&self, user: &User) -> Option<Role> {
        let slug = &self.organization.slug;
        let found = members::find(&self.app.ctx, user.id, slug).await;
        found.ok().map(|found| found.role)
    }
}

fn with(mut fields: Vec<(String, String)>, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let more = more.iter();
    fields.extend(more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}

async fn csrf(browser: &mut Browser<'_>) -> Vec<(String, String)> {
    browser.get("/settings/sessions").await.form_to("/logout")
}

async fn add(browser: &mut Browser<'_>, email: &str, role: &str) -> PageAnswer {
    let fields = with(csrf(browser).await, &[("email", email), ("role", role)]);
    browser.post(HERE, &fields).await
}

async fn set(browser: &mut Browser<'_>, user: &User, role: &str) -> PageAnswer {
    let fields = with(csrf(browser).await, &[("role", role)]);
    browser
        .post(&format!("{HERE}/members/{}", user.id), &fields)
        .await
}

async fn remove(browser: &mut Browser<'_>, user: &User) -> PageAnswer {
    let fields = csrf(browser).await;
    browser
        .post(&format!("{HERE}/members/{}/remove", user.id), &fields)
        .await
}

#[tokio::test]
async fn whoever_is_not_in_finds_nothing() {
    let stage = stage().await;
    let mut nobody = stage.app.browser();
    let page = nobody.get(HERE).await;
    assert_eq!(page.location(), "/login?return_to=%2Forganizations%2Facme");
    let eve = stage.app.user("eve@example.com").await;
    let mut browser = stage.browser(&eve).await;
    let member = format!("{HERE}/members/{}", stage.member.id);
    for path in [
        HERE,
        &member,
        "/organizations/nowhere",
        "/organizations/%3Cb%3E",
    ] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    assert_eq!(
        add(&mut browser, "eve@example.com", "owner").await.status,
        404
    );
    assert_eq!(set(&mut browser, &stage.member, "owner").await.status, 404);
    assert_eq!(remove(&mut browser, &stage.member).await.status, 404);
    let list = browser.get("/organizations").await;
    assert!(
        list.status == 200 && !list.text.contains("acme"),
        "{}",
        list.text
    );
    let mut browser = stage.browser(&stage.member).await;
    assert!(
        browser
            .get("/organizations")
            .await
            .text
            .contains("href=\"/organizations/acme\"")
    );
}

#[tokio::test]
async fn a_member_sees_the_others_and_changes_nothing() {
    let stage = stage().await;
    let mut browser = stage.browser(&stage.member).await;
    let page = browser.get(HERE).await;
    assert!(page.text.contains("owner@example.com") && !page.text.contains("id=\"add-member\""));
    assert_eq!(
        add(&mut browser, "eve@example.com", "member").await.status,
        403
    );
    assert_eq!(set(&mut browser, &stage.member, "owner").await.status, 403);
    assert_eq!(remove(&mut browser, &stage.admin).await.status, 403);
    let other = format!("{HERE}/members/{}", stage.owner.id);
    assert_eq!(browser.get(&other).await.status, 404);
    // But everybody may leave.
    let left = remove(&mut browser, &stage.member).await;
    assert_eq!(left.location(), "/organizations");
    assert_eq!(stage.role(&stage.member).await, None);
}

#[tokio::test]
async fn managers_add_change_and_remove() {
    let stage = stage().await;
    let mut browser = stage.browser(&stage.admin).await;
    let bob = stage.app.user("bob@example.com").await;
    let page = browser.get(HERE).await;
    let fields = with(
        page.form("add-member"),
        &[("email", " Bob@Example.com "), ("role", "finance")],
    );
    let added = browser.post(HERE, &fields).await;
    assert_eq!((added.status, added.location()), (303, HERE));
    assert_eq!(stage.role(&bob).await, Some(Role::Finance));
    // Sent twice, it is said what is so.
    assert_eq!(browser.post(HERE, &fields).await.status, 422);
    assert_eq!(set(&mut browser, &bob, "member").await.status, 303);
    assert_eq!(stage.role(&bob).await, Some(Role::Member));
    assert_eq!(remove(&mut browser, &bob).await.location(), HERE);
    assert_eq!(stage.role(&bob).await, None);
    assert_eq!(remove(&mut browser, &bob).await.status, 404);
    let rows = "SELECT actor_kind, actor FROM audit_log
                WHERE event LIKE 'organization.member%' AND actor_kind = 'user'";
    let rows = stage.app.rows(rows).await;
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter().all(|row| row[1] == stage.admin.id.to_string()),
        "{rows:?}"
    );
}

#[tokio::test]
async fn only_owners_make_and_unmake_owners_and_the_last_one_stays() {
    let stage = stage().await;
    let mut admin = stage.browser(&stage.admin).await;
    assert_eq!(set(&mut admin, &stage.admin, "owner").await.status, 403);
    assert_eq!(set(&mut admin, &stage.owner, "member").await.status, 403);
    assert_eq!(remove(&mut admin, &stage.owner).await.status, 403);
    stage.app.user("bob@example.com").await;
    assert_eq!(
        add(&mut admin, "bob@example.com", "owner").await.status,
        403
    );
    let mut owner = stage.browser(&stage.owner).await;
    assert_eq!(set(&mut owner, &stage.owner, "member").await.status, 422);
    assert_eq!(remove(&mut owner, &stage.owner).await.status, 422);
    assert_eq!(stage.role(&stage.owner).await, Some(Role::Owner));
    assert_eq!(set(&mut owner, &stage.admin, "owner").await.status, 303);
    assert_eq!(remove(&mut owner, &stage.owner).await.status, 303);
    assert_eq!(stage.role(&stage.owner).await, None);
}

/// Two owners remove each other: one of them is left.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_owners_at_once_one_is_left() {
    let stage = stage().await;
    let (ctx, slug) = (&stage.app.ctx, &stage.organization.slug);
    for _ in 0..10 {
        let both = [&stage.owner, &stage.admin];
        for user in both {
            stage
                .app
                .member(&stage.organization, user, Role::Owner)
                .await;
        }
        let outcome = tokio::join!(
            members::remove(ctx, both[0], slug, both[1].id),
            members::remove(ctx, both[1], slug, both[0].id),
        );
        let refused = |one: &Result<(), Refusal>| one.is_err();
        assert!(refused(&outcome.0) != refused(&outcome.1), "{outcome:?}");
        let owners = "SELECT count(*) FROM organization_members WHERE role = 'owner'";
        assert_eq!(stage.app.number(owners).await, 1);
    }
}

#[tokio::test]
async fn what_is_typed_wrongly_is_said_and_stays() {
    let stage = stage().await;
    let mut browser = stage.browser(&stage.owner).await;
    for wrong in [
        "nobody@example.com",
        "\"><script>x",
        "",
        "member@example.com",
    ] {
        let page = add(&mut browser, wrong, "member").await;
        assert_eq!(page.status, 422, "{wrong}");
        assert!(page.text.contains("id=\"problem\"") && !page.text.contains("<script>"));
        assert!(page.text.contains("id=\"add-member-email\""));
    }
    assert_eq!(
        add(&mut browser, "admin@example.com", "king").await.status,
        400
    );
    assert_eq!(browser.post(HERE, &[]).await.status, 403);
    let nobody = users::find(&stage.app.ctx, &address("nobody@example.com")).await;
    assert!(nobody.is_err(), "nobody is made by being named");
}
