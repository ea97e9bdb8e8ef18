//! `/organizations`: those that somebody is in, with members, roles and applications. To whoever is in
//! none of that name, nothing is here.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::admin::timely;
use super::error::PageError;
use super::page::{Page, Place, see_other};
use super::return_to::login_url;
use super::sheet::{Cell, Choice, Form, Input, Kind, Sheet, Table};
use crate::domain::members::{self, Membership, Refusal};
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, PageForm, Parameters, Visitor};
use crate::http::state::ApiState;
use crate::model::{Email, Id, Role, Session, Slug, User};

const HERE: &str = "/organizations";

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown | Refusal::NotIn => Self::NotFound,
            Refusal::Storage(error) => error.into(),
            Refusal::Blocked => Self::Forbidden("this organization is blocked"),
            Refusal::NotPermitted => {
                Self::Forbidden("your role in this organization does not allow this")
            }
            Refusal::NoSuchUser => {
                Self::BadRequest("nobody with this address has signed in here yet")
            }
            Refusal::AlreadyIn => Self::BadRequest("they are in this organization already"),
            Refusal::LastOwner => Self::BadRequest("an organization keeps at least one owner"),
        }
    }
}

fn role_text(role: Role) -> &'static str {
    match role {
        Role::Owner => "role-owner",
        Role::Admin => "role-admin",
        Role::Finance => "role-finance",
        Role::Member => "role-member",
    }
}

fn roles(page: &Page) -> Kind {
    let choice = |role: Role| Choice::new(role.name(), page.say(role_text(role)).to_string());
    Kind::Choices(Role::ALL.into_iter().rev().map(choice).collect())
}

/// Where those go who must sign in (again), to come back here.
fn sign_in(path: &str) -> HttpResponse {
    see_other(&login_url(path, None))
}

/// The page that lists them.
pub(in crate::http) async fn list(
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let Some(session) = &visitor.session else {
        return Ok(sign_in(HERE));
    };
    let all = timely(&state, members::list_of(&state.ctx, session.user.id)).await?;
    let page = Page::for_visitor(&state, &visitor, "place-organizations").at(Place::Organizations);
    let columns = ["column-organization", "column-role"];
    let table = Table::new(&page, "place-organizations", &columns, "organizations-none");
    let said = |role| page.say(role_text(role)).to_string();
    let table = table.rows(all.iter().map(|one| {
        let slug = one.organization.slug.as_str();
        let name = one.organization.name.as_str();
        vec![
            Cell::link(format!("{HERE}/{slug}"), name),
            said(one.role).into(),
        ]
    }));
    let sheet = Sheet::new(page, "organizations-title").lead("organizations-lead");
    sheet.table(table).render()
}

/// Whoever looks, and the organization in the address.
async fn membership(
    state: &ApiState,
    session: &Session,
    slug: &str,
) -> Result<(Slug, Membership), PageError> {
    let slug = slug.parse::<Slug>().map_err(|_| PageError::NotFound)?;
    let found = timely(state, members::find(&state.ctx, session.user.id, &slug)).await?;
    Ok((slug, found))
}

/// One of them.
pub(in crate::http) async fn show(
    visitor: Visitor,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let slug = path.into_inner();
    let Some(session) = &visitor.session else {
        return Ok(sign_in(&format!("{HERE}/{slug}")));
    };
    let (slug, found) = membership(&state, session, &slug).await?;
    sheet(&state, &visitor, (&slug, &found), None)
        .await?
        .render()
}

async fn sheet(
    state: &ApiState,
    visitor: &Visitor,
    (slug, found): (&Slug, &Membership),
    refused: Option<(&AddForm, &str)>,
) -> Result<Sheet, PageError> {
    let mut page = Page::for_visitor(state, visitor, "place-organizations");
    page.title = found.organization.name.as_str().to_owned();
    let page = page.at(Place::Organizations);
    let here = format!("{HERE}/{slug}");
    let people = people(state, visitor, &page, (&here, found)).await?;
    let applications = applications(state, &page, found).await?;
    let problem = refused.map(|(_, problem)| page.phrase(problem));
    let mut sheet = Sheet::new(page, "organization-title")
        .back(HERE, "place-organizations")
        .problem(problem)
        .link(format!("{here}/tokens"), "organization-tokens")
        .link(format!("{here}/exposures"), "organization-exposures");
    if found.organization.blocked_at.is_some() {
        let blocked = sheet.say("organization-blocked");
        sheet = sheet.note("warn", blocked);
    }
    sheet = sheet.table(people).table(applications);
    if found.role.manages_members() {
        let typed = refused.map(|(form, _)| form);
        let form = add_form(&sheet, here, typed);
        sheet = sheet.form(form);
    }
    Ok(sheet)
}

async fn people(
    state: &ApiState,
    visitor: &Visitor,
    page: &Page,
    (here, found): (&str, &Membership),
) -> Result<Table, PageError> {
    let all = timely(state, members::list(&state.ctx, found.organization.id)).await?;
    let columns = ["column-email", "column-name", "column-role", "column-since"];
    let table = Table::new(page, "organization-members", &columns, "organizations-none");
    let mine = visitor.session.as_ref().map(|session| session.user.id);
    Ok(table.rows(all.into_iter().map(|member| {
        let email = member.user.email.to_string();
        vec![
            match found.role.manages_members() || mine == Some(member.user.id) {
                true => Cell::link(format!("{here}/members/{}", member.user.id), email),
                false => email.into(),
            },
            Cell::or_nothing(member.name.map(|name| name.as_str().to_owned())),
            page.say(role_text(member.role)).to_string().into(),
            member.since.into(),
        ]
    })))
}

async fn applications(
    state: &ApiState,
    page: &Page,
    found: &Membership,
) -> Result<Table, PageError> {
    let listing = members::list_applications(&state.ctx, found.organization.id);
    let all = timely(state, listing).await?;
    let columns = [
        "column-application",
        "column-email",
        "column-scopes",
        "column-used",
    ];
    let caption = "organization-applications";
    let table = Table::new(page, caption, &columns, "organization-applications-none");
    Ok(table.rows(all.into_iter().map(|one| {
        vec![
            one.allowed.metadata.client_name.into(),
            one.by.to_string().into(),
            Cell::code(one.allowed.scopes.to_string()),
            one.allowed.used_at.into(),
        ]
    })))
}

fn add_form(sheet: &Sheet, here: String, typed: Option<&AddForm>) -> Form {
    let (email, role) = typed.map_or(("", Role::Member), |form| (form.email.as_str(), form.role));
    let email = Input::new(sheet, ("email", "column-email"), Kind::Email, email);
    let kind = roles(sheet.page());
    let role = Input::new(sheet, ("role", "column-role"), kind, role.name());
    Form::new(sheet, "add-member", here, "organization-add")
        .title(sheet, "organization-add-title")
        .input(email.required().hint(sheet, "organization-add-hint"))
        .input(role)
}

/// Who becomes a member, and with which role.
pub(in crate::http) struct AddForm {
    email: String,
    role: Role,
}

impl FromParameters for AddForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            email: parameters
                .find("email")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            role: role(parameters)?,
        })
    }
}

fn role(parameters: &Parameters) -> Result<Role, OAuthError> {
    let wrong = |_| OAuthError::InvalidRequest("there is no such role");
    let name = parameters.find("role").unwrap_or_default();
    name.parse::<Role>().map_err(wrong)
}

/// Makes somebody a member.
pub(in crate::http) async fn add(
    sent: PageForm<AddForm>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let PageForm { visitor, form } = sent;
    let slug = path.into_inner();
    let Some(session) = &visitor.session else {
        return Ok(sign_in(&format!("{HERE}/{slug}")));
    };
    let (slug, found) = membership(&state, session, &slug).await?;
    let outcome = match form.email.parse::<Email>() {
        Err(_) => Err(PageError::BadRequest("not an e-mail address")),
        Ok(email) => {
            let whom = (&email, form.role);
            timely(&state, members::add(&state.ctx, &session.user, &slug, whom)).await
        }
    };
    match outcome {
        Ok(()) => Ok(see_other(&format!("{HERE}/{slug}"))),
        Err(PageError::BadRequest(why)) => {
            let refused = Some((&form, why));
            sheet(&state, &visitor, (&slug, &found), refused)
                .await?
                .render()
        }
        Err(error) => Err(error),
    }
}

/// A member, to be given another role or removed.
pub(in crate::http) async fn member(
    visitor: Visitor,
    path: Path<(String, String)>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    one_member(&visitor, path.into_inner(), &state, None).await
}

async fn one_member(
    visitor: &Visitor,
    (slug, id): (String, String),
    state: &ApiState,
    problem: Option<&str>,
) -> Result<HttpResponse, PageError> {
    let Some(session) = &visitor.session else {
        return Ok(sign_in(&format!("{HERE}/{slug}/members/{id}")));
    };
    let (slug, found) = membership(state, session, &slug).await?;
    let id: Id<User> = id.parse().map_err(|_| PageError::NotFound)?;
    let manages = found.role.manages_members();
    if !manages && id != session.user.id {
        return Err(PageError::NotFound);
    }
    let all = timely(state, members::list(&state.ctx, found.organization.id)).await?;
    let member = all.into_iter().find(|member| member.user.id == id);
    let member = member.ok_or(PageError::NotFound)?;
    let mut page = Page::for_visitor(state, visitor, "organization-members");
    page.title = member.user.email.to_string();
    let here = format!("{HERE}/{slug}/members/{id}");
    let said = page.say(role_text(member.role)).to_string();
    let problem = problem.map(|problem| page.phrase(problem));
    let mut sheet = Sheet::new(page.at(Place::Organizations), "organization-title")
        .back(format!("{HERE}/{slug}"), "organization-members")
        .problem(problem)
        .fact("column-role", said)
        .fact("column-since", member.since);
    if manages {
        let kind = roles(sheet.page());
        let role = Input::new(&sheet, ("role", "column-role"), kind, member.role.name());
        let form = Form::new(&sheet, "set-role", here.as_str(), "organization-set-role");
        let form = form.title(&sheet, "organization-set-role").input(role);
        sheet = sheet.form(form);
    }
    let back = format!("{HERE}/{slug}");
    let form = Form::new(
        &sheet,
        "remove",
        format!("{here}/remove"),
        "organization-remove",
    );
    let lead = sheet.say("organization-remove-lead");
    let form = form.title(&sheet, "organization-remove").danger(back);
    sheet.note("warn", lead).form(form).render()
}

/// Another role for a member.
pub(in crate::http) struct RoleForm(Role);

impl FromParameters for RoleForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        role(parameters).map(Self)
    }
}

/// Gives a member another role.
pub(in crate::http) async fn set_role(
    sent: PageForm<RoleForm>,
    path: Path<(String, String)>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    change(&sent.visitor, path.into_inner(), &state, Some(sent.form.0)).await
}

/// Removes a member.
pub(in crate::http) async fn remove(
    sent: PageForm<super::login::Bare>,
    path: Path<(String, String)>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    change(&sent.visitor, path.into_inner(), &state, None).await
}

async fn change(
    visitor: &Visitor,
    (slug, id): (String, String),
    state: &ApiState,
    role: Option<Role>,
) -> Result<HttpResponse, PageError> {
    let Some(session) = &visitor.session else {
        return Ok(sign_in(&format!("{HERE}/{slug}/members/{id}")));
    };
    let name = slug.parse::<Slug>().map_err(|_| PageError::NotFound)?;
    let user: Id<User> = id.parse().map_err(|_| PageError::NotFound)?;
    let (ctx, by) = (&state.ctx, &session.user);
    let outcome = match role {
        Some(role) => timely(state, members::set_role(ctx, by, &name, (user, role))).await,
        None => timely(state, members::remove(ctx, by, &name, user)).await,
    };
    match outcome {
        Ok(()) if role.is_none() && user == by.id => Ok(see_other(HERE)),
        Ok(()) => Ok(see_other(&format!("{HERE}/{slug}"))),
        Err(PageError::BadRequest(why)) => one_member(visitor, (slug, id), state, Some(why)).await,
        Err(error) => Err(error),
    }
}
