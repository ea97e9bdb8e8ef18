//! A person who is signed in, in one browser.

use uuid::Uuid;

use super::id::Id;
use super::time::Timestamp;
use super::token::Token;
use super::user::User;

/// A signed-in session: its credential is a token of the kind `user_session_token`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its token.
    pub token: Id<Token>,
    /// Its name towards clients (OpenID Connect `sid`); stays the same when the same person signs
    /// in again in the same browser.
    pub sid: Uuid,
    /// Who.
    pub user: User,
    /// When they really signed in.
    pub auth_time: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl Session {
    /// Whether the person signed in within `span` before `now`.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp, span: std::time::Duration) -> bool {
        now.since(self.auth_time) <= span
    }
}
