//! Who looks at a page: a browser, and whoever is signed in there.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use actix_web::cookie::{Cookie, SameSite, time::Duration as CookieDuration};
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, ORIGIN, USER_AGENT};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use tokio::time::timeout;

use super::client_address::limited_address;
use super::form::{FromParameters, parameters};
use crate::domain::sessions::Circumstances;
use crate::domain::{csrf, operators, sessions};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::{ApiError, OAuthError};
use crate::model::{Language, PlainToken, Session, random};

/// A browser.
#[derive(Debug)]
pub struct Visitor {
    /// Who is signed in there, if anybody is.
    pub session: Option<Session>,
    /// Whether they operate the service.
    pub operates: bool,
    /// From where it comes.
    pub address: Option<IpAddr>,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// What its forms are made from: the session's token or, without one, the browser's secret.
    secret: Option<PlainToken>,
    /// The browser's own secret, which outlives sessions.
    pub browser: Option<PlainToken>,
    /// The language it reads.
    pub language: Language,
}

impl Visitor {
    /// The text that its forms must carry.
    #[must_use]
    pub fn csrf(&self, state: &ApiState) -> String {
        let secret = self.secret.as_ref().or(self.browser.as_ref());
        secret
            .map(|secret| csrf::token(&state.ctx, secret))
            .unwrap_or_default()
    }

    /// The circumstances in which it signs in.
    #[must_use]
    pub fn circumstances(&self) -> Circumstances {
        Circumstances {
            user_agent: self.user_agent.clone(),
            address: self.address,
            previous: self.session.clone(),
            language: self.language,
        }
    }

    pub(super) fn may_send(&self, state: &ApiState, text: &str) -> bool {
        let secret = self.secret.as_ref().or(self.browser.as_ref());
        secret.is_some_and(|secret| csrf::fits(&state.ctx, secret, text))
    }
}

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { look(&request).await })
    }
}

pub(super) fn state(request: &HttpRequest) -> Result<&Data<ApiState>, PageError> {
    request
        .app_data::<Data<ApiState>>()
        .ok_or(PageError::NotFound)
}

pub(super) async fn look(request: &HttpRequest) -> Result<Visitor, PageError> {
    let state = state(request)?;
    let cookie = |name: &str| {
        let cookie = request.cookie(name)?;
        Some(PlainToken::new(cookie.value().to_owned()))
    };
    let address = limited_address(request, state);
    let presented = cookie(&state.cookies.session);
    let finding = async {
        let Some(text) = &presented else {
            return Ok((None, false));
        };
        let session = sessions::find(&state.ctx, text, address).await?;
        let operates = match &session {
            Some(session) => operators::have_role(&state.ctx, session).await?,
            None => false,
        };
        Ok::<_, PageError>((session, operates))
    };
    let finding = timeout(state.request_timeout, finding).await;
    let (session, operates) = finding.map_err(|_| PageError::too_slow())??;
    let agent = request.headers().get(USER_AGENT);
    Ok(Visitor {
        secret: presented.filter(|_| session.is_some()),
        session,
        operates,
        address,
        user_agent: agent
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        browser: cookie(&state.cookies.browser),
        language: Language::of(request),
    })
}

/// A form of one of our own pages, sent by the browser that it was shown to.
pub struct PageForm<T> {
    /// Who sends it.
    pub visitor: Visitor,
    /// What it says.
    pub form: T,
}

impl<T: FromParameters + 'static> FromRequest for PageForm<T> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let visitor = look(&request).await?;
            let state = state(&request)?;
            let parameters = parameters(&request, payload).await?;
            let text = parameters.find("csrf").unwrap_or_default();
            let ours = is_same_origin(request.headers(), &state.ctx.public_url);
            if !ours || !visitor.may_send(state, text) {
                return Err(PageError::ForeignForm);
            }
            Ok(Self {
                visitor,
                form: T::read(&parameters)?,
            })
        })
    }
}

/// Whether a browser says that a request comes from our own pages, or says nothing: programs do
/// not, and old browsers do not.
pub(super) fn is_same_origin(headers: &HeaderMap, public_url: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return [&b"same-origin"[..], b"none"].contains(&site.as_bytes());
    }
    headers
        .get(ORIGIN)
        .is_none_or(|origin| origin.as_bytes() == public_url.as_bytes())
}

/// Whoever calls the JSON API. A cookie is sent by the browser whoever asks it to, so what changes
/// something for somebody who is signed in must come from our own pages.
#[derive(Debug)]
pub struct Caller {
    /// Who is signed in, if anybody is.
    pub session: Option<Session>,
    /// From where the call comes.
    pub address: Option<IpAddr>,
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { caller(&request).await })
    }
}

async fn caller(request: &HttpRequest) -> Result<Caller, ApiError> {
    let state = request
        .app_data::<Data<ApiState>>()
        .ok_or_else(ApiError::not_found)?;
    let Visitor {
        session, address, ..
    } = look(request).await.map_err(ApiError::from)?;
    let safe = [Method::GET, Method::HEAD].contains(request.method());
    let ours = || is_same_origin(request.headers(), &state.ctx.public_url);
    if session.is_some() && !safe && !ours() {
        let detail = "the request comes from a page of another site";
        return Err(ApiError::forbidden("cross_site", detail));
    }
    Ok(Caller { session, address })
}

/// Whoever is signed in, for the JSON API; see [`Caller`].
#[derive(Debug)]
pub struct SignedIn(pub Session);

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let session = caller(&request).await?.session;
            session.map(Self).ok_or_else(ApiError::not_signed_in)
        })
    }
}

/// The names of our cookies, and how they are set.
#[derive(Clone, Debug)]
pub struct CookieNames {
    /// The signed-in session.
    pub session: String,
    /// The browser.
    pub browser: String,
    secure: bool,
}

impl CookieNames {
    /// With `__Host-`, a browser takes the cookie over https only, for this host only, and from
    /// this host only (RFC 6265bis 4.1.3.2).
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        let secure = public_url.starts_with("https:");
        let prefix = if secure { "__Host-" } else { "" };
        Self {
            session: format!("{prefix}tokenward_session"),
            browser: format!("{prefix}tokenward_browser"),
            secure,
        }
    }

    /// Whether browsers reach us by https.
    #[must_use]
    pub const fn secure(&self) -> bool {
        self.secure
    }

    fn cookie(&self, name: &str, value: &str) -> Cookie<'static> {
        let cookie = Cookie::build(name.to_owned(), value.to_owned());
        let cookie = cookie.path("/").http_only(true).secure(self.secure);
        cookie.same_site(SameSite::Lax).finish()
    }

    /// The cookie of a session that just began.
    #[must_use]
    pub fn of_session(&self, token: &PlainToken, lifetime: std::time::Duration) -> Cookie<'static> {
        let mut cookie = self.cookie(&self.session, token.reveal());
        let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        cookie.set_max_age(CookieDuration::seconds(seconds));
        cookie
    }

    /// Takes the session's cookie away.
    #[must_use]
    pub fn no_session(&self) -> Cookie<'static> {
        let mut cookie = self.cookie(&self.session, "");
        cookie.make_removal();
        cookie
    }

    /// The cookie of a browser that has none, with its secret.
    #[must_use]
    pub fn of_browser(&self) -> (Cookie<'static>, PlainToken) {
        let secret = PlainToken::new(random::alphanumeric(43));
        (self.cookie(&self.browser, secret.reveal()), secret)
    }
}

impl From<OAuthError> for PageError {
    fn from(error: OAuthError) -> Self {
        match error {
            OAuthError::Other(error) => Self::Other(error),
            OAuthError::InvalidRequest(what) => Self::BadRequest(what),
            _ => Self::BadRequest("the form cannot be read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn requests_of_other_sites_are_told_from_ours() {
        let ours = "https://tokens.example";
        let says = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                let name = HeaderName::from_static(name);
                headers.insert(name, HeaderValue::from_static(value));
            }
            is_same_origin(&headers, ours)
        };
        assert!(says(&[]));
        assert!(says(&[("origin", "https://tokens.example")]));
        assert!(says(&[("sec-fetch-site", "same-origin")]));
        assert!(says(&[("sec-fetch-site", "none")]));
        for foreign in [
            [("origin", "https://evil.example"); 1],
            [("origin", "null")],
            [("origin", "http://tokens.example")],
            [("sec-fetch-site", "cross-site")],
            [("sec-fetch-site", "same-site")],
        ] {
            assert!(!says(&foreign), "{foreign:?}");
        }
    }

    #[test]
    fn cookies_are_bound_to_the_host_where_there_is_https() {
        let names = CookieNames::new("https://tokens.example");
        assert_eq!(names.session, "__Host-tokenward_session");
        let (cookie, secret) = names.of_browser();
        assert_eq!(secret.reveal().len(), 43);
        let text = cookie.to_string();
        for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("Domain"));
        assert_eq!(
            CookieNames::new("http://localhost").session,
            "tokenward_session"
        );
    }
}
