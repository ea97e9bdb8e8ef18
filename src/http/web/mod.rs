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

use super::extract::{Again, Parameters};
use crate::texts;

pub use error::PageError;
pub(super) use eyes::Eyes;
pub(super) use look::within;
pub use look::{BrandLook, Look};
pub use return_to::ReturnTo;

/// Where somebody finds a form again, with what was kept of it, who sent these parameters to `path` and was not
/// signed in any more: of a token to make and one to replace, of its name, of an application, of a member.
#[must_use]
pub fn kept_of_forms(parameters: &Parameters, path: &str) -> [Option<String>; 5] {
    fn kept<T: Again>(parameters: &Parameters, path: &str) -> Option<String> {
        T::read(parameters).ok().map(|form| form.again(path))
    }
    [
        kept::<tokens::new::NewForm>(parameters, path),
        kept::<tokens::replace::ReplaceForm>(parameters, path),
        kept::<tokens::change::RenameForm>(parameters, path),
        kept::<own_applications::ApplicationForm>(parameters, path),
        kept::<organizations::AddForm>(parameters, path),
    ]
}
