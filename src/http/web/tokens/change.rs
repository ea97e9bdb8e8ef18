//! Renaming a token, and revoking it after a look at what will break.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use url::form_urlencoded::Serializer;

use super::super::desk::{Desk, DeskForm};
use super::super::error::PageError;
use super::super::page::{Page, Place, Policy, Sending, see_other};
use super::new::Wrong;
use super::view::TokenView;
use super::{LONGEST_NAME, id_in_path, token_in_path};
use crate::domain::access_tokens::kept;
use crate::http::OAuthError;
use crate::http::extract::{Again, FromParameters, PageQuery, Parameters};
use crate::http::state::ApiState;

#[derive(Template)]
#[template(path = "token_revoke.html", config = "src/http/web/askama.toml")]
struct RevokePage {
    page: Page,
    base: String,
    organization: Option<String>,
    token: TokenView,
    busy: bool,
}

/// Asks whether a token shall be revoked, and says what will break.
#[utoipa::path(
    get,
    path = "/settings/tokens/{id}/revoke",
    tag = "pages",
    params(("id" = String, Path, format = "uuid", description = "The token's id.")),
    responses(
        (status = 200, description = "The question.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or it was revoked before."),
        (status = 403, description = "They do not manage it.", content_type = "text/html"),
        (status = 404, description = "They keep no such token.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn ask_to_revoke(
    request: HttpRequest,
    desk: Desk,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let known = token_in_path(&request, &desk, &state).await?;
    let page = desk.page(&state, "token-revoke-title", Place::Tokens);
    let token = TokenView::new(&known, &page, &state);
    if known.token.revocation.is_some() && !known.is_quarantined() {
        return Ok(back(&desk, &token.id));
    }
    let template = RevokePage {
        base: desk.base(),
        organization: desk.organization(),
        busy: token.is_busy(page.now()),
        token,
        page,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

/// Yes.
pub(in crate::http) struct Confirmed;

impl FromParameters for Confirmed {
    fn read(_: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self)
    }
}

impl Again for Confirmed {}

/// Revokes a token, for good.
#[utoipa::path(
    post,
    path = "/settings/tokens/{id}/revoke",
    tag = "pages",
    params(("id" = String, Path, format = "uuid", description = "The token's id.")),
    responses(
        (status = 303, description = "Revoked, now or before; back to the list."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours, or they do not manage it.",
            content_type = "text/html"),
        (status = 404, description = "They keep no such token.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn revoke(
    request: HttpRequest,
    sent: DeskForm<Confirmed>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let (desk, id) = (sent.desk, id_in_path(&request)?);
    let revoking = kept::revoke(&state.ctx, desk.session(), &desk.home, id);
    let revoked = state.timely(revoking).await.map_err(PageError::Other)?;
    revoked.map_err(|refusal| desk.refused(refusal))?;
    Ok(back(&desk, &id.to_string()))
}

#[derive(Template)]
#[template(path = "token_rename.html", config = "src/http/web/askama.toml")]
struct RenamePage {
    page: Page,
    base: String,
    organization: Option<String>,
    token: TokenView,
    name: String,
    longest_name: usize,
    wrong: Wrong,
}

/// Asks for another name.
#[utoipa::path(
    get,
    path = "/settings/tokens/{id}/rename",
    tag = "pages",
    params(
        ("id" = String, Path, format = "uuid", description = "The token's id."),
        ("name" = Option<String>, Query, description = "What to begin with, instead of its name."),
    ),
    responses(
        (status = 200, description = "The form.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 403, description = "They do not manage it.", content_type = "text/html"),
        (status = 404, description = "They keep no such token.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn ask_for_name(
    request: HttpRequest,
    desk: Desk,
    query: PageQuery<RenameForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let typed = query.0.name;
    rename_page(&request, &desk, &state, (typed, Wrong::default())).await
}

async fn rename_page(
    request: &HttpRequest,
    desk: &Desk,
    state: &ApiState,
    (typed, wrong): (Option<String>, Wrong),
) -> Result<HttpResponse, PageError> {
    let known = token_in_path(request, desk, state).await?;
    let page = desk.page(state, "token-rename-title", Place::Tokens);
    let token = TokenView::new(&known, &page, state);
    wrong.render(&RenamePage {
        base: desk.base(),
        organization: desk.organization(),
        name: typed.unwrap_or_else(|| token.name.clone()),
        longest_name: LONGEST_NAME,
        token,
        wrong,
        page,
    })
}

/// Another name.
pub(in crate::http) struct RenameForm {
    name: Option<String>,
}

impl FromParameters for RenameForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let name = parameters.find("name").map(str::to_owned);
        Ok(Self { name })
    }
}

impl Again for RenameForm {
    fn again(&self, path: &str) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("name", self.name.as_deref().unwrap_or_default());
        format!("{path}?{}", query.finish())
    }
}

/// Gives a token another name.
#[utoipa::path(
    post,
    path = "/settings/tokens/{id}/rename",
    tag = "pages",
    params(("id" = String, Path, format = "uuid", description = "The token's id.")),
    responses(
        (status = 303, description = "Done; back to the list."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours, or they do not manage it.",
            content_type = "text/html"),
        (status = 404, description = "They keep no such token.", content_type = "text/html"),
        (status = 422, description = "It is no name; the form again.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn rename(
    request: HttpRequest,
    sent: DeskForm<RenameForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let DeskForm { desk, form } = sent;
    let id = id_in_path(&request)?;
    let typed = form.name.unwrap_or_default();
    let Ok(name) = typed.parse() else {
        let wrong = Wrong {
            name: Some("token-name-wrong"),
            ..Wrong::default()
        };
        return rename_page(&request, &desk, &state, (Some(typed), wrong)).await;
    };
    let renaming = kept::rename(&state.ctx, desk.session(), &desk.home, id, &name);
    let renamed = state.timely(renaming).await.map_err(PageError::Other)?;
    match renamed.map_err(Wrong::of) {
        Ok(()) => Ok(back(&desk, &id.to_string())),
        Err(Ok(wrong)) => rename_page(&request, &desk, &state, (Some(typed), wrong)).await,
        Err(Err(refusal)) => Err(desk.refused(refusal)),
    }
}

/// Back to the list, which tells what was done.
fn back(desk: &Desk, id: &str) -> HttpResponse {
    see_other(&format!("{}/tokens?changed={id}", desk.base()))
}
