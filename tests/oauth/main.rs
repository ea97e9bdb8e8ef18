//! The OAuth 2 and OpenID Connect server, through its public door, on a fresh database of either
//! engine.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

#[path = "../support/app/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with tests/behaviour, which uses the rest"
)]
mod support;

mod any_request;
mod audit_rows;
mod authorize;
mod backchannel_logout;
mod browser;
mod certification_basic;
mod client_authentication;
mod clients;
mod code_exchange;
mod consent;
mod cross_origin;
mod desk;
mod development;
mod discovery;
mod event_streams;
mod exposure_pages;
mod flow;
mod form_post;
mod give_back;
mod global_revocation;
mod grants_without_code;
mod languages;
mod membership;
mod operators;
mod organization_access_tokens;
mod organizations;
mod own_applications;
mod pages;
mod personal_access_tokens;
mod refresh;
mod registration;
mod registration_limits;
mod retention;
mod rp_logout;
mod sessions;
mod sign_in;
mod sign_in_limits;
mod signing;
mod token_api;
mod token_limits;
mod token_pages;
mod userinfo;
