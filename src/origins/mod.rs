//! Who reports leaks: where an origin's keys are, how it signs, what its bodies look like.
//!
//! An origin is a value, [`OriginSpec`]; what happens to a delivery is the same for all of them:
//!
//! 1. [`Envelope::read`] finds key id and signature among the headers;
//! 2. [`KeyRing::key`] knows the key, or has it fetched, or says why not;
//! 3. [`verify`] proves the raw body;
//! 4. [`parse_reports`] reads it, item by item, so that none spoils another;
//! 5. [`feedback`] writes the answer.
//!
//! Nothing here touches the database or knows the web server.

mod envelope;
mod feedback;
mod fetch;
mod inline_keys;
mod key_ring;
mod public_keys;
mod raw_json;
mod reports;
mod signature;
pub mod signing;
mod spec;

pub use envelope::{Envelope, MalformedHeaders};
pub use feedback::{TokenField, VerdictsMissing, feedback};
pub use fetch::{FetchError, Fetched, InsecureUrl, KeyFetcher, http_client};
pub use inline_keys::inline_key;
pub use key_ring::{KeyError, KeyPolicy, KeyRequest, KeyRequests, KeyRing};
pub use public_keys::{KeyId, KeyList, KeySet, MalformedKeys, OriginKey, UnusableKey};
pub use reports::{ClaimedType, MalformedBody, ReceivedReport, parse_reports};
pub use signature::{Forged, verify};
pub use spec::{
    BodyShape, DEPSDEV, GITHUB, GITLAB, HeaderName, ORIGINS, OriginSpec, SignatureHeaders,
};
