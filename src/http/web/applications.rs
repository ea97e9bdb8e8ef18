//! `/settings/applications`: what somebody allowed, and taking it back; and what they made.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::error::PageError;
use super::own_applications::OwnApplication;
use super::page::{Page, Place, Policy, Sending, see_other};
use super::scopes::{ScopeGroup, groups};
use crate::domain::clients;
use crate::domain::consents::{self, AllowedClient};
use crate::http::OAuthError;
use crate::http::extract::{
    Again, FromParameters, KeptForm, PageQuery, Parameters, SignedInVisitor,
};
use crate::http::state::ApiState;
use crate::model::{PageWindow, RegistrationPolicy, Timestamp};

const HERE: &str = "/settings/applications";

#[derive(Template)]
#[template(path = "applications.html", config = "src/http/web/askama.toml")]
struct ApplicationsPage {
    page: Page,
    applications: Vec<ApplicationView>,
    own: Vec<OwnApplication>,
    may_register: bool,
    earlier: Option<String>,
    later: Option<String>,
}

struct ApplicationView {
    client_id: String,
    name: String,
    host: String,
    organization: Option<String>,
    scopes: Vec<ScopeGroup>,
    since: Timestamp,
    used: Timestamp,
}

impl ApplicationView {
    fn new(allowed: &AllowedClient, page: &Page, state: &ApiState) -> Self {
        let uris = allowed.metadata.redirect_uris.iter();
        let mut hosts: Vec<&str> = uris.map(|uri| uri.place()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        Self {
            client_id: allowed.client_id.to_string(),
            name: allowed.metadata.client_name.clone(),
            host: hosts.join(", "),
            organization: allowed.organization.clone(),
            scopes: groups(&allowed.scopes, page, state),
            since: allowed.since,
            used: allowed.used_at,
        }
    }
}

/// So many of somebody's own applications are listed at once.
const AT_ONCE: u32 = 20;

/// Which part of the list is looked at.
pub(in crate::http) struct ListQuery {
    page: u32,
    deleted: bool,
}

impl FromParameters for ListQuery {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let page = parameters.find("page").and_then(|page| page.parse().ok());
        Ok(Self {
            page: page.unwrap_or(1).clamp(1, 10_000),
            deleted: parameters.find("done") == Some("deleted"),
        })
    }
}

/// The page that lists what somebody allowed, and what they made.
#[utoipa::path(
    get,
    path = "/settings/applications",
    tag = "pages",
    params(("page" = Option<u32>, Query, description = "Which page of one's own, from 1.")),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn list(
    query: PageQuery<ListQuery>,
    SignedInVisitor {
        session, visitor, ..
    }: SignedInVisitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let PageQuery(ListQuery {
        page: number,
        deleted,
    }) = query;
    let window = PageWindow {
        page: u64::from(number),
        limit: AT_ONCE,
    };
    let user = session.user.id;
    let reading = async {
        let all = consents::list(&state.ctx, user).await?;
        let own = clients::list_by_owner(&state.ctx, user, window).await?;
        Ok::<_, PageError>((all, own))
    };
    let (all, (own, total)) = state.timely(reading).await.map_err(PageError::Other)??;
    let mut page =
        Page::for_visitor(&state, &visitor, "applications-title").at(Place::Applications);
    page.done = deleted.then(|| page.say("own-deleted").to_string());
    let other = |number: u32| format!("{HERE}?page={number}");
    let view = |allowed| ApplicationView::new(allowed, &page, &state);
    let template = ApplicationsPage {
        applications: all.iter().map(view).collect(),
        own: own.iter().map(OwnApplication::of).collect(),
        may_register: state.ctx.policy.oauth.registration != RegistrationPolicy::Closed,
        earlier: (number > 1).then(|| other(number - 1)),
        later: (u64::from(number) * u64::from(AT_ONCE) < total).then(|| other(number + 1)),
        page,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

/// From which application it is taken back.
pub(in crate::http) struct WithdrawForm {
    client_id: String,
}

impl FromParameters for WithdrawForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            client_id: parameters.find("client_id").unwrap_or_default().to_owned(),
        })
    }
}

impl Again for WithdrawForm {
    fn again(&self, _: &str) -> String {
        HERE.to_owned()
    }
}

/// Takes back what was allowed: every token that the application holds from it is dead.
#[utoipa::path(
    post,
    path = "/settings/applications/withdraw",
    tag = "pages",
    responses(
        (status = 303, description = "Taken back; on to the list."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours.", content_type = "text/html"),
        (status = 404, description = "Nothing was allowed.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn withdraw(
    KeptForm { sender, form }: KeptForm<WithdrawForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    consents::withdraw(&state.ctx, sender.session.user.id, &form.client_id).await?;
    Ok(see_other(HERE))
}
