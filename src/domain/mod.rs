//! What the product does; each public function is a sentence.

pub mod access_tokens;
pub mod audit;
pub mod authorization;
pub mod bearers;
pub mod breakers;
pub mod bulk_revocations;
pub mod client_authentication;
pub mod clients;
pub mod consents;
pub mod csrf;
pub mod digests;
pub mod exchange;
pub mod exposures;
pub mod global_revocation;
pub mod hash_keys;
pub mod introspection;
pub mod issuing;
pub mod leak_policy;
pub mod leaked_uses;
pub mod limits;
pub mod live_tokens;
pub mod logout;
pub mod organizations;
pub mod outbox;
pub mod quarantines;
pub mod registration;
pub mod retention;
pub mod revocation;
pub mod revocations;
pub mod service_keys;
pub mod sessions;
pub mod sign_in;
pub mod signing_keys;
pub mod streams;
pub mod tokens;
pub mod usage;
pub mod userinfo;
pub mod users;
pub mod webhooks;

mod attempts;
mod cases;
mod context;
mod error;
mod families;
mod incident;
mod letters;
mod places;
mod reactions;
mod repeated_leaks;
mod replays;

pub use context::{Context, CurrentLeakPolicy, Wake};
pub use error::DomainError;

pub use crate::storage::provenance;
