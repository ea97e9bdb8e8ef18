//! Where an authorization answer goes: registered beforehand, compared exactly (RFC 9700 2.1).

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use super::client_metadata::ApplicationType;

/// Longest URI that is kept.
const LONGEST: usize = 2_000;

/// Hosts that an answer over plain HTTP may go to: it does not leave the machine
/// (RFC 8252 7.3, 8.3).
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// A redirect URI as a client registered it, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

/// Why a URI cannot be registered.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct InvalidRedirectUri(&'static str);

impl InvalidRedirectUri {
    /// The reason, as a phrase.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        self.0
    }
}

/// Which port of the user's own machine an answer may go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopbackPort {
    /// The one that was registered.
    Registered,
    /// Any, because the system gives a native client a port when it starts (RFC 8252 7.3).
    Any,
}

impl RedirectUri {
    /// Reads a URI that a client wants to register. What browsers would read otherwise than it is
    /// written is refused, so that comparing bytes compares places.
    ///
    /// # Errors
    /// When answers must not go there; see [`InvalidRedirectUri::reason`].
    pub fn parse(text: &str, application: ApplicationType) -> Result<Self, InvalidRedirectUri> {
        if text.len() > LONGEST {
            return Err(InvalidRedirectUri("it is longer than 2000 characters"));
        }
        if text.contains('#') {
            // RFC 6749 3.1.2
            return Err(InvalidRedirectUri("it has a fragment"));
        }
        if !text.bytes().all(is_uri_byte) {
            return Err(InvalidRedirectUri(
                "it holds a character that no URI has: other than ASCII is written as %XX, or in \
                 a host name as Punycode",
            ));
        }
        let url = Url::parse(text).map_err(|_| InvalidRedirectUri("it is no absolute URI"))?;
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(InvalidRedirectUri("it names a user"));
        }
        let known = Self(text.to_owned());
        known.check_scheme(application)?;
        let read = url.as_str();
        if read != text && read.strip_suffix('/') != Some(text) {
            return Err(InvalidRedirectUri(
                "browsers read it otherwise than it is written: it has capitals before the path, \
                 a default port, dots as path segments, or an address in an unusual form",
            ));
        }
        Ok(known)
    }

    fn check_scheme(&self, application: ApplicationType) -> Result<(), InvalidRedirectUri> {
        match self.scheme() {
            "https" if self.host().is_empty() => Err(InvalidRedirectUri("it has no host")),
            "https" if self.host().contains('*') => Err(InvalidRedirectUri(
                "it has a wildcard, and addresses are compared exactly",
            )),
            "https" => Ok(()),
            "http" if LOOPBACK.contains(&self.host()) => Ok(()),
            "http" => Err(InvalidRedirectUri(
                "without https it is only for 127.0.0.1, [::1] and localhost",
            )),
            // RFC 8252 7.1 and 8.4: a scheme made of a domain name that the application's maker
            // holds. It keeps out javascript:, data: and the like as well.
            private if !private.contains('.') => Err(InvalidRedirectUri(
                "its scheme is neither https nor the reverse of a domain name, such as \
                 com.example.app",
            )),
            private
                if self
                    .0
                    .strip_prefix(private)
                    .is_none_or(|rest| !rest.starts_with(":/")) =>
            {
                Err(InvalidRedirectUri(
                    "a slash follows its scheme, as in com.example.app:/callback",
                ))
            }
            _ if application == ApplicationType::Web => Err(InvalidRedirectUri(
                "only clients whose application_type is native have a scheme of their own",
            )),
            _ => Ok(()),
        }
    }

    /// Wraps a URI as it was stored.
    #[must_use]
    pub const fn from_stored(uri: String) -> Self {
        Self(uri)
    }

    /// The URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an answer to `requested` goes where was registered: the same bytes, save for the
    /// port of a loopback address. `localhost` is no address: what it leads to is for the machine's
    /// files to say (RFC 8252 8.3).
    #[must_use]
    pub fn matches(&self, requested: &str, port: LoopbackPort) -> bool {
        if self.0 == requested {
            return true;
        }
        let both = (
            without_loopback_port(&self.0),
            without_loopback_port(requested),
        );
        match both {
            (Some(registered), Some(requested)) => {
                port == LoopbackPort::Any && registered == requested
            }
            _ => false,
        }
    }

    /// Whether the answer stays on the user's own machine, where any program may wait for it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host.ends_with(".localhost")
            || address.parse().is_ok_and(|v4: Ipv4Addr| v4.is_loopback())
            || address.parse().is_ok_and(|v6: Ipv6Addr| v6.is_loopback())
    }

    /// Whether a program on the user's own machine claimed the scheme, as any other could.
    #[must_use]
    pub fn is_custom_scheme(&self) -> bool {
        !matches!(self.scheme(), "https" | "http")
    }

    /// Where it leads, for people: the host or, of a private-use scheme, the scheme.
    #[must_use]
    pub fn place(&self) -> &str {
        match self.is_custom_scheme() {
            true => self.scheme(),
            false => self.host(),
        }
    }

    /// Whether every program on the user's own machine could wait for the answer (RFC 8252 8.6).
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.is_loopback() || self.is_custom_scheme()
    }

    /// What a policy must name, so that a browser may send a form on to this URI (CSP3 2.3.1): its
    /// scheme. A host would not do: Chrome asks of the next address as well when the client sends
    /// the browser on to another host of its own, and no policy can name an IPv6 address.
    #[must_use]
    pub fn source(&self) -> String {
        format!("{}:", self.scheme())
    }

    /// This URI with more parameters behind those that it has already (RFC 6749 3.1.2).
    #[must_use]
    pub fn with_query<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let separator = match self.0.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        let more = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        match more.is_empty() {
            true => self.0.clone(),
            false => format!("{}{separator}{more}", self.0),
        }
    }

    fn scheme(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    /// The host without its port, an IPv6 address in its brackets.
    fn host(&self) -> &str {
        let authority = authority(&self.0);
        match authority.find(']') {
            Some(end) => authority.get(..=end).unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        }
    }
}

/// What stands between `//` and the path.
fn authority(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or("", |(_, rest)| rest);
    let rest = rest.strip_prefix("//").unwrap_or_default();
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// A loopback address over HTTP as its host and what follows the port.
fn without_loopback_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = LOOPBACK.into_iter().find(|host| rest.starts_with(host))?;
    if host == "localhost" {
        return None;
    }
    let behind = rest.strip_prefix(host)?;
    let Some(port) = behind.strip_prefix(':') else {
        return Some((host, behind));
    };
    let length = port.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, path) = port.split_at_checked(length)?;
    let plain = digits.parse::<u16>().is_ok_and(|port| port > 0) && !digits.starts_with('0');
    plain.then_some((host, path))
}

/// RFC 3986 2: reserved, unreserved and `%`. Backslash, space, quotes and braces are not among
/// them: browsers turn some of them into others.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
