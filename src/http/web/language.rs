//! Languages that pages are written in, and which one somebody reads.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header::{AcceptLanguage, Header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PageError;
use super::page::see_other;
use super::return_to::ReturnTo;
use crate::http::extract::RawForm;
use crate::http::state::ApiState;

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http) enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// The cookie that remembers what somebody chose.
pub(super) const COOKIE: &str = "tokenward_language";

impl Language {
    /// Every language.
    pub(in crate::http) const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its tag (BCP 47).
    pub(in crate::http) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What its readers call it.
    pub(in crate::http) const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language of a tag, whatever its region.
    pub(in crate::http) fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or(tag);
        let mut all = Self::ALL.into_iter();
        all.find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// What whoever sends a request reads: what they chose, else what their browser prefers of what
    /// there is (RFC 9110 12.5.4).
    pub(in crate::http) fn of(request: &HttpRequest) -> Self {
        let chosen = request.cookie(COOKIE);
        if let Some(language) = chosen.and_then(|cookie| Self::of_tag(cookie.value())) {
            return language;
        }
        let accepted = AcceptLanguage::parse(request).ok();
        let mut ranked = accepted.into_iter().flat_map(|accepted| accepted.ranked());
        let preferred = ranked.find_map(|language| Self::of_tag(&language.to_string()));
        preferred.unwrap_or_default()
    }
}

/// Remembers the language that somebody chose, in their browser. It takes no secret to ask for: a
/// stranger's page that does so changes words, and only until the reader chooses again.
#[utoipa::path(
    post,
    path = "/language",
    tag = "pages",
    responses(
        (status = 303, description = "Back to the page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn choose(
    RawForm(text): RawForm,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let fields: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).collect();
    let find = |name: &str| {
        let mut found = fields.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_ref())
    };
    let language = find("language").and_then(Language::of_tag);
    let language = language.ok_or(PageError::BadRequest("there are no pages in this language"))?;
    let mut response = see_other(ReturnTo::read(find("return_to")).as_str());
    let mut cookie = Cookie::build(COOKIE, language.tag());
    cookie = cookie
        .path("/")
        .secure(state.cookies.secure())
        .http_only(true);
    let cookie = cookie.same_site(SameSite::Lax).max_age(Duration::days(365));
    response
        .add_cookie(&cookie.finish())
        .map_err(|_| PageError::defect())?;
    Ok(response)
}
