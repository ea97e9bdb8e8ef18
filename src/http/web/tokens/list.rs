//! What somebody keeps: tokens that work, page by page, and those that ended not long ago.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::super::desk::Desk;
use super::super::error::PageError;
use super::super::page::{Page, Place, Policy, Sending};
use super::view::TokenView;
use crate::domain::access_tokens::kept::{self, Home};
use crate::domain::organizations;
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, PageQuery, Parameters};
use crate::http::state::ApiState;
use crate::model::{Id, KnownToken, Organization, PageWindow, Token};

/// How many there are on a page.
const PER_PAGE: u32 = 25;
/// How long after a deed a page tells of it.
const NEWS: Duration = Duration::from_secs(120);

/// What the address says: which page, and what was just done to which token.
pub(in crate::http) struct ListQuery {
    window: PageWindow,
    changed: Option<Id<Token>>,
}

impl FromParameters for ListQuery {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let page = parameters.find("page").and_then(|page| page.parse().ok());
        let page = page.filter(|page: &u64| *page > 0).unwrap_or(1);
        Ok(Self {
            window: PageWindow {
                page,
                limit: PER_PAGE,
            },
            changed: parameters.find("changed").and_then(|id| id.parse().ok()),
        })
    }
}

#[derive(Template)]
#[template(path = "tokens.html", config = "src/http/web/askama.toml")]
struct TokensPage {
    page: Page,
    base: String,
    organization: Option<String>,
    tokens: Vec<TokenView>,
    total: u64,
    ended: Vec<TokenView>,
    previous: Option<String>,
    next: Option<String>,
    /// Organizations whose tokens they manage as well.
    managed: Vec<Organization>,
}

/// Lists the tokens that are kept here.
#[utoipa::path(
    get,
    path = "/settings/tokens",
    tag = "pages",
    params(
        ("page" = Option<u64>, Query, minimum = 1, description = "Which page, from 1."),
        ("changed" = Option<String>, Query, description = "The token that was just changed."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 403, description = "They do not manage it.", content_type = "text/html"),
        (status = 404, description = "There is no such organization.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn list(
    desk: Desk,
    query: PageQuery<ListQuery>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let ListQuery { window, changed } = query.0;
    let showing = kept::overview(&state.ctx, desk.session(), &desk.home, window);
    let overview = state.timely(showing).await.map_err(PageError::Other)?;
    let overview = overview.map_err(|refusal| desk.refused(refusal))?;
    let mut page = desk.page(&state, "tokens-title", Place::Tokens);
    page.done = match changed {
        Some(id) => news(&page, &desk, &state, id).await,
        None => None,
    };
    let view = |known| TokenView::new(known, &page, &state);
    let (total, base) = (overview.standing.total, desk.base());
    let address = |number: u64| format!("{base}/tokens?page={number}");
    let template = TokensPage {
        tokens: overview.standing.tokens.iter().map(view).collect(),
        ended: overview.ended.iter().map(view).collect(),
        total,
        previous: (window.page > 1).then(|| address(window.page - 1)),
        next: (window.page < window.pages(total)).then(|| address(window.page + 1)),
        managed: managed(&desk, &state).await?,
        organization: desk.organization(),
        base: base.clone(),
        page,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

/// What was just done to a token, if that is true: an address can say anything.
async fn news(page: &Page, desk: &Desk, state: &ApiState, id: Id<Token>) -> Option<String> {
    let known = kept::find(&state.ctx, desk.session(), &desk.home, id).await;
    let KnownToken { token, .. } = known.ok()?;
    let name = token
        .name
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let recent = |at| page.now().since(at) <= NEWS;
    let said = match (token.revocation, token.modified_at) {
        (Some(end), _) if recent(end.at) => page.say("tokens-revoked-now"),
        (None, Some(at)) if recent(at) => page.say("tokens-renamed-now"),
        _ => return None,
    };
    Some(said.with("name", name).to_string())
}

async fn managed(desk: &Desk, state: &ApiState) -> Result<Vec<Organization>, PageError> {
    match desk.home {
        Home::Own => Ok(organizations::list_managed(&state.ctx, desk.session().user.id).await?),
        Home::Of(_) => Ok(Vec::new()),
    }
}
