//! Making a token: one form, and its text shown once. The form has an id of its own and makes one token,
//! however often it is sent.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use url::form_urlencoded::Serializer;

use super::super::desk::{Desk, DeskForm};
use super::super::error::PageError;
use super::super::page::{Page, Place, Policy, Sending};
use super::super::scopes::{ScopeGroup, groups};
use super::expiry::{Chosen, ExpiryView};
use super::{LONGEST_NAME, find, made};
use crate::domain::access_tokens::kept;
use crate::domain::access_tokens::{NewAccessToken, Refusal, demand_fresh};
use crate::http::OAuthError;
use crate::http::extract::{Again, FromParameters, PageQuery, Parameters, SCOPES};
use crate::http::state::ApiState;
use crate::model::scope_catalog::OFFLINE_ACCESS;
use crate::model::{Id, ScopeSet, Token, TokenName};

/// What was typed, whether it makes sense or not.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Typed {
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) expiry: Chosen,
}

impl FromParameters for Typed {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let find = |name: &str| parameters.find(name).unwrap_or_default().to_owned();
        Ok(Self {
            name: find("name"),
            scopes: parameters.find_all(SCOPES).map(str::to_owned).collect(),
            expiry: Chosen {
                choice: find("expires"),
                date: find("date"),
            },
        })
    }
}

/// The form as it is sent.
pub(in crate::http) struct NewForm {
    form: Option<Id<Token>>,
    typed: Typed,
}

impl FromParameters for NewForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            form: parameters.find("form").and_then(|form| form.parse().ok()),
            typed: Typed::read(parameters)?,
        })
    }
}

impl Again for NewForm {
    fn again(&self, path: &str) -> String {
        format!("{path}?{}", self.typed.query().finish())
    }
}

/// What the address of the form says: what to begin with, or a token to be like.
pub(in crate::http) struct NewQuery {
    like: Option<Id<Token>>,
    typed: Typed,
}

impl FromParameters for NewQuery {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self {
            like: parameters.find("like").and_then(|id| id.parse().ok()),
            typed: Typed::read(parameters)?,
        })
    }
}

#[derive(Template)]
#[template(path = "token_new.html", config = "src/http/web/askama.toml")]
struct NewPage {
    page: Page,
    base: String,
    organization: Option<String>,
    form: String,
    name: String,
    longest_name: usize,
    expiry: ExpiryView,
    groups: Vec<OfferedGroup>,
    wrong: Wrong,
}

/// Scopes of one purpose, each with whether it is ticked.
struct OfferedGroup {
    title: String,
    scopes: Vec<OfferedScope>,
}

struct OfferedScope {
    name: String,
    words: String,
    risky: bool,
    ticked: bool,
}

/// What is wrong with a form, as names of texts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wrong {
    /// With all of it.
    pub(super) whole: Option<&'static str>,
    pub(super) name: Option<&'static str>,
    pub(super) scopes: Option<&'static str>,
    pub(super) expiry: Option<&'static str>,
}

impl Wrong {
    /// What the domain refuses, or why it was asked in vain.
    pub(super) fn of(refusal: Refusal) -> Result<Self, Refusal> {
        let mut wrong = Self::default();
        match refusal {
            Refusal::NameHoldsToken => wrong.name = Some("token-name-holds-token"),
            Refusal::ScopeNotOffered => wrong.scopes = Some("token-scopes-not-offered"),
            Refusal::LivesTooLong(_) => wrong.expiry = Some("token-expiry-too-long"),
            Refusal::TooMany(_) => wrong.whole = Some("token-too-many"),
            Refusal::FormTooOld => wrong.whole = Some("token-form-too-old"),
            Refusal::Ended => wrong.whole = Some("token-ended-meanwhile"),
            other => return Err(other),
        }
        Ok(wrong)
    }

    /// What is wrong in the first field in which something is, for whoever is at the top of the page.
    pub(super) fn first(&self) -> Option<&'static str> {
        self.name.or(self.expiry).or(self.scopes)
    }

    fn status(&self) -> StatusCode {
        match self.whole.or(self.first()) {
            None => StatusCode::OK,
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// Renders a form of which this is wrong.
    pub(super) fn render(&self, template: &impl Template) -> Result<HttpResponse, PageError> {
        Page::render_with(template, self.status(), &Policy::new(Sending::Ourselves))
    }
}

impl Typed {
    /// All of it, for an address.
    pub(super) fn query(&self) -> Serializer<'static, String> {
        let mut query = Serializer::new(String::new());
        query.append_pair("name", &self.name);
        for scope in &self.scopes {
            query.append_pair(SCOPES, scope);
        }
        query.append_pair("expires", &self.expiry.choice);
        query.append_pair("date", &self.expiry.date);
        query
    }

    /// Reads the name.
    pub(super) fn comment(&self, wrong: &mut Wrong) -> Option<TokenName> {
        let name = self.name.parse().ok();
        wrong.name = name.is_none().then_some("token-name-wrong");
        name
    }

    /// Reads everything, and says what is wrong.
    fn read_all(&self, state: &ApiState) -> Result<NewAccessToken, Wrong> {
        let mut wrong = Wrong::default();
        let comment = self.comment(&mut wrong);
        let lifetime = self.lifetime(state, &mut wrong);
        let scopes: Option<ScopeSet> = self.scopes.join(" ").parse().ok();
        let scopes = scopes.filter(|scopes| !scopes.is_empty());
        wrong.scopes = scopes.is_none().then_some("token-scopes-missing");
        match (comment, lifetime, scopes) {
            (Some(comment), Some(lifetime), Some(scopes)) => Ok(NewAccessToken {
                comment,
                scopes,
                lifetime,
            }),
            _ => Err(wrong),
        }
    }

    /// Reads how long it shall live.
    pub(super) fn lifetime(
        &self,
        state: &ApiState,
        wrong: &mut Wrong,
    ) -> Option<Option<std::time::Duration>> {
        let most = state.ctx.policy.max_token_lifetime;
        let read = self.expiry.lifetime(state.ctx.clock.now(), most);
        wrong.expiry = read.err();
        read.ok()
    }

    fn page(&self, desk: &Desk, state: &ApiState, wrong: Wrong) -> NewPage {
        let page = desk.page(state, "token-new-title", Place::Tokens);
        let now = page.now();
        NewPage {
            base: desk.base(),
            organization: desk.organization(),
            form: kept::new_form(&state.ctx).to_string(),
            name: self.name.clone(),
            longest_name: LONGEST_NAME,
            expiry: self.expiry.view(now, state.ctx.policy.max_token_lifetime),
            groups: offered(&self.scopes, &page, state),
            wrong,
            page,
        }
    }
}

/// Everything that is offered. Tokens that somebody keeps are not renewed by themselves.
fn offered(ticked: &[String], page: &Page, state: &ApiState) -> Vec<OfferedGroup> {
    let all = groups(state.ctx.policy.oauth.scopes.all(), page, state);
    let view = |group: ScopeGroup| OfferedGroup {
        title: group.title,
        scopes: group
            .scopes
            .into_iter()
            .filter(|scope| scope.name != OFFLINE_ACCESS)
            .map(|scope| OfferedScope {
                ticked: ticked.contains(&scope.name),
                name: scope.name,
                words: scope.words,
                risky: scope.risky,
            })
            .collect(),
    };
    all.into_iter().map(view).collect()
}

/// The form that makes a token. Whoever signed in too long ago does that first.
#[utoipa::path(
    get,
    path = "/settings/tokens/new",
    tag = "pages",
    params(
        ("like" = Option<String>, Query, description = "A token whose name and scopes to begin with."),
        ("name" = Option<String>, Query, description = "What to begin with; so are the others."),
        ("scopes" = Option<Vec<String>>, Query, explode, description = "Scopes that are ticked."),
        ("expires" = Option<String>, Query, description = "Days, `date` or `never`."),
        ("date" = Option<String>, Query, description = "The last day, for `date`."),
    ),
    responses(
        (status = 200, description = "The form.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or too long ago."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 403, description = "They do not manage it.", content_type = "text/html"),
        (status = 404, description = "There is no such organization or token.",
            content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn form(
    desk: Desk,
    query: PageQuery<NewQuery>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    demand_fresh(&state.ctx, desk.session()).map_err(|refusal| desk.refused(refusal))?;
    let NewQuery { like, mut typed } = query.0;
    if let Some(id) = like {
        let known = find(id, &desk, &state).await?;
        let offered = state.ctx.policy.oauth.scopes.all();
        let scopes = known
            .token
            .scopes
            .iter()
            .filter(|scope| offered.contains(scope));
        typed.scopes = scopes.map(str::to_owned).collect();
        typed.name = known
            .token
            .name
            .map(|name| name.to_string())
            .unwrap_or_default();
    }
    let wrong = Wrong::default();
    wrong.render(&typed.page(&desk, &state, wrong))
}

/// Makes a token and shows its text, once. A form that is sent again makes nothing.
#[utoipa::path(
    post,
    path = "/settings/tokens/new",
    tag = "pages",
    responses(
        (status = 200, description = "The token's text, this once; or that it was shown before.",
            content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or too long ago."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours, or they do not manage it.",
            content_type = "text/html"),
        (status = 404, description = "There is no such organization.", content_type = "text/html"),
        (status = 422, description = "Something in it is wrong; the form again.",
            content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn create(
    sent: DeskForm<NewForm>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let DeskForm { desk, form } = sent;
    let NewForm { form, typed } = form;
    let again = |wrong: Wrong| wrong.render(&typed.page(&desk, &state, wrong));
    let new = match typed.read_all(&state) {
        Ok(new) => new,
        Err(wrong) => return again(wrong),
    };
    let Some(form) = form else {
        return Err(PageError::BadRequest("the form cannot be read"));
    };
    let making = kept::create(&state.ctx, desk.session(), &desk.home, form, &new);
    let outcome = state.timely(making).await.map_err(PageError::Other)?;
    match outcome {
        Ok(outcome) => made::show(&desk, &state, outcome, None),
        Err(refusal) => match Wrong::of(refusal) {
            Ok(wrong) => again(wrong),
            Err(refusal) => Err(desk.refused(refusal)),
        },
    }
}
