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
pub use oauth_error::OAuthError;
pub use observe::observe;
pub use openapi::openapi;
pub use problem::Problem;
pub use routes::configure;
pub use state::{ApiState, Intake, SharedIntake};
pub use streams::poll::Polls;
pub use web::{BrandLook, Look, PageError, ReturnTo};

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
