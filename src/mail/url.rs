//! Where letters go, as one line of configuration.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use secrecy::SecretString;
use url::{Host, Url};

/// Where letters go.
///
/// * `file://data/mail`: a directory, one file per letter;
/// * `smtps://user:password@host[:465]`: TLS from the first byte;
/// * `smtp://host[:port][?tls=required|opportunistic|none]`: see [`Tls`];
/// * `memory:`: nowhere, kept for tests to read.
///
/// User and password are percent-encoded. They are refused where they could be read on the way.
#[derive(Clone)]
pub enum MailUrl {
    /// A directory.
    File(PathBuf),
    /// A mail server.
    Smtp(SmtpUrl),
    /// The process's memory.
    Memory,
}

/// A mail server, how to reach it and who we are to it.
#[derive(Clone)]
pub struct SmtpUrl {
    /// Its name or address, as a certificate must name it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// When encryption begins.
    pub tls: Tls,
    /// Who logs in.
    pub login: Option<Login>,
}

/// Credentials for a mail server.
#[derive(Clone)]
pub struct Login {
    /// The user, often an e-mail address.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

/// When a connection is encrypted. Without `?tls=`: never on loopback, `required` with
/// credentials, otherwise `opportunistic`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (`smtps`, RFC 8314 3.3).
    Implicit,
    /// By STARTTLS (RFC 3207), or nothing is sent.
    Required,
    /// By STARTTLS where the server offers it; its certificate must then be good.
    Opportunistic,
    /// Never.
    None,
}

/// What is wrong with the text of a [`MailUrl`]. Never repeats the text: it may hold a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidMailUrl {
    /// No scheme that letters can go by.
    #[error("mail goes to file://DIRECTORY, smtp://HOST, smtps://HOST or memory:")]
    Scheme,
    /// `file://` and nothing.
    #[error("file:// needs a directory, such as file://data/mail")]
    Directory,
    /// Not a URL at all.
    #[error("not a URL: {0} (in user and password, percent-encode / ? # @ : and %)")]
    Syntax(url::ParseError),
    /// No host.
    #[error("the mail server's host is missing")]
    Host,
    /// A path behind the host.
    #[error("a mail server has no path; remove what follows the host and port")]
    Path,
    /// An unknown parameter.
    #[error("the only parameter is tls=required, tls=opportunistic or tls=none, for smtp://")]
    Parameter,
    /// Half of the credentials.
    #[error("a login needs both user and password: smtps://user:password@host")]
    Login,
    /// A percent-encoded part that is not text.
    #[error("user and password must be percent-encoded UTF-8 without control characters")]
    Encoding,
    /// Credentials that could be read on the way.
    #[error("credentials need smtps:// or tls=required, unless the host is this machine")]
    Exposed,
}

impl FromStr for MailUrl {
    type Err = InvalidMailUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text == "memory:" {
            return Ok(Self::Memory);
        }
        if let Some(directory) = text.strip_prefix("file://") {
            if directory.is_empty() || directory.contains(char::is_control) {
                return Err(InvalidMailUrl::Directory);
            }
            return Ok(Self::File(PathBuf::from(directory)));
        }
        if !text.starts_with("smtp://") && !text.starts_with("smtps://") {
            return Err(InvalidMailUrl::Scheme);
        }
        smtp(&Url::parse(text).map_err(InvalidMailUrl::Syntax)?).map(Self::Smtp)
    }
}

fn smtp(url: &Url) -> Result<SmtpUrl, InvalidMailUrl> {
    // For schemes that the URL standard does not know, hosts stay unread text: read it again.
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = Host::parse(host.ok_or(InvalidMailUrl::Host)?).map_err(InvalidMailUrl::Syntax)?;
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(InvalidMailUrl::Path);
    }
    let login = login(url)?;
    let loopback = is_loopback(&host);
    let tls = match (tls(url)?, &login) {
        (Some(tls), _) => tls,
        (None, _) if loopback => Tls::None,
        (None, Some(_)) => Tls::Required,
        (None, None) => Tls::Opportunistic,
    };
    // An opportunistic connection is one that an attacker on the way keeps in the clear.
    let private = matches!(tls, Tls::Implicit | Tls::Required);
    if login.is_some() && !private && !loopback {
        return Err(InvalidMailUrl::Exposed);
    }
    let standard = match tls {
        Tls::Implicit => 465,
        Tls::Required => 587,
        Tls::Opportunistic | Tls::None => 25,
    };
    let host = match host {
        Host::Domain(name) => name,
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    let port = url.port().unwrap_or(standard);
    Ok(SmtpUrl {
        host,
        port,
        tls,
        login,
    })
}

/// What the URL says about TLS, if anything.
fn tls(url: &Url) -> Result<Option<Tls>, InvalidMailUrl> {
    let mut chosen = (url.scheme() == "smtps").then_some(Tls::Implicit);
    for (key, value) in url.query_pairs() {
        chosen = match (chosen, key.as_ref(), value.as_ref()) {
            (None, "tls", "required") => Some(Tls::Required),
            (None, "tls", "opportunistic") => Some(Tls::Opportunistic),
            (None, "tls", "none") => Some(Tls::None),
            _ => return Err(InvalidMailUrl::Parameter),
        };
    }
    Ok(chosen)
}

fn login(url: &Url) -> Result<Option<Login>, InvalidMailUrl> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None | Some("")) => Err(InvalidMailUrl::Login),
        (user, Some(password)) => Ok(Some(Login {
            user: percent_decoded(user)?,
            password: percent_decoded(password)?.into(),
        })),
    }
}

fn percent_decoded(text: &str) -> Result<String, InvalidMailUrl> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let pair = [rest.next(), rest.next()].map(Option::unwrap_or_default);
        let code = hex::decode(pair).map_err(|_| InvalidMailUrl::Encoding)?;
        decoded.extend(code);
    }
    String::from_utf8(decoded)
        .ok()
        .filter(|text| !text.contains(char::is_control))
        .ok_or(InvalidMailUrl::Encoding)
}

impl MailUrl {
    /// The directory that letters go into, where they go into one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::File(directory) => Some(directory),
            Self::Smtp(_) | Self::Memory => None,
        }
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
    }
}

impl fmt::Display for MailUrl {
    /// Without user and password, so that it may be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(directory) => write!(f, "file://{}", directory.display()),
            Self::Smtp(smtp) => smtp.fmt(f),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, parameter) = match self.tls {
            Tls::Implicit => ("smtps", ""),
            Tls::Required => ("smtp", "?tls=required"),
            Tls::Opportunistic => ("smtp", "?tls=opportunistic"),
            Tls::None => ("smtp", "?tls=none"),
        };
        let login = self.login.as_ref().map_or("", |_| "[redacted]@");
        let (open, close) = match self.host.contains(':') {
            true => ("[", "]"),
            false => ("", ""),
        };
        let Self { host, port, .. } = self;
        write!(f, "{scheme}://{login}{open}{host}{close}:{port}{parameter}")
    }
}

impl fmt::Debug for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailUrl({self})")
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpUrl({self})")
    }
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
