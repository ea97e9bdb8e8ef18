//! A token as it is kept, and whether it works.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::client::Client;
use super::grant::Grant;
use super::id::Id;
use super::networks::Networks;
use super::organization::{Organization, one_line};
use super::scope::ScopeSet;
use super::time::Timestamp;
use super::token_kind::TokenKind;
use super::user::User;

/// One token of any kind. Its text is not here and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Which.
    pub id: Id<Token>,
    /// What it is for.
    pub kind: TokenKind,
    /// The grant it was minted from, for kinds that have a family.
    pub grant: Option<Id<Grant>>,
    /// The code or refresh token that was exchanged for it.
    pub parent: Option<Id<Token>>,
    /// The customer it acts for, as the issuing service named them.
    pub customer: Option<String>,
    /// What its owner calls it.
    pub name: Option<TokenName>,
    /// What it may do.
    pub scopes: ScopeSet,
    /// The resources it is for (RFC 8707), separated by spaces; `None` is no limit.
    pub audience: Option<String>,
    /// From where it works; `None` is everywhere.
    pub networks: Option<Networks>,
    /// The last four characters of its text.
    pub hint: String,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// Until when it works; `None` is until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last seen in use, as far as it was flushed.
    pub last_used_at: Option<Timestamp>,
    /// From where, when the service that asked told us.
    pub last_used_from: Option<IpAddr>,
    /// When its name or scopes were changed last.
    pub modified_at: Option<Timestamp>,
    /// When a code or refresh token was exchanged for others.
    pub redeemed_at: Option<Timestamp>,
    /// When and why it died, if it was revoked.
    pub revocation: Option<Revocation>,
}

/// The end of a token. It is final, unless [`RevocationReason::is_quarantine`] says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// Why a token was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationReason {
    /// The token itself was seen where it should not be.
    Exposed,
    /// A token of the same grant, or a session of the same user, was exposed.
    RelativeExposed,
    /// An operator revoked it.
    Operator,
    /// Its owner revoked it.
    Owner,
    /// It was exchanged for others, as codes and refresh tokens are.
    Redeemed,
    /// Others were minted in its place, because the answer with it may have been lost.
    Superseded,
    /// A code or refresh token of the same grant was used again after others had been used.
    Replayed,
    /// The client it was issued to gave it back (RFC 7009).
    Client,
    /// The user withdrew what they had allowed.
    Withdrawn,
    /// The user signed out.
    SignedOut,
    /// An identity provider signed the user out everywhere.
    SignedOutEverywhere,
    /// The client it belonged to was deleted.
    ClientDeleted,
    /// The token itself was seen, and policy says to wait for an operator. The one end, with the next
    /// one, that is not final.
    Quarantined,
    /// It came from the same grant or session as one that was quarantined.
    RelativeQuarantined,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 14] = [
        Self::Exposed,
        Self::RelativeExposed,
        Self::Operator,
        Self::Owner,
        Self::Redeemed,
        Self::Superseded,
        Self::Replayed,
        Self::Client,
        Self::Withdrawn,
        Self::SignedOut,
        Self::SignedOutEverywhere,
        Self::ClientDeleted,
        Self::Quarantined,
        Self::RelativeQuarantined,
    ];

    /// Whether the token itself was seen where it should not be.
    #[must_use]
    pub const fn was_seen(self) -> bool {
        matches!(self, Self::Exposed | Self::Quarantined)
    }

    /// Whether it may be undone.
    #[must_use]
    pub const fn is_quarantine(self) -> bool {
        matches!(self, Self::Quarantined | Self::RelativeQuarantined)
    }

    /// The name as stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exposed => "exposed",
            Self::RelativeExposed => "relative_exposed",
            Self::Operator => "operator",
            Self::Owner => "owner",
            Self::Redeemed => "redeemed",
            Self::Superseded => "superseded",
            Self::Replayed => "replayed",
            Self::Client => "client",
            Self::Withdrawn => "withdrawn",
            Self::SignedOut => "signed_out",
            Self::SignedOutEverywhere => "signed_out_everywhere",
            Self::ClientDeleted => "client_deleted",
            Self::Quarantined => "quarantined",
            Self::RelativeQuarantined => "relative_quarantined",
        }
    }

    /// Reads a reason as it was stored. An unknown one was written by a newer version.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|reason| reason.name() == text)
            .unwrap_or(Self::Operator)
    }
}

/// What an owner calls a token: one line, at most 100 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenName(String);

/// The text is not a name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a token's name is 1 to 100 characters on one line")]
pub struct InvalidTokenName;

impl TokenName {
    /// Wraps a name as it was stored.
    #[must_use]
    pub const fn from_stored(name: String) -> Self {
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenName {
    type Err = InvalidTokenName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        one_line(text, 100).map(Self).ok_or(InvalidTokenName)
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A token with everything that decides whether it works and who must be told when it leaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownToken {
    /// The token.
    pub token: Token,
    /// The user who owns it or, for an organization's token, who made it.
    pub user: Option<User>,
    /// The organization that owns it, or to which it is limited.
    pub organization: Option<Organization>,
    /// The client it was issued to, or whose credential it is.
    pub client: Option<Client>,
    /// When the grant it was minted from ended, if it did.
    pub grant_revoked_at: Option<Timestamp>,
    /// Whether it ended by a quarantine, which may be undone.
    pub grant_is_quarantined: bool,
    /// Whether the user is a member of the organization; of no matter unless there are both.
    pub is_member: bool,
    /// Of a token that was followed by another one: whether somebody saw it where it should not be.
    pub was_seen_spent: bool,
}

/// Whether a token works, and if not, why. Nobody outside learns the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It works.
    Live,
    /// Its time is over.
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// It was revoked, or the grant it came from was.
    Revoked {
        /// Since when.
        at: Timestamp,
    },
    /// Its user, organization or client is blocked, or its user is no longer a member of the
    /// organization; it would work again if that changed.
    Suspended {
        /// Since when.
        at: Timestamp,
    },
}

impl TokenState {
    /// The name in answers to operators.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired { .. } => "expired",
            Self::Revoked { .. } => "revoked",
            Self::Suspended { .. } => "suspended",
        }
    }
}

impl Token {
    /// Whether it works from this address, as far as the networks go that it is limited to.
    #[must_use]
    pub fn works_from(&self, address: Option<IpAddr>) -> bool {
        let networks = self.networks.as_ref();
        networks.is_none_or(|all| address.is_some_and(|from| all.contains(from)))
    }
}

impl KnownToken {
    /// Whether whoever presents it has it from where it leaked: it died because it was seen, or it had been
    /// followed by another one and its family died, for whatever reason.
    #[must_use]
    pub fn died_of_exposure(&self) -> bool {
        let reason = self.token.revocation.map(|end| end.reason);
        let spent = self.was_seen_spent && self.grant_revoked_at.is_some();
        spent || reason.is_some_and(RevocationReason::was_seen)
    }

    /// Whether the token works at `now`. What is final comes before what could be undone.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> TokenState {
        let revoked = self.token.revocation.map(|revocation| revocation.at);
        if let Some(at) = revoked.or(self.grant_revoked_at) {
            return TokenState::Revoked { at };
        }
        if let Some(at) = self.token.expires_at.filter(|at| *at <= now) {
            return TokenState::Expired { at };
        }
        match self.suspended_at() {
            Some(at) => TokenState::Suspended { at },
            None if self.left_organization() => TokenState::Suspended { at: now },
            None => TokenState::Live,
        }
    }

    /// Whether it is dead by a quarantine, which may be undone.
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        let revocation = self.token.revocation;
        revocation.is_some_and(|revocation| revocation.reason.is_quarantine())
    }

    /// Whether its user, organization or client is shut out, or its user has left the organization,
    /// whatever else became of the token.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.suspended_at().is_some() || self.left_organization()
    }

    /// Whether the token acts for a user in an organization of which they are no longer a member.
    /// An organization's own token outlives the membership of whoever made it.
    fn left_organization(&self) -> bool {
        let acts_for_member = self.user.is_some() && self.organization.is_some();
        let of_organization = self.token.kind == TokenKind::OrganizationAccessToken;
        acts_for_member && !of_organization && !self.is_member
    }

    fn suspended_at(&self) -> Option<Timestamp> {
        // An organization's token outlives the account of whoever made it.
        let of_organization = self.token.kind == TokenKind::OrganizationAccessToken;
        let user = self
            .user
            .as_ref()
            .filter(|_| !of_organization)
            .and_then(|u| u.blocked_at);
        let organization = self.organization.as_ref().and_then(|o| o.blocked_at);
        let client = self.client.as_ref().and_then(|c| c.disabled_at);
        [user, organization, client].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests;
