//! Every route in one table; extractors that make authorization part of a handler's signature; one
//! error renderer per audience.

pub mod extract;

mod access_tokens;
mod api_error;
mod authorization;
mod bodies;
mod concurrency;
mod connections;
mod cors;
mod gitlab;
mod global_revocation;
mod internal;
mod introspection;
mod limiting;
mod oauth_error;
mod observe;
mod openapi;
mod operations;
mod own_token;
mod possession;
mod problem;
mod registration;
mod reports;
mod request_id;
mod revocation;
mod routes;
mod state;
mod streams;
mod token;
mod userinfo;
mod web;
mod well_known;

pub use api_error::ApiError;
pub use bodies::{Bodies, Room};
pub use connections::Connections;
pub use extract::CookieNames;
pub(crate) use internal::exposures::AttemptAnswer;
pub use oauth_error::OAuthError;
pub use observe::observe;
pub use openapi::openapi;
pub use problem::Problem;
pub use routes::configure;
pub use state::{ApiState, Intake, SharedIntake};
pub use streams::bodies_of_receivers;
pub use streams::poll::Polls;
pub use web::{BrandLook, Look, PageError, ReturnTo, kept_of_forms};

use crate::domain::access_tokens::{self as own_tokens, View};
use crate::domain::exposures::ExposureFilter;

/// Which of the bodies that strangers send an object can be read as: credentials that are given up, a subject
/// to be signed out, a client's description of itself.
#[must_use]
pub fn bodies_of_strangers(members: &extract::Members) -> [bool; 3] {
    use extract::FromMembers;
    [
        possession::Credentials::read(members).is_ok(),
        global_revocation::SubId::read(members).is_ok(),
        registration::RegistrationBody::read(members).is_ok(),
    ]
}

/// Which of the bodies an object can be read as that internal services, organizations and people send who are
/// signed in: revocations, a bulk revocation, a token to issue, a token of one's own and a change of it, an
/// organization's token, an endpoint for webhooks, a change of it and what to send it again.
#[must_use]
pub fn bodies_of_the_known(members: &extract::Members) -> [bool; 9] {
    use extract::FromMembers;
    [
        internal::revocations::Revocations::read(members).is_ok(),
        internal::bulk::BulkRequest::read(members).is_ok(),
        internal::tokens::NewIssuedToken::read(members).is_ok(),
        own_tokens::NewAccessToken::read(members).is_ok(),
        own_tokens::Change::read(members).is_ok(),
        access_tokens::NewOrganizationToken::read(members).is_ok(),
        internal::webhooks::NewWebhook::read(members).is_ok(),
        internal::webhooks::ChangedWebhook::read(members).is_ok(),
        internal::webhooks::ReplayRequest::read(members).is_ok(),
    ]
}

/// Which of the forms that clients and programs send a form can be read as: a request for a token, a question
/// about one, a revocation, what somebody said who was asked.
#[must_use]
pub fn forms_of_clients(parameters: &extract::Parameters) -> [bool; 4] {
    use extract::FromParameters;
    [
        token::TokenRequest::read(parameters).is_ok(),
        introspection::IntrospectionRequest::read(parameters).is_ok(),
        revocation::RevocationRequest::read(parameters).is_ok(),
        authorization::Said::read(parameters).is_ok(),
    ]
}

/// Which part of a list a query asks for: of access tokens, and of exposures with how many at most.
#[must_use]
pub fn parts_of_lists(query: &str) -> (Option<View>, Option<(ExposureFilter, u32)>) {
    let tokens = access_tokens::read_view(query).ok();
    let exposures = internal::exposures::read(query).ok();
    (
        tokens.map(|asked| asked.view),
        exposures.map(|wanted| (wanted.filter, wanted.limit)),
    )
}
