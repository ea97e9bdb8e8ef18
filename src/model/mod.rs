//! The vocabulary: pure values, no I/O, no async. Every other room may use it, and it uses none.

pub mod client;
pub mod delivery;
pub mod detector;
pub mod exposure;
pub mod grant;
pub mod id;
pub mod letter;
pub mod organization;
pub mod random;
pub mod scope;
pub mod secret;
pub mod time;
pub mod token;
pub mod token_kind;
pub mod token_text;
pub mod user;

pub use client::{Client, ClientId};
pub use delivery::{Delivery, Report, ReportedText};
pub use detector::{Candidate, Detector};
pub use exposure::{Exposure, Origin, Place, Verdict};
pub use grant::Grant;
pub use id::Id;
pub use letter::Letter;
pub use organization::{Organization, OrganizationName, Role, Slug};
pub use scope::ScopeSet;
pub use secret::{HashKey, HashKeyId, HashKeys, PlainToken, TokenDigest};
pub use time::{Clock, Timestamp};
pub use token::{KnownToken, Revocation, RevocationReason, Token, TokenName, TokenState};
pub use token_kind::{Remedy, TokenKind};
pub use token_text::{ChecksumRules, TokenFormat};
pub use user::{Email, User};
