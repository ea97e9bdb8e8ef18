//! The kinds of token that exist, how each is marked in its text, and what a leak of it demands.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What a token is for. The kind of a reported string is what the database says, never what the
/// reporter claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// A person's long-lived key.
    PersonalAccessToken,
    /// An organization's long-lived key.
    OrganizationAccessToken,
    /// An OAuth 2 access token (RFC 6749 1.4).
    AccessToken,
    /// An OAuth 2 refresh token (RFC 6749 1.5).
    RefreshToken,
    /// An OAuth 2 authorization code (RFC 6749 1.3.1).
    AuthorizationCode,
    /// An OAuth 2 client's secret (RFC 6749 2.3.1).
    ClientSecret,
    /// A registration access token (RFC 7592 1.2).
    ClientRegistrationToken,
    /// A person's signed-in session.
    UserSessionToken,
    /// A session of a customer, named by the service that asked for it.
    CustomerSessionToken,
    /// The credential of an internal service.
    ServiceKey,
}

/// What dies with a token when it leaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The token alone.
    Token,
    /// Every token minted from the same grant.
    Family,
    /// Every session of the same user.
    UserSessions,
}

impl TokenKind {
    /// The kinds that can be issued to services at all. Others prove who somebody is towards us, or
    /// come from a grant: handing them out would go around everything that protects them.
    pub const ISSUABLE: [Self; 4] = [
        Self::PersonalAccessToken,
        Self::OrganizationAccessToken,
        Self::AccessToken,
        Self::CustomerSessionToken,
    ];

    /// Every kind, in the order of the design's table.
    pub const ALL: [Self; 10] = [
        Self::PersonalAccessToken,
        Self::OrganizationAccessToken,
        Self::AccessToken,
        Self::RefreshToken,
        Self::AuthorizationCode,
        Self::ClientSecret,
        Self::ClientRegistrationToken,
        Self::UserSessionToken,
        Self::CustomerSessionToken,
        Self::ServiceKey,
    ];

    /// The name in the database, in configuration and, after the prefix, on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PersonalAccessToken => "personal_access_token",
            Self::OrganizationAccessToken => "organization_access_token",
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::AuthorizationCode => "authorization_code",
            Self::ClientSecret => "client_secret",
            Self::ClientRegistrationToken => "client_registration_token",
            Self::UserSessionToken => "user_session_token",
            Self::CustomerSessionToken => "customer_session_token",
            Self::ServiceKey => "service_key",
        }
    }

    /// The name in a sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::PersonalAccessToken => "personal access token",
            Self::OrganizationAccessToken => "organization access token",
            Self::AccessToken => "access token",
            Self::RefreshToken => "refresh token",
            Self::AuthorizationCode => "authorization code",
            Self::ClientSecret => "client secret",
            Self::ClientRegistrationToken => "client registration token",
            Self::UserSessionToken => "session token",
            Self::CustomerSessionToken => "customer session token",
            Self::ServiceKey => "service key",
        }
    }

    /// What follows the brand's prefix in the text: one marker, or one for tokens that act for a
    /// user and one for those that act for an organization.
    #[must_use]
    pub const fn markers(self) -> &'static [&'static str] {
        match self {
            Self::PersonalAccessToken => &["pat_"],
            Self::OrganizationAccessToken => &["oat_"],
            Self::AccessToken => &["at_u_", "at_o_"],
            Self::RefreshToken => &["rt_u_", "rt_o_"],
            Self::AuthorizationCode => &["ac_"],
            Self::ClientSecret => &["cs_"],
            Self::ClientRegistrationToken => &["crt_"],
            Self::UserSessionToken => &["us_"],
            Self::CustomerSessionToken => &["cst_"],
            Self::ServiceKey => &["sk_"],
        }
    }

    /// The marker of a token that acts for an organization or, when not, for anybody else.
    #[must_use]
    pub fn marker(self, for_organization: bool) -> &'static str {
        let markers = self.markers();
        let chosen = if for_organization {
            markers.last()
        } else {
            markers.first()
        };
        chosen.copied().unwrap_or_default()
    }

    /// How long a token lives when nobody chose: `None` is until it is revoked.
    #[must_use]
    pub const fn default_lifetime(self) -> Option<Duration> {
        match self {
            Self::AccessToken | Self::CustomerSessionToken => Some(Duration::from_secs(3_600)),
            Self::AuthorizationCode => Some(Duration::from_secs(60)),
            Self::UserSessionToken => Some(Duration::from_secs(31 * 86_400)),
            _ => None,
        }
    }

    /// What dies with a token of this kind when it leaks.
    #[must_use]
    pub const fn remedy(self) -> Remedy {
        match self {
            Self::AccessToken | Self::RefreshToken | Self::AuthorizationCode => Remedy::Family,
            Self::UserSessionToken => Remedy::UserSessions,
            _ => Remedy::Token,
        }
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no kind of token.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown token kind; the kinds are {}", known_kinds())]
pub struct UnknownKind;

fn known_kinds() -> String {
    TokenKind::ALL.map(TokenKind::name).join(", ")
}

impl FromStr for TokenKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in TokenKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        assert_eq!("pat".parse::<TokenKind>(), Err(UnknownKind));
    }

    #[test]
    fn only_oauth_tokens_say_whom_they_act_for() {
        assert_eq!(TokenKind::AccessToken.marker(true), "at_o_");
        assert_eq!(TokenKind::AccessToken.marker(false), "at_u_");
        assert_eq!(TokenKind::ClientSecret.marker(true), "cs_");
    }
}
