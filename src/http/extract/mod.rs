//! Requirements of handlers, as types in their signatures.

mod bearer;
mod delivery;
mod form;

pub use bearer::BearerCredential;
pub use delivery::SignedDelivery;
pub use form::{Form, FromParameters, Parameters};
