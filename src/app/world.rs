//! The domain's world, from configuration: for the service and for every command.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};

use super::secrets;
use crate::config::{Settings, TokenSettings};
use crate::domain::limits::Limits;
use crate::domain::{Context, CurrentLeakPolicy, Wake, audit, hash_keys};
use crate::mail::{Brand, Dkim, Mailbox, Mailer, Options};
use crate::model::{Clock, HashKeys};
use crate::storage::{ConnectOptions, Db, SchemaState};

/// The schema version from which on there is an audit log.
const WITH_AUDIT_LOG: i64 = 19;

/// Opens the world for a command: nobody waits for letters in this process.
///
/// # Errors
/// See [`open_at`].
pub async fn open(settings: &Settings) -> anyhow::Result<Context> {
    open_at(
        settings,
        settings.server.listen,
        Clock::System,
        Wake::new(|| {}),
    )
    .await
}

/// Opens the database, brings it up to date where that is wanted, and admits the hash keys.
///
/// # Errors
/// When the database cannot be reached, is of another version, or was used with other hash keys.
pub async fn open_at(
    settings: &Settings,
    address: SocketAddr,
    clock: Clock,
    letters_waiting: Wake,
) -> anyhow::Result<Context> {
    let db = connect(settings).await?;
    let before = db.schema_state().await?;
    if settings.database.migrate_on_start {
        db.migrate(&settings.database.url).await?;
    } else {
        before.require_current()?;
    }
    let hash_keys = keys(&settings.tokens, &db).await?;
    hash_keys::admit(&db, &hash_keys, clock.now()).await?;
    if lacked_audit_log(before) {
        audit::adopt(&db, &hash_keys).await?;
    }
    let public_url = settings.server.public_url_at(address)?;
    let issuer = settings.issuer.as_ref().unwrap_or(&public_url);
    Ok(Context {
        db,
        clock,
        format: settings.tokens.format.clone(),
        detector: settings.tokens.detector()?,
        hash_keys,
        security_contact: settings.mail.security_contact.clone(),
        issuer: issuer.as_str().trim_end_matches('/').to_owned(),
        public_url: public_url.as_str().trim_end_matches('/').to_owned(),
        policy: settings.policy.clone(),
        leak_policy: CurrentLeakPolicy::new(settings.leak_policy.clone()),
        signing_keys: Default::default(),
        pending_uses: Default::default(),
        live_tokens: Default::default(),
        leaked_uses: Default::default(),
        limits: Limits::new(&settings.policy.limits),
        letters_waiting,
    })
}

/// Begins the audit log of a database that stood at `before` until it was migrated just now.
///
/// # Errors
/// When the database fails, or its hash keys cannot be read.
pub(crate) async fn adopt_audit_log(
    db: &Db,
    settings: &Settings,
    before: SchemaState,
) -> anyhow::Result<()> {
    if lacked_audit_log(before)
        && let Some(keys) = configured_hash_keys(&settings.tokens)?
    {
        audit::adopt(db, &keys).await?;
    }
    Ok(())
}

/// Whether a database was used by a version that kept no audit log. An empty one was not.
const fn lacked_audit_log(before: SchemaState) -> bool {
    before.database > 0 && before.database < WITH_AUDIT_LOG
}

/// Connects without looking at what is there.
///
/// # Errors
/// When the database cannot be reached.
pub(crate) async fn connect(settings: &Settings) -> anyhow::Result<Db> {
    let url = &settings.database.url;
    let fresh = url.file().is_some_and(|file| !file.exists());
    let options = ConnectOptions {
        url: url.clone(),
        max_connections: settings.database.max_connections,
        acquire_timeout: settings.database.acquire_timeout,
    };
    let db = Db::connect(&options)
        .await
        .with_context(|| format!("cannot open {url}"))?;
    if fresh {
        tracing::info!(database = %url, "made a new database");
    }
    Ok(db)
}

/// The hash keys of the configuration, or those of the key file, which is made for a database
/// that was never used.
async fn keys(tokens: &TokenSettings, db: &Db) -> anyhow::Result<HashKeys> {
    // In this order: whoever makes the file uses the database only afterwards. Asked the other way
    // round, a replica that starts at the same time could look just before both and be refused.
    let used = crate::storage::hash_keys::is_used(db).await?;
    if let Some(keys) = configured_hash_keys(tokens)? {
        return Ok(keys);
    }
    let path = &tokens.hash_key_file;
    if used {
        bail!(
            "the database was used with hash keys that are not here: {} is missing and \
             `tokens.hash_keys` is empty. A new key would make every token unknown, so none was \
             made: restore the file or set the keys",
            path.display()
        );
    }
    secrets::make(path)
}

/// The hash keys as they are configured, or as they stand in the key file; `None` when there is no
/// such file yet.
///
/// # Errors
/// When the key file is there and cannot be used.
pub(crate) fn configured_hash_keys(tokens: &TokenSettings) -> anyhow::Result<Option<HashKeys>> {
    match &tokens.hash_keys {
        Some(keys) => Ok(Some(keys.clone())),
        None => secrets::read(&tokens.hash_key_file),
    }
}

/// Puts a fresh hash key in front of those in the key file.
///
/// # Errors
/// When the keys are in the configuration, or the file cannot be replaced.
pub(crate) fn rotate_hash_key(tokens: &TokenSettings) -> anyhow::Result<()> {
    if tokens.hash_keys.is_some() {
        bail!("the hash keys are in `tokens.hash_keys`: put a new one in front of them there");
    }
    secrets::rotate(&tokens.hash_key_file)
}

/// The way letters leave.
///
/// # Errors
/// When the configuration names files that cannot be used.
pub(crate) fn mailer(settings: &Settings) -> anyhow::Result<Mailer> {
    let mail = &settings.mail;
    let dkim = match &mail.dkim {
        Some(dkim) => {
            let file = &dkim.key_file;
            let pem = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let key = Dkim::new(&dkim.domain, &dkim.selector, &pem);
            Some(key.with_context(|| format!("mail.dkim_key_file: {}", file.display()))?)
        }
        None => None,
    };
    let from = Mailbox::new(mail.from.name.clone(), mail.from.address.as_str().parse()?);
    let options = Options {
        brand: Brand {
            name: settings.brand.name.clone(),
            accent: settings.brand.accent_color.clone(),
            security_contact: Some(settings.brand.support_contact.clone()),
            settings: settings.brand.settings_hint.clone(),
        },
        timeout: mail.send_timeout,
        tls_ca_file: mail.tls_ca_file.clone(),
        dkim,
        ..Options::new(mail.url.clone(), from)
    };
    Mailer::new(options).context("mail")
}
