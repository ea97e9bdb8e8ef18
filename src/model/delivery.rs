//! Deliveries: what an origin sends in one request.

use std::fmt;

use super::exposure::Origin;
use super::id::Id;
use super::time::Timestamp;

/// One request from an origin whose signature was proven.
#[derive(Debug)]
pub struct Delivery {
    /// Which.
    pub id: Id<Delivery>,
    /// From whom.
    pub origin: Origin,
    /// Which of the origin's keys signed it.
    pub key_id: String,
    /// SHA-256 of the body, by which a repeated delivery is recognised; `None` where nothing of the
    /// body may be kept, so that the delivery is not remembered.
    pub body_digest: Option<[u8; 32]>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// What it reports, in its order.
    pub reports: Vec<Report>,
}

/// One item of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The string that was found.
    pub text: ReportedText,
    /// Where, as an address.
    pub url: Option<String>,
    /// Where, as a kind of place.
    pub source: Option<String>,
}

/// A reported string as received: probably somebody's secret, so it does not print itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ReportedText(Vec<u8>);

impl ReportedText {
    /// Takes hold of a reported string.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes as received.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ReportedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReportedText({} bytes)", self.0.len())
    }
}
