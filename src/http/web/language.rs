//! Languages that pages are written in, and which one somebody reads.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header::{AcceptLanguage, Header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PageError;
use super::page::see_other;
use super::return_to::ReturnTo;
use crate::domain::users;
use crate::http::extract::{RawForm, Visitor};
use crate::http::state::ApiState;
pub(in crate::http) use crate::model::Language;

/// The cookie that remembers what somebody chose.
pub(super) const COOKIE: &str = "tokenward_language";

impl Language {
    /// What whoever sends a request reads: what they chose, else what their browser prefers of what
    /// there is (RFC 9110 12.5.4).
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
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

/// Remembers the language that somebody chose: in their browser, and for the letters to whoever is
/// signed in. It takes no secret to ask for: a stranger's page that does so changes words on pages,
/// and only until the reader chooses again; the session's cookie does not come along with it.
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
    visitor: Visitor,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let fields: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).collect();
    let find = |name: &str| {
        let mut found = fields.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_ref())
    };
    let language = find("language").and_then(Language::of_tag);
    let language = language.ok_or(PageError::BadRequest("there are no pages in this language"))?;
    if let Some(session) = &visitor.session {
        users::choose_language(&state.ctx, session.user.id, language).await?;
    }
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

#[cfg(test)]
mod tests {
    use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderValue};
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_chosen_counts_before_what_is_preferred(
            accepted in "[ -~]{0,40}|(de|en|fr|[,;=.*-]|q=|[01]){0,12}",
        ) {
            let value = HeaderValue::from_str(&accepted).unwrap();
            let request = |cookie: &str| {
                let request = TestRequest::default().append_header((ACCEPT_LANGUAGE, value.clone()));
                let cookie = Cookie::build(COOKIE, cookie.to_owned()).finish();
                request.cookie(cookie).to_http_request()
            };
            for chosen in Language::ALL {
                prop_assert_eq!(Language::of(&request(chosen.tag())), chosen);
            }
            let preferred = Language::of(&request("x"));
            let named = accepted.to_ascii_lowercase().contains(preferred.tag());
            prop_assert!(named || preferred == Language::default());
        }
    }
}
