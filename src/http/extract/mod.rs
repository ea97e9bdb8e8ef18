//! Requirements of handlers, as types in their signatures.

mod asker;
mod bearer;
mod client;
mod delivery;
mod form;

pub use asker::AskedBy;
pub use bearer::BearerCredential;
pub use client::{ClientRequest, parse_basic};
pub use delivery::SignedDelivery;
pub use form::{Form, FromParameters, Parameters};
