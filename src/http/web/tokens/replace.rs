//! Replacing a token: a new one with the same scopes, while the old one goes on for a while.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::desk::{Desk, DeskForm};
use super::super::error::PageError;
use super::super::page::{Page, Place};
use super::expiry::ExpiryView;
use super::new::{Typed, Wrong};
use super::view::TokenView;
use super::{LONGEST_NAME, made, token_in_path};
use crate::domain::access_tokens::demand_fresh;
use crate::domain::access_tokens::kept::{self, Outcome, Replacement};
use crate::http::OAuthError;
use crate::http::extract::{Again, FromParameters, PageQuery, Parameters};
use crate::http::state::ApiState;
use crate::model::{Id, KnownToken, Token};

/// How long the old token may go on, in hours, and what is usual.
const OVERLAPS: [(u64, &str); 4] = [
    (0, "token-overlap-none"),
    (1, "token-overlap-hour"),
    (24, "token-overlap-day"),
    (168, "token-overlap-week"),
];
const USUAL: u64 = 24;

/// The form as it is sent.
pub(in crate::http) struct ReplaceForm {
    form: Option<Id<Token>>,
    overlap: Option<u64>,
    typed: Typed,
}

impl FromParameters for ReplaceForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let hours = parameters
            .find("overlap")
            .and_then(|hours| hours.parse().ok());
        Ok(Self {
            form: parameters.find("form").and_then(|form| form.parse().ok()),
            overlap: hours.filter(|hours| OVERLAPS.iter().any(|(known, _)| known == hours)),
            typed: Typed::read(parameters)?,
        })
    }
}

impl Again for ReplaceForm {
    fn again(&self, path: &str) -> String {
        let mut query = self.typed.query();
        query.append_pair("overlap", &self.overlap.unwrap_or(USUAL).to_string());
        format!("{path}?{}", query.finish())
    }
}

/// What the address of the form says: what to begin with, where it says anything.
pub(in crate::http) struct ReplaceQuery {
    named: bool,
    form: ReplaceForm,
}

impl FromParameters for ReplaceQuery {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            named: parameters.find("name").is_some(),
            form: ReplaceForm::read(parameters)?,
        })
    }
}

#[derive(Template)]
#[template(path = "token_replace.html", config = "src/http/web/askama.toml")]
struct ReplacePage {
    page: Page,
    base: String,
    organization: Option<String>,
    token: TokenView,
    form: String,
    name: String,
    longest_name: usize,
    expiry: ExpiryView,
    /// Hours, the name of a text, and whether it is chosen.
    overlaps: Vec<(u64, &'static str, bool)>,
    wrong: Wrong,
}

fn page(
    desk: &Desk,
    state: &ApiState,
    known: &KnownToken,
    form: &ReplaceForm,
    wrong: Wrong,
) -> Result<HttpResponse, PageError> {
    let page = desk.page(state, "token-replace-title", Place::Tokens);
    let chosen = form.overlap.unwrap_or(USUAL);
    let most = state.ctx.policy.max_token_lifetime;
    let view = |(hours, text)| (hours, text, hours == chosen);
    wrong.render(&ReplacePage {
        base: desk.base(),
        organization: desk.organization(),
        token: TokenView::new(known, &page, state),
        form: kept::new_form(&state.ctx).to_string(),
        name: form.typed.name.clone(),
        longest_name: LONGEST_NAME,
        expiry: form.typed.expiry.view(page.now(), most),
        overlaps: OVERLAPS.map(view).into(),
        wrong,
        page,
    })
}

/// The form that replaces a token.
#[utoipa::path(
    get,
    path = "/settings/tokens/{id}/replace",
    tag = "pages",
    params(
        ("id" = String, Path, format = "uuid", description = "The token's id."),
        ("name" = Option<String>, Query, description = "What to begin with; so are the others."),
        ("expires" = Option<String>, Query, description = "Days, `date` or `never`."),
        ("date" = Option<String>, Query, description = "The last day, for `date`."),
        ("overlap" = Option<u64>, Query, description = "Hours for which the old one goes on."),
    ),
    responses(
        (status = 200, description = "The form.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or too long ago."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 403, description = "They do not manage it.", content_type = "text/html"),
        (status = 404, description = "They keep no such token.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn form(
    request: HttpRequest,
    desk: Desk,
    query: PageQuery<ReplaceQuery>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    demand_fresh(&state.ctx, desk.session()).map_err(|refusal| desk.refused(refusal))?;
    let known = token_in_path(&request, &desk, &state).await?;
    let ReplaceQuery { named, mut form } = query.0;
    if !named {
        let name = known.token.name.as_ref().map(ToString::to_string);
        form.typed.name = name.unwrap_or_default();
    }
    page(&desk, &state, &known, &form, Wrong::default())
}

/// Makes a token in place of another one and shows its text, once.
#[utoipa::path(
    post,
    path = "/settings/tokens/{id}/replace",
    tag = "pages",
    params(("id" = String, Path, format = "uuid", description = "The token's id.")),
    responses(
        (status = 200, description = "The new token's text, this once; or that it was shown before.",
            content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or too long ago."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours, or they do not manage it.",
            content_type = "text/html"),
        (status = 404, description = "They keep no such token.", content_type = "text/html"),
        (status = 422, description = "Something in it is wrong; the form again.",
            content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn replace(
    request: HttpRequest,
    sent: DeskForm<ReplaceForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let DeskForm { desk, form } = sent;
    let old = token_in_path(&request, &desk, &state).await?;
    let replacement = match form.read_all(&state) {
        Ok(replacement) => replacement,
        Err(wrong) => return page(&desk, &state, &old, &form, wrong),
    };
    let Some(id) = form.form else {
        return Err(PageError::BadRequest("the form cannot be read"));
    };
    let order = (id, &replacement);
    let replacing = kept::replace(&state.ctx, desk.session(), &desk.home, old.token.id, order);
    let outcome = state.timely(replacing).await.map_err(PageError::Other)?;
    match outcome.map_err(Wrong::of) {
        Ok(outcome) => show(&request, &desk, &state, outcome).await,
        Err(Ok(wrong)) => page(&desk, &state, &old, &form, wrong),
        Err(Err(refusal)) => Err(desk.refused(refusal)),
    }
}

impl ReplaceForm {
    fn read_all(&self, state: &ApiState) -> Result<Replacement, Wrong> {
        let mut wrong = Wrong::default();
        let comment = self.typed.comment(&mut wrong);
        let lifetime = self.typed.lifetime(state, &mut wrong);
        match (comment, lifetime) {
            (Some(comment), Some(lifetime)) => Ok(Replacement {
                comment,
                lifetime,
                overlap: Duration::from_secs(self.overlap.unwrap_or(USUAL) * 3_600),
            }),
            _ => Err(wrong),
        }
    }
}

/// The new token, and what became of the old one.
async fn show(
    request: &HttpRequest,
    desk: &Desk,
    state: &ApiState,
    outcome: Outcome,
) -> Result<HttpResponse, PageError> {
    let old = token_in_path(request, desk, state).await?.token;
    let until = old.expires_at.filter(|_| old.revocation.is_none());
    let name = old.name.map(|name| name.to_string()).unwrap_or_default();
    made::show(desk, state, outcome, Some((name, until)))
}
