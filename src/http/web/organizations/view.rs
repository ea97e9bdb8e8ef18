//! What is shown of organizations and their members.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::super::error::PageError;
use super::super::page::{Page, Place, Policy, Sending};
use super::super::scopes::{ScopeGroup, groups};
use super::{AddForm, HERE};
use crate::domain::members::{AllowedForOrganization, Member, Membership};
use crate::http::extract::Visitor;
use crate::http::state::ApiState;
use crate::model::{Id, Role, Slug, Timestamp, User};

const fn role_text(role: Role) -> &'static str {
    match role {
        Role::Owner => "role-owner",
        Role::Admin => "role-admin",
        Role::Finance => "role-finance",
        Role::Member => "role-member",
    }
}

/// A role that can be chosen: what is sent, the names of its texts, and whether it is chosen.
struct RoleChoice {
    name: &'static str,
    text: &'static str,
    chosen: bool,
}

/// Every role, the one with the least power first.
fn roles(chosen: Role) -> Vec<RoleChoice> {
    let choice = |role: Role| RoleChoice {
        name: role.name(),
        text: role_text(role),
        chosen: role == chosen,
    };
    Role::ALL.into_iter().rev().map(choice).collect()
}

#[derive(Template)]
#[template(path = "organizations.html", config = "src/http/web/askama.toml")]
struct ListPage {
    page: Page,
    organizations: Vec<ListedOrganization>,
}

struct ListedOrganization {
    path: String,
    name: String,
    role: &'static str,
    blocked: bool,
}

/// The page that lists those that somebody is in.
///
/// # Errors
/// When it cannot be rendered.
pub(super) fn list(
    state: &ApiState,
    visitor: &Visitor,
    all: &[Membership],
) -> Result<HttpResponse, PageError> {
    let listed = |one: &Membership| ListedOrganization {
        path: path_of(&one.organization.slug),
        name: one.organization.name.as_str().to_owned(),
        role: role_text(one.role),
        blocked: one.organization.blocked_at.is_some(),
    };
    let page = Page::for_visitor(state, visitor, "place-organizations");
    let template = ListPage {
        page: page.at(Place::Organizations),
        organizations: all.iter().map(listed).collect(),
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

fn path_of(slug: &Slug) -> String {
    format!("{HERE}/{slug}")
}

/// Everything that is shown of one.
pub(super) struct OrganizationView<'a> {
    pub(super) slug: &'a Slug,
    pub(super) found: &'a Membership,
    /// Who looks.
    pub(super) me: Id<User>,
    pub(super) people: Vec<Member>,
    pub(super) applications: Vec<AllowedForOrganization>,
}

#[derive(Template)]
#[template(path = "organization.html", config = "src/http/web/askama.toml")]
struct OrganizationPage {
    page: Page,
    base: String,
    organization: Option<String>,
    manages_members: bool,
    manages_tokens: bool,
    blocked: bool,
    people: Vec<PersonRow>,
    applications: Vec<ApplicationRow>,
    email: String,
    roles: Vec<RoleChoice>,
    problem: Option<String>,
}

struct PersonRow {
    id: String,
    email: String,
    name: Option<String>,
    role: &'static str,
    since: Timestamp,
    is_me: bool,
}

struct ApplicationRow {
    name: String,
    by: String,
    scopes: Vec<ScopeGroup>,
    used: Timestamp,
}

impl OrganizationView<'_> {
    /// The page, with what somebody typed to add a member, and why that was not done.
    ///
    /// # Errors
    /// When it cannot be rendered.
    pub(super) fn render(
        self,
        state: &ApiState,
        visitor: &Visitor,
        (typed, problem): (Option<&AddForm>, Option<&str>),
    ) -> Result<HttpResponse, PageError> {
        let mut page = Page::for_visitor(state, visitor, "place-organizations");
        let organization = &self.found.organization;
        page.title = organization.name.as_str().to_owned();
        let page = page.at(Place::Organizations);
        let template = OrganizationPage {
            base: path_of(self.slug),
            organization: Some(page.title.clone()),
            manages_members: self.found.role.manages_members(),
            manages_tokens: self.found.role.manages_tokens(),
            blocked: organization.blocked_at.is_some(),
            people: self.people.iter().map(|one| self.person(one)).collect(),
            applications: self.applications(&page, state),
            email: typed.map(|form| form.email.clone()).unwrap_or_default(),
            roles: roles(typed.map_or(Role::Member, |form| form.role)),
            problem: problem.map(|why| page.phrase(why)),
            page,
        };
        let status = status(template.problem.as_ref());
        Page::render_with(&template, status, &Policy::new(Sending::Ourselves))
    }

    fn person(&self, member: &Member) -> PersonRow {
        PersonRow {
            id: member.user.id.to_string(),
            email: member.user.email.to_string(),
            name: member.name.as_ref().map(|name| name.as_str().to_owned()),
            role: role_text(member.role),
            since: member.since,
            is_me: member.user.id == self.me,
        }
    }

    fn applications(&self, page: &Page, state: &ApiState) -> Vec<ApplicationRow> {
        let row = |one: &AllowedForOrganization| ApplicationRow {
            name: one.allowed.metadata.client_name.clone(),
            by: one.by.to_string(),
            scopes: groups(&one.allowed.scopes, page, state),
            used: one.allowed.used_at,
        };
        self.applications.iter().map(row).collect()
    }
}

/// A form that was not taken is shown again as 422.
const fn status(problem: Option<&String>) -> StatusCode {
    match problem {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    }
}

/// A member, as those see it who may change something about it.
pub(super) struct MemberView<'a> {
    pub(super) slug: &'a Slug,
    pub(super) found: &'a Membership,
    pub(super) member: &'a Member,
    /// Whether it is whoever looks.
    pub(super) is_me: bool,
}

#[derive(Template)]
#[template(path = "organization_member.html", config = "src/http/web/askama.toml")]
struct MemberPage {
    page: Page,
    base: String,
    organization: String,
    id: String,
    name: Option<String>,
    role: &'static str,
    since: Timestamp,
    is_me: bool,
    manages: bool,
    roles: Vec<RoleChoice>,
    problem: Option<String>,
}

impl MemberView<'_> {
    /// The page. `problem` is why something was not done.
    ///
    /// # Errors
    /// When it cannot be rendered.
    pub(super) fn render(
        &self,
        state: &ApiState,
        visitor: &Visitor,
        problem: Option<&str>,
    ) -> Result<HttpResponse, PageError> {
        let Self { found, member, .. } = self;
        let mut page = Page::for_visitor(state, visitor, "organization-members");
        page.title = member.user.email.to_string();
        let template = MemberPage {
            base: path_of(self.slug),
            organization: found.organization.name.as_str().to_owned(),
            id: member.user.id.to_string(),
            name: member.name.as_ref().map(|name| name.as_str().to_owned()),
            role: role_text(member.role),
            since: member.since,
            is_me: self.is_me,
            manages: found.role.manages_members(),
            roles: roles(member.role),
            problem: problem.map(|problem| page.phrase(problem)),
            page: page.at(Place::Organizations),
        };
        let status = status(template.problem.as_ref());
        Page::render_with(&template, status, &Policy::new(Sending::Ourselves))
    }
}
