//! Whoever must be signed in to see a page or to send its form. Who is not signs in first, and then
//! finds the page again; what they had typed is still there where it may be in an address.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::form::{FromParameters, Parameters, parameters};
use super::visitor::{Visitor, is_same_origin, look, state};
use crate::http::web::PageError;
use crate::model::Session;

/// A browser in which somebody is signed in.
#[derive(Debug)]
pub struct SignedInVisitor {
    /// Who.
    pub session: Session,
    /// In which browser.
    pub visitor: Visitor,
    /// The page's path with, on GET, its query: where to go after signing in (again).
    pub here: String,
}

impl SignedInVisitor {
    fn new(visitor: Visitor, here: String) -> Result<Self, PageError> {
        match visitor.session.clone() {
            Some(session) => Ok(Self {
                session,
                visitor,
                here,
            }),
            None => Err(PageError::SignIn(here.into())),
        }
    }
}

impl FromRequest for SignedInVisitor {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let here = request.uri().path_and_query().map(ToString::to_string);
            Self::new(look(&request).await?, here.unwrap_or_default())
        })
    }
}

/// What becomes of a form that is sent when nobody is signed in any more.
pub trait Again: FromParameters {
    /// The page at `path` with what may be kept of the form, as a path with its query.
    fn again(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// A form of one of our own pages, sent by whoever is signed in in the browser that it was shown to.
pub struct KeptForm<T> {
    /// Who sends it.
    pub sender: SignedInVisitor,
    /// What it says.
    pub form: T,
}

impl<T: Again + 'static> FromRequest for KeptForm<T> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let visitor = look(&request).await?;
            let parameters = parameters(&request, payload).await?;
            // Before it is known to be ours: nothing is done for nobody.
            let signed_in = visitor.session.is_some();
            if signed_in && !is_ours(&request, &visitor, &parameters)? {
                return Err(PageError::ForeignForm);
            }
            let form = T::read(&parameters)?;
            let here = form.again(request.path());
            let sender = SignedInVisitor::new(visitor, here)?;
            Ok(Self { sender, form })
        })
    }
}

fn is_ours(
    request: &HttpRequest,
    visitor: &Visitor,
    parameters: &Parameters,
) -> Result<bool, PageError> {
    let state = state(request)?;
    let text = parameters.find("csrf").unwrap_or_default();
    Ok(is_same_origin(request.headers(), &state.ctx.public_url) && visitor.may_send(state, text))
}
