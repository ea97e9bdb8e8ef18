//! Pages for people: HTML that works without script, strict about what may be loaded, framed
//! and sent.

pub(super) mod admin;
pub(super) mod answers;
pub(super) mod applications;
pub(super) mod authorize;
pub(super) mod dev;
pub(super) mod exposures;
pub(super) mod language;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod look;
pub(super) mod organizations;
pub(super) mod own_applications;
pub(super) mod sessions;
pub(super) mod settings;
pub(super) mod tokens;

mod browser;
mod color;
mod desk;
mod error;
mod eyes;
mod page;
mod plot;
mod return_to;
mod scopes;
mod sheet;
mod when;

use crate::texts;

pub use error::PageError;
pub(super) use eyes::Eyes;
pub(super) use look::within;
pub use look::{BrandLook, Look};
pub use return_to::ReturnTo;
