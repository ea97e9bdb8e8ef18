//! What metrics are counted by. Every label is one of a few words of ours, never anything that a
//! stranger sent: a label value costs memory for ever.

/// How a delivery was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// New, and done.
    Handled,
    /// Seen before; got the same answer again, or a better one.
    Repeated,
    /// Headers or body could not be read.
    Malformed,
    /// Not signed by the origin.
    Refused,
    /// Over the size that is read.
    TooLarge,
    /// The truth could not be known: keys or database out of reach.
    Unavailable,
    /// Something unexpected.
    Failed,
}

impl DeliveryOutcome {
    pub(super) const ALL: [Self; 7] = [
        Self::Handled,
        Self::Repeated,
        Self::Malformed,
        Self::Refused,
        Self::TooLarge,
        Self::Unavailable,
        Self::Failed,
    ];

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Repeated => "repeated",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
            Self::Failed => "failed",
        }
    }
}

/// What became of one attempt to send a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterOutcome {
    /// The mail server took it.
    Sent,
    /// It will be tried again.
    Retried,
    /// It was set aside for an operator.
    Dead,
}

impl LetterOutcome {
    pub(super) const ALL: [Self; 3] = [Self::Sent, Self::Retried, Self::Dead];

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Retried => "retried",
            Self::Dead => "dead",
        }
    }
}

/// What became of one fetch of an origin's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFetchOutcome {
    /// Keys came.
    Ok,
    /// The keys we have are still those.
    NotModified,
    /// Nothing usable came.
    Failed,
}

impl KeyFetchOutcome {
    pub(super) const ALL: [Self; 3] = [Self::Ok, Self::NotModified, Self::Failed];

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotModified => "not_modified",
            Self::Failed => "failed",
        }
    }
}

/// What whoever asked about a token was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntrospectionAnswer {
    /// It works.
    Active,
    /// It does not.
    Inactive,
    /// They may not ask.
    Refused,
}

impl IntrospectionAnswer {
    pub(super) const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Refused];

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Refused => "refused",
        }
    }
}

/// A request's method; whatever HTTP does not know by name is `other` (RFC 9110 9).
pub(super) fn method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let found = KNOWN.into_iter().find(|known| *known == method);
    found.unwrap_or("other")
}

/// A status by its first digit (RFC 9110 15).
pub(super) const fn status_class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
