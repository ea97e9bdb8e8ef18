//! Bringing a database up to this version, and refusing one that is ahead of it.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection, Executor, PgPool, SqlSafeStr};

use super::backend::{Backend, Db, sql};
use super::connect::DatabaseUrl;
use super::error::StorageError;
use super::rows::column;

/// One step: its number, its name, and its text for SQLite and for PostgreSQL.
type Step = (i64, &'static str, &'static str, &'static str);

macro_rules! both {
    ($file:literal) => {
        (include_str!($file), include_str!($file))
    };
}

/// Each under its name, in the order in which they are applied; numbers follow from that.
const FILES: [(&str, (&str, &str)); 39] = [
    ("people", both!("../../migrations/0001_people.sql")),
    (
        "clients and grants",
        both!("../../migrations/0002_clients_and_grants.sql"),
    ),
    (
        "tokens",
        (
            include_str!("../../migrations/0003_tokens.sqlite.sql"),
            include_str!("../../migrations/0003_tokens.postgres.sql"),
        ),
    ),
    ("leaks", both!("../../migrations/0004_leaks.sql")),
    ("keys", both!("../../migrations/0005_keys.sql")),
    (
        "usable tokens",
        both!("../../migrations/0006_usable_tokens.sql"),
    ),
    ("oauth", both!("../../migrations/0007_oauth.sql")),
    (
        "token lineage",
        (
            include_str!("../../migrations/0008_token_lineage.sqlite.sql"),
            include_str!("../../migrations/0008_token_lineage.postgres.sql"),
        ),
    ),
    (
        "usable tokens of members",
        (
            include_str!("../../migrations/0009_usable_tokens.sqlite.sql"),
            include_str!("../../migrations/0009_usable_tokens.postgres.sql"),
        ),
    ),
    (
        "internal api",
        both!("../../migrations/0010_internal_api.sql"),
    ),
    (
        "leaked uses",
        both!("../../migrations/0011_leaked_uses.sql"),
    ),
    (
        "scrubbed places",
        both!("../../migrations/0012_scrubbed_places.sql"),
    ),
    (
        "addresses of origin keys",
        both!("../../migrations/0013_origin_key_address.sql"),
    ),
    (
        "spent tokens",
        (
            include_str!("../../migrations/0014_spent_tokens.sqlite.sql"),
            include_str!("../../migrations/0014_spent_tokens.postgres.sql"),
        ),
    ),
    ("ended rows", both!("../../migrations/0015_ended_rows.sql")),
    ("limits", both!("../../migrations/0016_limits.sql")),
    ("networks", both!("../../migrations/0017_networks.sql")),
    (
        "quarantines",
        (
            include_str!("../../migrations/0018_quarantines.sqlite.sql"),
            include_str!("../../migrations/0018_quarantines.postgres.sql"),
        ),
    ),
    (
        "audit log",
        (
            include_str!("../../migrations/0019_audit_log.sqlite.sql"),
            include_str!("../../migrations/0019_audit_log.postgres.sql"),
        ),
    ),
    ("webhooks", both!("../../migrations/0020_webhooks.sql")),
    (
        "leaks by owner",
        both!("../../migrations/0021_owner_leaks.sql"),
    ),
    (
        "event streams",
        (
            include_str!("../../migrations/0022_event_streams.sqlite.sql"),
            include_str!("../../migrations/0022_event_streams.postgres.sql"),
        ),
    ),
    ("digests", both!("../../migrations/0023_digests.sql")),
    (
        "settled quarantines",
        both!("../../migrations/0024_settled_quarantines.sql"),
    ),
    (
        "spent tokens by id",
        both!("../../migrations/0025_spent_tokens_by_id.sql"),
    ),
    (
        "owners of what was seen",
        both!("../../migrations/0026_owners.sql"),
    ),
    ("operators", both!("../../migrations/0027_operators.sql")),
    ("languages", both!("../../migrations/0028_languages.sql")),
    ("outcomes", both!("../../migrations/0029_outcomes.sql")),
    (
        "tokens that owners keep",
        both!("../../migrations/0030_kept_tokens.sql"),
    ),
    (
        "closed letters",
        both!("../../migrations/0031_closed_letters.sql"),
    ),
    (
        "samples",
        (
            include_str!("../../migrations/0032_samples.sqlite.sql"),
            include_str!("../../migrations/0032_samples.postgres.sql"),
        ),
    ),
    (
        "former webhook secrets",
        both!("../../migrations/0033_former_webhook_secrets.sql"),
    ),
    (
        "forgotten addresses",
        both!("../../migrations/0034_forgotten_addresses.sql"),
    ),
    (
        "bulk revocation actors",
        both!("../../migrations/0035_bulk_revocation_actors.sql"),
    ),
    (
        "failing webhooks",
        both!("../../migrations/0036_failing_webhooks.sql"),
    ),
    (
        "customers",
        (
            include_str!("../../migrations/0037_customers.sqlite.sql"),
            include_str!("../../migrations/0037_customers.postgres.sql"),
        ),
    ),
    (
        "addresses in messages",
        (
            include_str!("../../migrations/0038_addresses_in_messages.sqlite.sql"),
            include_str!("../../migrations/0038_addresses_in_messages.postgres.sql"),
        ),
    ),
    (
        "ended bulk revocations",
        both!("../../migrations/0039_ended_bulk_revocations.sql"),
    ),
];

fn steps() -> Vec<Step> {
    FILES
        .into_iter()
        .zip(1..)
        .map(|((name, (sqlite, postgres)), number)| (number, name, sqlite, postgres))
        .collect()
}

/// The number of the last migration that this binary knows.
#[must_use]
pub fn newest_version() -> i64 {
    steps().last().map_or(0, |(number, ..)| *number)
}

/// A database could not be brought to this version.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A newer binary was here.
    #[error(
        "the database has schema version {database}, and this tokenward knows versions up to \
         {binary}: run the tokenward that migrated it, or a newer one"
    )]
    Newer {
        /// What the database has.
        database: i64,
        /// What this binary knows.
        binary: i64,
    },
    /// Migrations are missing and were not asked for.
    #[error(
        "the database has schema version {database}, and this tokenward needs {binary}: \
         run `tokenward migrate`"
    )]
    Behind {
        /// What the database has.
        database: i64,
        /// What this binary needs.
        binary: i64,
    },
    /// A migration that was applied reads differently now.
    #[error("migration {0} was changed after it had been applied to this database")]
    Changed(i64),
    /// A statement failed.
    #[error("the migration failed: {0}")]
    Failed(#[source] MigrateError),
    /// The lock file beside a SQLite database could not be taken.
    #[error("cannot lock {path} for the migration: {source}", path = path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How a database's schema relates to this binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaState {
    /// The last migration that was applied; 0 is an empty database.
    pub database: i64,
    /// The last migration that this binary knows.
    pub binary: i64,
}

impl SchemaState {
    /// Accepts only a database that is exactly at this binary's version.
    ///
    /// # Errors
    /// [`MigrationError::Newer`] or [`MigrationError::Behind`].
    pub const fn require_current(self) -> Result<(), MigrationError> {
        let Self { database, binary } = self;
        if database > binary {
            return Err(MigrationError::Newer { database, binary });
        }
        if database < binary {
            return Err(MigrationError::Behind { database, binary });
        }
        Ok(())
    }
}

impl Db {
    /// Which migrations the database has.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn schema_state(&self) -> Result<SchemaState, StorageError> {
        let exists = match self.reader() {
            Backend::Sqlite(_) => {
                "SELECT count(*) AS number FROM sqlite_master WHERE name = '_sqlx_migrations'"
            }
            Backend::Postgres(_) => {
                "SELECT count(*) AS number WHERE to_regclass('_sqlx_migrations') IS NOT NULL"
            }
        };
        let database = if self.number(exists).await? == 0 {
            0
        } else {
            self.number("SELECT COALESCE(max(version), 0) AS number FROM _sqlx_migrations")
                .await?
        };
        Ok(SchemaState {
            database,
            binary: newest_version(),
        })
    }

    async fn number(&self, statement: &'static str) -> Result<i64, StorageError> {
        sql!(self.reader(), |c| sqlx::query(statement)
            .try_map(|row| column::<i64>(&row, "number"))
            .fetch_one(c))
    }

    /// Applies every missing migration; a second process that starts meanwhile waits.
    ///
    /// # Errors
    /// See [`MigrationError`]. Each migration is applied whole or not at all.
    pub async fn migrate(&self, url: &DatabaseUrl) -> Result<(), MigrationError> {
        let state = self.schema_state().await?;
        if state.database > state.binary {
            return state.require_current();
        }
        let outcome = match self.pools() {
            // sqlx locks PostgreSQL by an advisory lock, and SQLite not at all.
            Backend::Sqlite(pools) => {
                let _lock = match url.file() {
                    Some(file) => Some(lock_beside(file).await?),
                    None => None,
                };
                migrator(|step| step.2).run(&pools.writer).await
            }
            Backend::Postgres(pool) => migrate_postgres(pool).await,
        };
        outcome.map_err(|error| match error {
            MigrateError::VersionMissing(database) if database > state.binary => {
                MigrationError::Newer {
                    database,
                    binary: state.binary,
                }
            }
            MigrateError::VersionMismatch(version) => MigrationError::Changed(version),
            other => MigrationError::Failed(other),
        })
    }
}

/// On a connection of its own and without the usual limits: a large table takes its time, and so
/// does a replica that waits for another one's migration.
async fn migrate_postgres(pool: &PgPool) -> Result<(), MigrateError> {
    let mut connection = pool.acquire().await?.detach();
    connection
        .execute("SET statement_timeout = 0; SET lock_timeout = 0")
        .await?;
    let outcome = migrator(|step| step.3)
        .run_direct(None, &mut connection, false)
        .await;
    connection.close().await?;
    outcome
}

fn migrator(text: impl Fn(&Step) -> &'static str) -> Migrator {
    let migrations = steps()
        .iter()
        .map(|step| {
            let sql = text(step).into_sql_str();
            Migration::new(step.0, step.1.into(), MigrationType::Simple, sql, false)
        })
        .collect();
    Migrator::with_migrations(migrations)
}

/// Waits for the lock file beside a database. The lock ends when the file is dropped.
async fn lock_beside(database: &Path) -> Result<File, MigrationError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".migrate-lock");
    let path = PathBuf::from(path);
    let target = path.clone();
    let lock = tokio::task::spawn_blocking(move || {
        let file = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&target)?;
        file.lock()?;
        Ok(file)
    });
    match lock.await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(source)) => Err(MigrationError::Lock { path, source }),
        Err(gone) => Err(MigrationError::Lock {
            path,
            source: std::io::Error::other(gone),
        }),
    }
}
