//! What operators decided about signing in, about OAuth, about keeping things and about limits, as
//! configured under `[sign_in]`, `[oauth]`, `[retention]` and `[limits]`.

use std::net::IpAddr;
use std::time::Duration;

use super::limits::LimitPolicy;
use super::retention::RetentionPolicy;
use super::scope_catalog::ScopeCatalog;
use super::token_kind::TokenKind;
use super::user::Email;

/// All of it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `[sign_in]`
    pub sign_in: SignInPolicy,
    /// `[oauth]`
    pub oauth: OAuthPolicy,
    /// Longest life of a personal or organization access token; `None` is no limit.
    pub max_token_lifetime: Option<Duration>,
    /// How many such tokens that work one user or one organization may have.
    pub max_tokens_per_owner: u32,
    /// The kinds of which services may have tokens issued.
    pub issued_to_services: Vec<TokenKind>,
    /// `[retention]`
    pub retention: RetentionPolicy,
    /// `[limits]`
    pub limits: LimitPolicy,
}

/// How people sign in.
#[derive(Clone, Debug)]
pub struct SignInPolicy {
    /// Whether the first sign-in with an unknown address makes a user.
    pub sign_up: bool,
    /// How long a session lives after signing in.
    pub session_lifetime: Duration,
    /// How old a session may be for making tokens.
    pub fresh_for: Duration,
    /// How long a mailed code works.
    pub code_lifetime: Duration,
    /// An account that automated reviewers enter with a fixed code.
    pub review: Option<ReviewAccount>,
    /// The header in which a trusted proxy names who signed in there.
    pub proxy_header: Option<String>,
}

/// An account with a fixed code.
#[derive(Clone)]
pub struct ReviewAccount {
    /// Its address.
    pub email: Email,
    /// Its code.
    pub code: secrecy::SecretString,
}

impl std::fmt::Debug for ReviewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReviewAccount([redacted])")
    }
}

/// What clients can have.
#[derive(Clone, Debug)]
pub struct OAuthPolicy {
    /// What may be granted, in words.
    pub scopes: ScopeCatalog,
    /// How long an authorization code works.
    pub code_lifetime: Duration,
    /// How long an access token works.
    pub access_token_lifetime: Duration,
    /// How long an ID token is valid.
    pub id_token_lifetime: Duration,
    /// How long a refresh token works when it is not used.
    pub refresh_token_idle_lifetime: Duration,
    /// How long a family lives, however often it is refreshed.
    pub refresh_token_lifetime: Duration,
    /// Who may register clients.
    pub registration: RegistrationPolicy,
    /// How many clients one user may own.
    pub clients_per_user: u32,
    /// How long a signing key signs before the next one does.
    pub signing_key_rotation: Duration,
    /// How long a signing key is published before it signs.
    pub signing_key_lead: Duration,
    /// Whether clients may ask to be told of logouts at addresses of private networks.
    pub private_callbacks: bool,
    /// Whether personal access tokens end as well when an identity provider signs a user out
    /// everywhere.
    pub global_revocation_of_personal_tokens: bool,
}

/// Who may register clients (RFC 7591 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Anybody.
    Open,
    /// Whoever is signed in.
    SignedIn,
    /// Operators only, by command.
    Closed,
}

/// Addresses of proxies whose headers are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    base: IpAddr,
    bits: u8,
}

/// The text is no network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("each is an IP address or a network, such as 127.0.0.1 or 10.0.0.0/8")]
pub struct InvalidNetwork;

impl TrustedProxies {
    /// Reads addresses and networks in CIDR notation (RFC 4632 3.1).
    ///
    /// # Errors
    /// When one of them is neither.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidNetwork> {
        let networks = texts.into_iter().map(network).collect::<Result<_, _>>()?;
        Ok(Self(networks))
    }

    /// Whether nobody is believed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `address` is one of them. An IPv4 address in IPv6 form counts as itself.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }
}

fn network(text: &str) -> Result<Network, InvalidNetwork> {
    let (base, bits) = match text.trim().split_once('/') {
        Some((base, bits)) => (base, Some(bits)),
        None => (text.trim(), None),
    };
    let base: IpAddr = base.parse().map_err(|_| InvalidNetwork)?;
    let longest = if base.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        Some(bits) => bits.parse().map_err(|_| InvalidNetwork)?,
        None => longest,
    };
    match bits <= longest {
        true => Ok(Network { base, bits }),
        false => Err(InvalidNetwork),
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.bits))
                    .unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(networks: &[&str], address: &str) -> bool {
        let proxies = TrustedProxies::parse(networks.iter().copied()).unwrap();
        proxies.contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_in_its_network_and_in_no_other() {
        assert!(trusts(&["10.0.0.0/8"], "10.255.0.1"));
        assert!(!trusts(&["10.0.0.0/8"], "11.0.0.1"));
        assert!(trusts(&["127.0.0.1"], "::ffff:127.0.0.1"));
        assert!(!trusts(&["127.0.0.1"], "127.0.0.2"));
        assert!(trusts(&["fd00::/8", "::1"], "fd12::1"));
        assert!(!trusts(&["::1"], "127.0.0.1"));
        assert!(trusts(&["0.0.0.0/0"], "192.0.2.1"));
        assert!(!trusts(&[], "127.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in [
            "",
            "10.0.0.0/33",
            "proxy",
            "::1/129",
            "10.0.0.0/x",
            "10.0.0.0/",
        ] {
            assert_eq!(
                TrustedProxies::parse([wrong]),
                Err(InvalidNetwork),
                "{wrong}"
            );
        }
    }
}
