//! What a request about webhooks may be refused with, for the document.

use utoipa::IntoResponses;

use crate::http::openapi::{ErrorBody, ProblemsBody};

/// What every request may be refused with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes what is answered")]
pub(super) enum Refusals {
    #[response(
        status = 401,
        description = "No service key or organization's token that works."
    )]
    NoKey(ErrorBody),
    #[response(status = 403, description = "The credential lacks the scope.")]
    NoScope(ErrorBody),
    #[response(
        status = 429,
        description = "Too many of the organization, or with credentials that do not work from this \
            network address; see `Retry-After`."
    )]
    TooOften(ErrorBody),
    #[response(status = 503, description = "The service cannot answer now.")]
    Unavailable(ErrorBody),
}

/// And a request without a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes what is answered")]
pub(super) enum WithoutBody {
    #[response(status = 400, description = "A header cannot be read.")]
    Unreadable(ErrorBody),
}

/// And a request about one endpoint, without a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes what is answered")]
pub(super) enum OfEndpoint {
    #[response(status = 400, description = "A header cannot be read.")]
    Unreadable(ErrorBody),
    #[response(status = 404, description = "There is no such endpoint.")]
    Unknown(ErrorBody),
    #[response(status = 422, description = "The id is none.")]
    NoId(ProblemsBody),
}

/// And a request with a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes what is answered")]
pub(super) enum WithBody {
    #[response(status = 400, description = "The body broke off, or cannot be read.")]
    Unreadable(ErrorBody),
    #[response(status = 408, description = "The body did not arrive in time.")]
    TooSlow(ErrorBody),
    #[response(status = 413, description = "The body is too large.")]
    TooLarge(ErrorBody),
    #[response(status = 415, description = "The body is not JSON, or compressed.")]
    NoJson(ErrorBody),
    #[response(status = 422, description = "The request is not valid.")]
    Invalid(ProblemsBody),
}
