//! Who looks at an answer: in what language, at what, and when.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::Method;

use super::language::Language;
use super::look::Look;
use super::return_to::ReturnTo;
use crate::http::state::ApiState;
use crate::model::Timestamp;

/// What every page depends on besides its own matter.
#[derive(Debug)]
pub(in crate::http) struct Eyes {
    /// How the product looks.
    pub(super) look: Arc<Look>,
    /// What language the reader reads.
    pub(super) language: Language,
    /// The page that they look at.
    pub(super) here: ReturnTo,
    /// When they look.
    pub(super) now: Timestamp,
    /// Whether the development pages are there.
    pub(super) developing: bool,
}

impl Eyes {
    /// Nobody in particular.
    pub(super) fn nobody(state: &ApiState) -> Self {
        Self {
            look: Arc::clone(&state.look),
            language: Language::default(),
            here: ReturnTo::home(),
            now: state.ctx.clock.now(),
            developing: state.mailbox.is_some(),
        }
    }

    /// Whoever sent a request.
    pub(in crate::http) fn of(request: &HttpRequest, state: &ApiState) -> Self {
        // What a form was sent to is looked at anew without what was in the query.
        let here = match *request.method() == Method::GET {
            true => request.uri().path_and_query().map(|whole| whole.as_str()),
            false => Some(request.uri().path()),
        };
        Self {
            look: Arc::clone(&state.look),
            language: Language::of(request),
            here: ReturnTo::read(here),
            now: state.ctx.clock.now(),
            developing: state.mailbox.is_some(),
        }
    }
}
