//! `/organizations`: those that somebody is in, with members, roles and applications. To whoever is in
//! none of that name, nothing is here.

mod view;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use url::form_urlencoded::Serializer;

use self::view::{MemberView, OrganizationView};
use super::admin::timely;
use super::error::PageError;
use super::page::see_other;
use super::return_to::login_url;
use crate::domain::members::{self, Membership, Refusal};
use crate::http::OAuthError;
use crate::http::extract::{
    Again, FromParameters, KeptForm, PageQuery, Parameters, SignedInVisitor, Visitor,
};
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
    view::list(&state, &visitor, &all)
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
    query: PageQuery<ShowQuery>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let slug = path.into_inner();
    let Some(session) = &visitor.session else {
        return Ok(sign_in(&format!("{HERE}/{slug}")));
    };
    let (slug, found) = membership(&state, session, &slug).await?;
    let whole = whole(&state, session, (&slug, &found)).await?;
    whole.render(&state, &visitor, (query.0.0.as_ref(), None))
}

/// Everything that is shown of an organization.
async fn whole<'a>(
    state: &ApiState,
    session: &Session,
    (slug, found): (&'a Slug, &'a Membership),
) -> Result<OrganizationView<'a>, PageError> {
    let id = found.organization.id;
    Ok(OrganizationView {
        slug,
        found,
        me: session.user.id,
        people: timely(state, members::list(&state.ctx, id)).await?,
        applications: timely(state, members::list_applications(&state.ctx, id)).await?,
    })
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

impl Again for AddForm {
    fn again(&self, path: &str) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("email", &self.email);
        query.append_pair("role", self.role.name());
        format!("{path}?{}", query.finish())
    }
}

/// What the address of an organization says: whom somebody wanted to add before they had to sign in.
pub(in crate::http) struct ShowQuery(Option<AddForm>);

impl FromParameters for ShowQuery {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self(match parameters.find("email") {
            Some(_) => Some(AddForm::read(parameters)?),
            None => None,
        }))
    }
}

fn role(parameters: &Parameters) -> Result<Role, OAuthError> {
    let wrong = |_| OAuthError::InvalidRequest("there is no such role");
    let name = parameters.find("role").unwrap_or_default();
    name.parse::<Role>().map_err(wrong)
}

/// Makes somebody a member.
pub(in crate::http) async fn add(
    KeptForm { sender, form }: KeptForm<AddForm>,
    path: Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let SignedInVisitor {
        session, visitor, ..
    } = sender;
    let (slug, found) = membership(&state, &session, &path).await?;
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
            let whole = whole(&state, &session, (&slug, &found)).await?;
            whole.render(&state, &visitor, (Some(&form), Some(why)))
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
    let view = MemberView {
        slug: &slug,
        found: &found,
        member: &member,
        is_me: id == session.user.id,
    };
    view.render(state, visitor, problem)
}

/// Another role for a member.
pub(in crate::http) struct RoleForm(Role);

impl FromParameters for RoleForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        role(parameters).map(Self)
    }
}

impl Again for RoleForm {}

/// Gives a member another role.
pub(in crate::http) async fn set_role(
    sent: KeptForm<RoleForm>,
    path: Path<(String, String)>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    change(&sent.sender, path.into_inner(), &state, Some(sent.form.0)).await
}

/// That a member shall be removed.
pub(in crate::http) struct RemoveForm;

impl FromParameters for RemoveForm {
    fn read(_: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self)
    }
}

impl Again for RemoveForm {
    fn again(&self, path: &str) -> String {
        // The page of the member has this form.
        path.strip_suffix("/remove").unwrap_or(path).to_owned()
    }
}

/// Removes a member.
pub(in crate::http) async fn remove(
    sent: KeptForm<RemoveForm>,
    path: Path<(String, String)>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    change(&sent.sender, path.into_inner(), &state, None).await
}

async fn change(
    SignedInVisitor {
        session, visitor, ..
    }: &SignedInVisitor,
    (slug, id): (String, String),
    state: &ApiState,
    role: Option<Role>,
) -> Result<HttpResponse, PageError> {
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
