//! Pages for people: plain HTML that works without script, strict about what may be loaded, framed
//! and sent.

pub(super) mod answers;
pub(super) mod applications;
pub(super) mod authorize;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod look;
pub(super) mod sessions;

mod browser;
mod error;
mod page;
mod return_to;
mod when;

pub use error::PageError;
pub(super) use look::within;
pub use look::{Look, StyleSheet};
