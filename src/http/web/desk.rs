//! Whose tokens and leaks a page is about: those of whoever is signed in, under `/settings`, or those of
//! an organization that they manage, under `/organizations/{slug}`.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::error::PageError;
use super::page::{Page, Place};
use crate::domain::access_tokens::Refusal;
use crate::domain::access_tokens::kept::{self, Home};
use crate::http::extract::{Again, KeptForm, SignedInVisitor};
use crate::http::state::ApiState;
use crate::model::{Owner, Session};

/// Somebody at the place where tokens are kept.
#[derive(Debug)]
pub(in crate::http) struct Desk {
    /// Who looks, and in which browser.
    pub(super) sender: SignedInVisitor,
    /// Whose tokens.
    pub(super) home: Home,
}

impl Desk {
    async fn open(request: &HttpRequest, sender: SignedInVisitor) -> Result<Self, PageError> {
        let state = request.app_data::<Data<ApiState>>();
        let state = state.ok_or(PageError::NotFound)?;
        let home = match request.match_info().get("slug") {
            None => Home::Own,
            Some(slug) => {
                let slug = slug.parse().map_err(|_| PageError::NotFound)?;
                let entering = kept::enter(&state.ctx, &sender.session, &slug);
                let entered = state.timely(entering).await.map_err(PageError::Other)?;
                entered.map_err(|refusal| refused(refusal, &sender.here))?
            }
        };
        Ok(Self { sender, home })
    }

    /// Who is signed in.
    pub(super) const fn session(&self) -> &Session {
        &self.sender.session
    }

    /// Who owns what is kept here.
    pub(super) fn owner(&self) -> Owner {
        self.home.owner(&self.sender.session)
    }

    /// Where everything that is kept here is, without a slash at the end.
    pub(super) fn base(&self) -> String {
        match &self.home {
            Home::Own => "/settings".to_owned(),
            Home::Of(organization) => format!("/organizations/{}", organization.slug),
        }
    }

    /// What the organization is called, if it is one.
    pub(super) fn organization(&self) -> Option<String> {
        match &self.home {
            Home::Own => None,
            Home::Of(organization) => Some(organization.name.as_str().to_owned()),
        }
    }

    /// The frame of a page about what is kept here.
    pub(super) fn page(&self, state: &ApiState, title: &str, place: Place) -> Page {
        let page = Page::for_visitor(state, &self.sender.visitor, title);
        match self.home {
            Home::Own => page.at(place),
            Home::Of(_) => page.at(Place::Organizations),
        }
    }

    /// What somebody is told instead of a page.
    pub(super) fn refused(&self, refusal: Refusal) -> PageError {
        refused(refusal, &self.sender.here)
    }
}

/// What somebody is told instead of a page; those who have to sign in come back `here`.
fn refused(refusal: Refusal, here: &str) -> PageError {
    match refusal {
        Refusal::SignedOut | Refusal::Stale => PageError::SignIn(here.into()),
        Refusal::NotPermitted => PageError::Forbidden(
            "this needs an owner or admin of an organization that is not blocked",
        ),
        Refusal::NotFound | Refusal::UnknownOrganization => PageError::NotFound,
        other => PageError::Other(other.into()),
    }
}

impl FromRequest for Desk {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let sender = SignedInVisitor::extract(&request).await?;
            Self::open(&request, sender).await
        })
    }
}

/// A form about what is kept here.
pub(in crate::http) struct DeskForm<T> {
    /// Who sends it, about whose tokens.
    pub(super) desk: Desk,
    /// What it says.
    pub(super) form: T,
}

impl<T: Again + 'static> FromRequest for DeskForm<T> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let sent = KeptForm::from_request(&request, &mut payload).await?;
            let desk = Desk::open(&request, sent.sender).await?;
            Ok(Self {
                desk,
                form: sent.form,
            })
        })
    }
}
