//! What can be configured, as the types the rest of the service works with.
//!
//! `config/default.toml` says what each key is for. Every value here was parsed once, at the edge.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::explain::Line;
use super::origins::OriginSettings;
use super::problem::Problems;
use super::source::Sources;
use super::value::Mailbox;
use super::{layers, read};
use crate::mail::{Accent, MailUrl};
use crate::model::{
    ChecksumRules, Detector, Email, HashKeys, LeakPolicy, Networks, Policy, TokenFormat,
};
use crate::storage::DatabaseUrl;
use crate::telemetry::LogFormat;

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the service is reached.
    pub server: ServerSettings,
    /// Where everything is kept.
    pub database: DatabaseSettings,
    /// How tokens look and are digested.
    pub tokens: TokenSettings,
    /// How letters leave.
    pub mail: MailSettings,
    /// How people sign in, and what clients can have.
    pub policy: Policy,
    /// What happens when a leak is reported.
    pub leak_policy: LeakPolicy,
    /// What `iss` says, unless it is the public URL.
    pub issuer: Option<Url>,
    /// Who may report leaks.
    pub origins: OriginSettings,
    /// How the product presents itself.
    pub brand: BrandSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    /// When the service calls itself unwell.
    pub health: HealthSettings,
    pub(super) lines: Vec<Line>,
}

/// `[server]`
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where clients reach the service; see [`ServerSettings::public_url_at`].
    pub public_url: Option<Url>,
    /// Proxies whose headers are believed.
    pub trusted_proxies: Networks,
    /// Threads that answer requests.
    pub workers: NonZeroUsize,
    /// Most connections at once; others wait.
    pub max_connections: NonZeroUsize,
    /// Most of them from one network address.
    pub max_connections_per_address: usize,
    /// Longest time a delivery may take; of another request its body, and each step of what is done then.
    pub request_timeout: Duration,
    /// How long work in flight may finish after a stop was asked for.
    pub shutdown_timeout: Duration,
}

impl ServerSettings {
    /// Where clients reach the service once it listens on `bound`. Ends with `/`, as every URL
    /// without a path does.
    ///
    /// # Errors
    /// Never for an address that a socket was bound to.
    pub fn public_url_at(&self, bound: SocketAddr) -> Result<Url, url::ParseError> {
        if let Some(url) = &self.public_url {
            return Ok(url.clone());
        }
        // Everywhere is where one listens, not where one can be reached.
        let host = match (bound.ip().is_unspecified(), bound) {
            (true, SocketAddr::V4(_)) => "127.0.0.1".to_owned(),
            (true, SocketAddr::V6(_)) => "[::1]".to_owned(),
            (false, SocketAddr::V4(address)) => address.ip().to_string(),
            (false, SocketAddr::V6(address)) => format!("[{}]", address.ip()),
        };
        Url::parse(&format!("http://{host}:{}", bound.port()))
    }
}

/// `[database]`
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Where it is; prints itself without the password.
    pub url: DatabaseUrl,
    /// Most connections at once; at least 2.
    pub max_connections: u32,
    /// Longest wait for a connection.
    pub acquire_timeout: Duration,
    /// Whether `serve` migrates.
    pub migrate_on_start: bool,
}

/// `[tokens]`
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// How this brand writes its tokens.
    pub format: TokenFormat,
    /// The keys that digest tokens; `None` is the key file.
    pub hash_keys: Option<HashKeys>,
    /// Where the keys are when they are not in the configuration.
    pub hash_key_file: PathBuf,
    /// Which kinds may lack a checksum.
    pub checksum_rules: ChecksumRules,
    /// How often last uses are written down.
    pub last_used_flush_interval: Duration,
}

impl TokenSettings {
    /// The detector of this brand's tokens.
    ///
    /// # Errors
    /// Never: [`TokenFormat`] accepted the prefix.
    pub fn detector(&self) -> Result<Detector, regex::Error> {
        Detector::new(&self.format, self.checksum_rules.clone())
    }
}

/// `[mail]`
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The way out; prints itself without the password.
    pub url: MailUrl,
    /// Whom letters are from.
    pub from: Mailbox,
    /// Who answers for security.
    pub security_contact: Email,
    /// Longest time for one attempt.
    pub send_timeout: Duration,
    /// How long a letter is tried.
    pub give_up_after: Duration,
    /// The authority that vouches for the mail server, besides the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// How letters are signed, if they are.
    pub dkim: Option<DkimSettings>,
}

/// `mail.dkim_*`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimSettings {
    /// Who signs.
    pub domain: String,
    /// The key's name in the domain's DNS.
    pub selector: String,
    /// The private key, as PEM.
    pub key_file: PathBuf,
}

/// `[brand]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandSettings {
    /// The product's name, one line.
    pub name: String,
    /// Colour of headings and buttons.
    pub accent_color: Accent,
    /// File of its mark, if it has one.
    pub logo: Option<PathBuf>,
    /// Where owners find their tokens, in words that follow "go to", without a link.
    pub settings_hint: Option<String>,
    /// Where owners get help; the security contact unless configured.
    pub support_contact: String,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// For whom.
    pub format: LogFormat,
    /// What, as an `EnvFilter` directive that was tried.
    pub level: String,
}

/// `[health]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// From which age of the oldest letter due mail is in trouble.
    pub max_outbox_age: Duration,
}

impl Settings {
    /// Reads defaults, file and environment.
    ///
    /// # Errors
    /// Every problem there is, not only the first.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let keys = layers::merge(sources, &mut problems);
        read::settings(&keys, problems)
    }

    /// The defaults with `toml` over them, away from any environment: for tests and `demo`.
    ///
    /// # Errors
    /// Every problem there is, not only the first.
    pub fn from_overlay(toml: &str) -> Result<Self, Problems> {
        Self::load(&Sources::text(toml))
    }

    /// Every key in the order of the default file: its value without secrets, where it came
    /// from, and what it is for.
    #[must_use]
    pub fn explain(&self) -> &[Line] {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TokenKind;
    use crate::origins::TokenField;

    fn problems(toml: &str) -> Vec<String> {
        let problems = Settings::from_overlay(toml).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn without_any_configuration_there_is_a_working_one() {
        let settings = Settings::load(&Sources::default()).unwrap();
        assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(
            settings.database.url.to_string(),
            "sqlite://data/tokenward.db"
        );
        assert_eq!(settings.tokens.format.prefix(), "polar_");
        assert!(settings.tokens.hash_keys.is_none());
        let rules = &settings.tokens.checksum_rules;
        assert!(TokenKind::ALL.iter().all(|kind| rules.required(*kind)));
        assert_eq!(settings.mail.from.address.as_str(), "tokenward@localhost");
        assert_eq!(settings.mail.give_up_after, Duration::from_secs(7 * 86_400));
        assert!(settings.mail.dkim.is_none());
        let github = settings.origins.find("github").unwrap();
        assert_eq!(github.max_body_bytes, 16 * 1_024 * 1_024);
        assert_eq!(github.feedback, Some(TokenField::Hash));
        assert_eq!(settings.brand.support_contact, "security@localhost");
        assert!(settings.tokens.detector().is_ok());
    }

    #[test]
    fn every_problem_is_found_at_once() {
        let found = problems(
            "moon = 1\n[server]\nlisten = \"8080\"\npublic_url = \"https://x.example/a\"\nworkers = -1\n\
             [tokens]\nprefix = \"Polar\"\nhash_keys = [\"short\"]\n[mail]\nurl = \"http://h\"\n\
             from = \"nobody\"\nsend_timeout = \"20\"\n[log]\nlevel = \"verbose\"\n[brand]\naccent_color = \"red\"",
        );
        let keys: Vec<_> = found
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(
            keys,
            [
                "moon",
                "server.listen",
                "server.public_url",
                "server.workers",
                "tokens.prefix",
                "tokens.hash_keys",
                "mail.url",
                "mail.from",
                "mail.send_timeout",
                "brand.accent_color",
                "log.level",
            ]
        );
        assert_eq!(
            found.get(8).unwrap(),
            "mail.send_timeout (configuration:12): `20` does not fit; \
             a duration is a whole number and a unit: 90s, 15m, 12h, 30d, 4w"
        );
    }

    #[test]
    fn a_value_that_would_mislead_is_refused() {
        for (key, value) in [
            ("server.public_url", "\"https://user@x.example\""),
            ("server.public_url", "\"https://x.example/?a\""),
            ("server.public_url", "\"ftp://x.example\""),
            ("database.url", "\"mysql://h/d\""),
            ("database.url", "\"sqlite://\""),
            ("database.url", "\"postgres://u:p@h:port/d\""),
            ("database.max_connections", "1"),
            ("tokens.hash_key_file", "\"\""),
            (
                "tokens.hash_keys",
                "[\"0123456789abcdef\", \"0123456789abcdef\"]",
            ),
            ("mail.url", "\"smtp://\""),
            ("mail.url", "\"smtp://h/path\""),
            ("mail.url", "\"smtp://h?tls=maybe\""),
            ("mail.url", "\"smtps://user@h\""),
            ("mail.url", "\"smtps://user:%ff@h\""),
            ("mail.url", "\"smtp://user:password@h?tls=none\""),
            ("mail.tls_ca_file", "\"/there/is/no/such/file\""),
            ("mail.tls_ca_file", "\"/\""),
            ("mail.dkim_domain", "\"x.example\""),
            ("mail.dkim_selector", "\"a b\""),
            ("origins.github.keys_url", "\"http://api.github.com/\""),
            ("origins.github.keys_url", "\"http://127.0.0.1.x.example/\""),
            ("origins.github.token", "\"a\\nb\""),
            ("origins.github.feedback", "\"raw\""),
            ("origins.github.max_body_bytes", "0"),
            ("brand.name", "\"a\\nb\""),
            ("brand.settings_hint", "\"Go to https://x.example/login\""),
            ("log.format", "\"xml\""),
            ("log.level", "\"tokenward=loud\""),
            ("health.max_outbox_age", "\"-1s\""),
        ] {
            let found = problems(&format!("{key} = {value}"));
            assert!(
                found.iter().any(|problem| !problem.is_empty()),
                "{key} {value}"
            );
            assert!(
                found
                    .iter()
                    .all(|line| line.starts_with("mail.dkim") || line.starts_with(key)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_value_that_fits_is_taken() {
        let key = tempfile::NamedTempFile::new().unwrap();
        let settings = Settings::from_overlay(&format!(
            "[server]\npublic_url = 'https://tokens.example'\n\
             [tokens]\nhash_keys = ['newest newest newest', 'oldest oldest oldest']\n\
             [mail]\nurl = 'smtps://u:p@h'\ndkim_domain = 'X.example'\ndkim_selector = 's1'\ndkim_key_file = '{0}'\ntls_ca_file = '{0}'\n\
             [origins.github]\nkeys_url = 'http://[::1]:9/keys'\ntoken = 'ghp_x'\nfeedback = 'token_raw'\n\
             [log]\nlevel = 'warn,tokenward::mail=debug,sqlx=off'\nformat = 'json'",
            key.path().display()
        ))
        .unwrap();
        assert_eq!(settings.tokens.hash_keys.unwrap().iter().count(), 2);
        let dkim = settings.mail.dkim.unwrap();
        assert_eq!(
            (dkim.domain.as_str(), dkim.key_file.as_path()),
            ("x.example", key.path())
        );
        let github = settings.origins.find("github").unwrap();
        assert_eq!(github.feedback, Some(TokenField::Raw));
        assert_eq!(settings.log.format, LogFormat::Json);
    }

    #[test]
    fn the_public_url_follows_the_address_that_was_bound() {
        let settings = Settings::from_overlay("").unwrap();
        for (bound, url) in [
            ("127.0.0.1:4000", "http://127.0.0.1:4000/"),
            ("0.0.0.0:4000", "http://127.0.0.1:4000/"),
            ("[::]:4000", "http://[::1]:4000/"),
            ("[::2]:80", "http://[::2]/"),
        ] {
            let found = settings.server.public_url_at(bound.parse().unwrap());
            assert_eq!(found.unwrap().as_str(), url);
        }
        let named = Settings::from_overlay("server.public_url = 'https://t.example'").unwrap();
        let found = named.server.public_url_at("0.0.0.0:1".parse().unwrap());
        assert_eq!(found.unwrap().as_str(), "https://t.example/");
    }
}
