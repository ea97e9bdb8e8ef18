//! Whoever operates the service. A handler that takes one has been authorised: the person is signed in
//! since not long ago and has the role. To everybody else nothing under `/admin` is there.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};

use crate::domain::operators::{self, Admission};
use crate::http::extract::{FromParameters, PageForm, Parameters, Visitor};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Page, Place, see_other};
use crate::http::web::return_to::login_url;
use crate::http::{ApiError, OAuthError};
use crate::model::Id;

/// A query or a form that says nothing.
pub(in crate::http) struct Nothing;

impl FromParameters for Nothing {
    fn read(_: &Parameters) -> Result<Self, OAuthError> {
        Ok(Self)
    }
}

/// Somebody who operates the service, and what the query of the address says. That is read only after
/// they were let in.
pub(in crate::http) struct Operator<Q = Nothing> {
    /// Their browser.
    visitor: Visitor,
    /// The part of the address that names what it is about; empty where it has none.
    name: String,
    /// What the query says.
    pub(in crate::http) query: Q,
}

impl<Q> Operator<Q> {
    /// The frame of a page of theirs at a place.
    pub(super) fn page(&self, state: &ApiState, title: &str, place: Place) -> Page {
        Page::for_visitor(state, &self.visitor, title).at(place)
    }

    /// The id in the address.
    pub(super) fn id<T>(&self) -> Result<Id<T>, PageError> {
        self.name.parse().map_err(|_| PageError::NotFound)
    }

    /// The name in the address.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Why nobody was let in.
#[derive(Debug)]
pub(in crate::http) enum Refusal {
    /// They must sign in, and come back here.
    SignIn(String),
    /// Anything else; to those without the role nothing is here.
    Page(PageError),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SignIn(_) => f.write_str("sign-in is needed"),
            Self::Page(error) => error.fmt(f),
        }
    }
}

impl<E: Into<PageError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Page(error.into())
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn(_) => StatusCode::SEE_OTHER,
            Self::Page(error) => error.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignIn(here) => see_other(&login_url(here, None)),
            Self::Page(error) => error.error_response(),
        }
    }
}

impl<Q: FromParameters + 'static> FromRequest for Operator<Q> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { admit(&request).await })
    }
}

async fn admit<Q: FromParameters>(request: &HttpRequest) -> Result<Operator<Q>, Refusal> {
    let state = request.app_data::<Data<ApiState>>();
    let state = state.ok_or(PageError::NotFound)?;
    let visitor = Visitor::from_request(request, &mut Payload::None).await?;
    // Whatever was asked for is shown by GET as well.
    let here = || match request.method().is_safe() {
        true => request
            .uri()
            .path_and_query()
            .map_or("/admin", |all| all.as_str()),
        false => request.uri().path(),
    };
    let Some(session) = &visitor.session else {
        return Err(Refusal::SignIn(here().to_owned()));
    };
    match timely(state, operators::admit(&state.ctx, session)).await? {
        Admission::Granted { .. } => {}
        Admission::Stale => return Err(Refusal::SignIn(here().to_owned())),
        Admission::Refused => return Err(PageError::NotFound.into()),
    }
    let query = Parameters::parse(request.query_string().as_bytes());
    let query = query.and_then(|query| Q::read(&query));
    Ok(Operator {
        visitor,
        name: request
            .match_info()
            .get("id")
            .unwrap_or_default()
            .to_owned(),
        query: query.map_err(PageError::from)?,
    })
}

/// A form that an operator sent from a page of ours.
pub(in crate::http) struct OperatorForm<T> {
    /// Who.
    pub(in crate::http) operator: Operator,
    /// What it says.
    pub(in crate::http) form: T,
}

impl<T: FromParameters + 'static> FromRequest for OperatorForm<T> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            // Those without the role do not learn that a form was wrong.
            let operator = admit(&request).await?;
            let sent = PageForm::<T>::from_request(&request, &mut payload).await?;
            // It may have ended meanwhile.
            let session = sent.visitor.session.ok_or(PageError::ForeignForm)?;
            operators::act(&session);
            let form = sent.form;
            Ok(Self { operator, form })
        })
    }
}

/// Waits for a use case, but not longer than a request may take.
pub(in crate::http::web) async fn timely<T, E: Into<PageError>>(
    state: &ApiState,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, PageError> {
    let outcome: Result<_, ApiError> = state.timely(work).await;
    outcome.map_err(PageError::Other)?.map_err(Into::into)
}
