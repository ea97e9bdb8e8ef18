//! What the keys mean, section by section. All are read before anything is assembled, so that
//! every problem is found in one go.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::Url;

use super::explain::Line;
use super::layers::Key;
use super::problem::{Problem, Problems};
use super::reader::{Reader, one_line};
use super::settings::{
    BrandSettings, DatabaseSettings, DkimSettings, HealthSettings, LogSettings, MailSettings,
    ServerSettings, Settings, TokenSettings,
};
use super::{leak_policy, origins, policy};
use crate::model::{ChecksumRules, HashKey, HashKeys, TokenFormat, TokenKind};
use crate::telemetry::LogFormat;

/// Everything, or every problem.
pub(super) fn settings(keys: &[Key], problems: Vec<Problem>) -> Result<Settings, Problems> {
    let mut reader = Reader::new(keys, problems);
    let read = (
        server(&mut reader),
        database(&mut reader),
        tokens(&mut reader),
        mail(&mut reader),
        policy::policy(&mut reader),
        leak_policy::policy(&mut reader),
        policy::issuer(&mut reader),
        origins::origins(&mut reader),
        brand(&mut reader),
        log(&mut reader),
        health(&mut reader),
    );
    let problems = reader.into_problems();
    match read {
        (
            Some(server),
            Some(database),
            Some(tokens),
            Some(mail),
            Some(policy),
            Some(leak_policy),
            Some(issuer),
            Some(origins),
            Some(brand),
            Some(log),
            Some(health),
        ) if problems.is_empty() => Ok(Settings {
            server,
            database,
            tokens,
            mail,
            policy,
            leak_policy,
            issuer,
            origins,
            brand,
            log,
            health,
            lines: keys.iter().map(Line::of).collect(),
        }),
        _ => Err(Problems(problems)),
    }
}

fn server(from: &mut Reader<'_>) -> Option<ServerSettings> {
    let listen = from.with("server.listen", |text| {
        let right = "it is an IP address and a port, such as 127.0.0.1:8080 or [::]:8080";
        text.parse::<SocketAddr>().map_err(|_| right.to_owned())
    });
    let public_url = from.optional("server.public_url", public_url);
    let workers = from.number("server.workers", 0..=1_024_usize);
    let max_connections = from.number("server.max_connections", 16..=1_000_000_usize);
    let of_one = from.number("server.max_connections_per_address", 1..=1_000_000_usize);
    let request_timeout = from.duration("server.request_timeout");
    let shutdown_timeout = from.duration("server.shutdown_timeout");
    let trusted_proxies = policy::trusted_proxies(from);
    Some(ServerSettings {
        listen: listen?,
        public_url: public_url?,
        trusted_proxies: trusted_proxies?,
        workers: NonZeroUsize::new(workers?).unwrap_or_else(cores),
        max_connections: NonZeroUsize::new(max_connections?)?,
        max_connections_per_address: of_one?,
        request_timeout: request_timeout?,
        shutdown_timeout: shutdown_timeout?,
    })
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

pub(super) fn public_url(text: &str) -> Result<Url, String> {
    let right = "it is http:// or https:// and a host, without a path";
    let url = Url::parse(text).map_err(|_| right.to_owned())?;
    // Anything more would end up inside every issuer and every link built on it.
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !is_web(&url) || !bare {
        return Err(right.to_owned());
    }
    Ok(url)
}

pub(super) fn is_web(url: &Url) -> bool {
    let anonymous = url.username().is_empty() && url.password().is_none();
    matches!(url.scheme(), "http" | "https") && url.has_host() && anonymous
}

fn database(from: &mut Reader<'_>) -> Option<DatabaseSettings> {
    let url = from.parsed("database.url");
    // One for whoever writes, and one at least for those who read meanwhile.
    let max_connections = from.number("database.max_connections", 2..=10_000_u32);
    let acquire_timeout = from.duration("database.acquire_timeout");
    let migrate_on_start = from.switch("database.migrate_on_start");
    Some(DatabaseSettings {
        url: url?,
        max_connections: max_connections?,
        acquire_timeout: acquire_timeout?,
        migrate_on_start: migrate_on_start?,
    })
}

fn tokens(from: &mut Reader<'_>) -> Option<TokenSettings> {
    let format = from.with("tokens.prefix", |text| {
        TokenFormat::new(text).map_err(|error| error.to_string())
    });
    let hash_keys = hash_keys(from);
    let hash_key_file = from.path("tokens.hash_key_file");
    let legacy = TokenKind::ALL.map(|kind| {
        let on = from.switch(&format!("tokens.legacy_without_checksum.{kind}"));
        on.map(|on| on.then_some(kind))
    });
    let legacy: Option<Vec<_>> = legacy.into_iter().collect();
    let last_used_flush_interval = from.duration("tokens.last_used_flush_interval");
    Some(TokenSettings {
        format: format?,
        hash_keys: hash_keys?,
        hash_key_file: hash_key_file?,
        checksum_rules: ChecksumRules::optional_for(legacy?.into_iter().flatten().collect()),
        last_used_flush_interval: last_used_flush_interval?,
    })
}

fn hash_keys(from: &mut Reader<'_>) -> Option<Option<HashKeys>> {
    const PATH: &str = "tokens.hash_keys";
    let texts = from.list(PATH)?;
    let mut keys = Vec::new();
    let mut seen = HashSet::new();
    for (number, text) in (1..).zip(texts) {
        match HashKey::parse(text) {
            Ok(key) if seen.insert(key.id().clone()) => keys.push(key),
            Ok(_) => from.problem(PATH, format!("key {number} is there twice"), String::new()),
            Err(error) => from.problem(
                PATH,
                format!("key {number} does not fit"),
                error.to_string(),
            ),
        }
    }
    if keys.len() < texts.len() {
        return None;
    }
    let mut keys = keys.into_iter();
    Some(
        keys.next()
            .map(|current| HashKeys::new(current, keys.collect())),
    )
}

fn mail(from: &mut Reader<'_>) -> Option<MailSettings> {
    let url = from.parsed("mail.url");
    let sender = from.parsed("mail.from");
    let security_contact = from.with("mail.security_contact", |text| {
        text.parse()
            .map_err(|_| "it is an e-mail address".to_owned())
    });
    let send_timeout = from.duration("mail.send_timeout");
    let give_up_after = from.duration("mail.give_up_after");
    let tls_ca_file = from.existing_file("mail.tls_ca_file");
    let dkim = dkim(from);
    Some(MailSettings {
        url: url?,
        from: sender?,
        security_contact: security_contact?,
        send_timeout: send_timeout?,
        give_up_after: give_up_after?,
        tls_ca_file: tls_ca_file?,
        dkim: dkim?,
    })
}

fn dkim(from: &mut Reader<'_>) -> Option<Option<DkimSettings>> {
    let domain = from.optional("mail.dkim_domain", dns_name)?;
    let selector = from.optional("mail.dkim_selector", dns_name)?;
    let key_file = from.existing_file("mail.dkim_key_file")?;
    let given = [
        ("mail.dkim_domain", domain.is_some()),
        ("mail.dkim_selector", selector.is_some()),
        ("mail.dkim_key_file", key_file.is_some()),
    ];
    if let (Some(domain), Some(selector), Some(key_file)) = (domain, selector, key_file) {
        return Some(Some(DkimSettings {
            domain,
            selector,
            key_file,
        }));
    }
    if given.iter().all(|(_, given)| !given) {
        return Some(None);
    }
    for (path, _) in given.iter().filter(|(_, given)| !given) {
        from.refuse(
            path,
            "signing letters needs domain, selector and key file".to_owned(),
        );
    }
    None
}

fn dns_name(text: &str) -> Result<String, String> {
    let label = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&part.len()) && part.bytes().all(allowed)
    };
    if text.len() > 253 || !text.split('.').all(label) {
        return Err("it is a name as in DNS, such as mail.example.com".to_owned());
    }
    Ok(text.to_ascii_lowercase())
}

fn brand(from: &mut Reader<'_>) -> Option<BrandSettings> {
    let name = from.line("brand.name", 60);
    let accent_color = from.parsed("brand.accent_color");
    let logo = from.optional("brand.logo", |text| {
        match [".svg", ".png"].iter().any(|ending| text.ends_with(ending)) {
            true => Ok(PathBuf::from(text)),
            false => Err("it is the path of an .svg or .png file".to_owned()),
        }
    });
    let settings_hint = from.optional("brand.settings_hint", |text| {
        let line = one_line(text, 300)?;
        // A letter that teaches people to sign in by a link trains them for the next forgery.
        match line.contains("://") || line.to_lowercase().contains("www.") {
            true => Err("it says the way in words, without a link".to_owned()),
            false => Ok(line),
        }
    });
    let support = from.optional("brand.support_contact", |text| one_line(text, 200));
    let security_contact = from.text("mail.security_contact");
    Some(BrandSettings {
        name: name?,
        accent_color: accent_color?,
        logo: logo?,
        settings_hint: settings_hint?,
        support_contact: support?.unwrap_or(security_contact?.to_owned()),
    })
}

fn log(from: &mut Reader<'_>) -> Option<LogSettings> {
    let format = from.with("log.format", |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("it is text or json".to_owned()),
    });
    let level = from.with("log.level", log_level);
    Some(LogSettings {
        format: format?,
        level: level?,
    })
}

fn log_level(text: &str) -> Result<String, String> {
    // A bare word that is no level counts as the name of a part, and would silence all the rest.
    let is_word = |part: &&str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let mut words = text.split(',').map(str::trim).filter(is_word);
    let levels = words.all(|word| word.parse::<LevelFilter>().is_ok());
    if text.trim().is_empty() || !levels || EnvFilter::try_new(text).is_err() {
        let right =
            "it is error, warn, info, debug or trace, also by part: info,tokenward::mail=debug";
        return Err(right.to_owned());
    }
    Ok(text.to_owned())
}

fn health(from: &mut Reader<'_>) -> Option<HealthSettings> {
    Some(HealthSettings {
        max_outbox_age: from.duration("health.max_outbox_age")?,
    })
}
