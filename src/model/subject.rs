//! Subject identifiers (RFC 9493): how somebody else names one of our users.

use super::id::Id;
use super::user::{Email, User};

/// Whom a request is about, in the formats that we know users by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// RFC 9493 3.2.2: an e-mail address.
    Email(Email),
    /// RFC 9493 3.2.4: our own name for the user; `None` is a name that no user of ours has.
    Opaque(Option<Id<User>>),
    /// RFC 9493 3.2.3: an issuer, and its name for the user.
    IssuerSubject {
        /// The issuer.
        iss: String,
        /// Its name for the user; `None` is one that we never gave anybody.
        sub: Option<Id<User>>,
    },
}
