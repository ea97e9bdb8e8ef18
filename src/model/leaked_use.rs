//! Attempts to use a token after it leaked.

use std::net::IpAddr;

use super::id::Id;
use super::time::Timestamp;
use super::token::Token;

/// By which way in a token was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WayIn {
    /// A service or resource server asked whether it works.
    Introspection,
    /// It was presented to our own API.
    Api,
    /// It came in a browser's cookie.
    Session,
    /// A client wanted to exchange it.
    TokenEndpoint,
    /// A client wanted to prove with it who it is.
    Client,
    /// A service wanted to prove with it who it is.
    Service,
}

impl WayIn {
    /// Every way in.
    pub const ALL: [Self; 6] = [
        Self::Introspection,
        Self::Api,
        Self::Session,
        Self::TokenEndpoint,
        Self::Client,
        Self::Service,
    ];

    /// The name as stored and counted.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Introspection => "introspection",
            Self::Api => "api",
            Self::Session => "session",
            Self::TokenEndpoint => "token_endpoint",
            Self::Client => "client",
            Self::Service => "service",
        }
    }
}

/// Attempts with one token, by one way in, from one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakedUse {
    /// Which token.
    pub token: Id<Token>,
    /// How.
    pub via: WayIn,
    /// From where, if that was told.
    pub from: Option<IpAddr>,
    /// The first time,
    pub first_at: Timestamp,
    /// and the last.
    pub last_at: Timestamp,
    /// How often.
    pub times: u64,
}

impl LeakedUse {
    /// Counts more attempts of the same sort together with these.
    pub fn absorb(&mut self, more: &Self) {
        self.first_at = self.first_at.min(more.first_at);
        self.last_at = self.last_at.max(more.last_at);
        self.times = self.times.saturating_add(more.times);
    }
}
