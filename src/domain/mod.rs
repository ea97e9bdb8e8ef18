//! What the product does; each public function is a sentence.

pub mod exposures;
pub mod hash_keys;
pub mod introspection;
mod letters;
pub mod organizations;
pub mod outbox;
pub mod tokens;
pub mod usage;
pub mod users;

mod cases;
mod context;
mod error;

pub use context::{Context, Wake};
pub use error::DomainError;
