//! Databases full of tokens, made once and kept where that is quick.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use tokenward::domain::hash_keys;
use tokenward::model::{Origin, Timestamp};
use tokenward::origins::signing::OriginSigner;
use tokenward::storage::origin_keys::{self, StoredKey, StoredKeySet};
use tokenward::storage::{ConnectOptions, Db, newest_version};
use tokio::runtime::{Builder, Runtime};

use super::memory::Held;
use super::{cpu, progress, seed, tokens};

/// Which engine, and where it is when it is a server.
#[derive(Clone)]
pub(crate) enum Engine {
    Sqlite,
    Postgres(String),
}

impl Engine {
    /// Whether its work is done by a server.
    pub(crate) const fn is_server(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

/// The benchmark's own door to a database, beside the service's.
pub(crate) enum Raw {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Raw {
    /// Says one statement.
    pub(crate) async fn execute(&self, statement: &str) -> Result<u64, sqlx::Error> {
        let statement = AssertSqlSafe(statement.to_owned());
        Ok(match self {
            Self::Sqlite(pool) => sqlx::query(statement).execute(pool).await?.rows_affected(),
            Self::Postgres(pool) => sqlx::query(statement).execute(pool).await?.rows_affected(),
        })
    }
}

/// A database with `size` tokens, and the key that signs deliveries to it.
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) engine: Engine,
    pub(crate) size: u64,
    pub(crate) signer: OriginSigner,
    raw: Raw,
    runtime: Runtime,
    file: Option<PathBuf>,
    /// The process that starts the server's others.
    server: Option<u32>,
}

impl Database {
    /// Makes one, or takes a copy of one that was made before.
    pub(crate) fn prepare(engine: &Engine, size: u64, folder: &Path) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let signer = OriginSigner::generate();
        let (url, raw, file) = match engine {
            Engine::Sqlite => {
                let file = runtime.block_on(sqlite(size, folder))?;
                let url = format!("sqlite://{}", file.display());
                (url, runtime.block_on(open_sqlite(&file))?, Some(file))
            }
            Engine::Postgres(server) => {
                let (url, raw) = runtime.block_on(postgres(server, size))?;
                (url, raw, None)
            }
        };
        runtime.block_on(store_key(&url, &signer))?;
        let server = match &raw {
            Raw::Sqlite(_) => None,
            Raw::Postgres(pool) => {
                let backend = sqlx::query_scalar::<_, i32>("SELECT pg_backend_pid()");
                let backend = runtime.block_on(backend.fetch_one(pool))?;
                Some(cpu::parent_of(u32::try_from(backend)?)?)
            }
        };
        Ok(Self {
            url,
            engine: engine.clone(),
            size,
            signer,
            raw,
            runtime,
            file,
            server,
        })
    }

    /// The benchmark's own door.
    pub(crate) const fn raw(&self) -> &Raw {
        &self.raw
    }

    /// Says one statement.
    pub(crate) fn execute(&self, statement: &str) -> anyhow::Result<()> {
        self.runtime.block_on(self.raw.execute(statement))?;
        Ok(())
    }

    /// Does now what an engine does some time after many rows were written.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        match &self.raw {
            Raw::Sqlite(_) => self.flush(),
            Raw::Postgres(_) => self.execute("VACUUM ANALYZE grants, tokens"),
        }
    }

    /// Has what was written on the disk before anything else is measured.
    pub(crate) fn flush(&self) -> anyhow::Result<()> {
        self.execute(match &self.raw {
            Raw::Sqlite(_) => "PRAGMA wal_checkpoint(TRUNCATE)",
            Raw::Postgres(_) => "CHECKPOINT",
        })?;
        match &self.file {
            Some(file) => Ok(File::open(file)?.sync_all()?),
            None => Ok(()),
        }
    }

    /// Undoes every delivery, so that the same tokens can leak again.
    pub(crate) fn revive(&self) -> anyhow::Result<()> {
        let dead = "UPDATE tokens SET revoked_at = NULL, revoked_reason = NULL
            WHERE id IN (SELECT token_id FROM exposures)";
        let rest: &[&str] = match &self.raw {
            Raw::Sqlite(_) => &[
                "DELETE FROM outbox",
                "DELETE FROM exposures",
                "DELETE FROM deliveries",
            ],
            // Deleted rows would stay in the way until they are vacuumed.
            Raw::Postgres(_) => &["TRUNCATE outbox, exposures, deliveries"],
        };
        for statement in [dead].iter().chain(rest) {
            self.runtime.block_on(self.raw.execute(statement))?;
        }
        Ok(())
    }

    /// What the database server has used so far; an embedded engine's work is the service's.
    pub(crate) fn server_time(&self) -> anyhow::Result<Duration> {
        self.server
            .map_or(Ok(Duration::ZERO), cpu::time_of_children)
    }

    /// Keeps the file in memory until what is returned is dropped; none where there is no file.
    pub(crate) fn hold_in_memory(&self) -> Option<Held> {
        self.file.as_deref().and_then(Held::in_memory)
    }

    /// Waits for work of ours on this database.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Closes it, and removes a file that only this run needed.
    pub(crate) fn remove(self) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            match &self.raw {
                Raw::Sqlite(pool) => pool.close().await,
                Raw::Postgres(pool) => pool.close().await,
            }
        });
        let Some(file) = self.file else { return Ok(()) };
        for end in ["", "-wal", "-shm", ".migrate-lock"] {
            let mut name = file.clone().into_os_string();
            name.push(end);
            let _ = std::fs::remove_file(name);
        }
        Ok(())
    }
}

/// A copy of the file with `size` tokens; the file itself is made when it is not there.
async fn sqlite(size: u64, folder: &Path) -> anyhow::Result<PathBuf> {
    let version = newest_version();
    let kept = folder.join(format!(
        "tokens-{size}-schema-{version}-{}.db",
        seed::VERSION
    ));
    if !kept.exists() {
        progress(&format!("making a SQLite file with {size} tokens"));
        let fresh = folder.join(format!("fresh-{}.db", std::process::id()));
        migrate(&format!("sqlite://{}", fresh.display())).await?;
        let raw = open_sqlite(&fresh).await?;
        seed::fill(&raw, size).await?;
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        if let Raw::Sqlite(pool) = raw {
            pool.close().await;
        }
        std::fs::rename(fresh, &kept)?;
    }
    let copy = folder.join(format!("run-{}-{size}.db", std::process::id()));
    std::fs::copy(&kept, &copy)?;
    Ok(copy)
}

async fn open_sqlite(file: &Path) -> anyhow::Result<Raw> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(false)
        .busy_timeout(Duration::from_secs(10))
        .pragma("synchronous", "OFF")
        .pragma("cache_size", "-600000");
    let pool = SqlitePoolOptions::new().max_connections(1);
    Ok(Raw::Sqlite(pool.connect_with(options).await?))
}

async fn postgres(server: &str, size: u64) -> anyhow::Result<(String, Raw)> {
    let name = format!("tokens_{size}");
    let options = PgConnectOptions::from_str(server)?;
    let admin = PgPoolOptions::new().connect_with(options.clone()).await?;
    let admin = Raw::Postgres(admin);
    // As in production: commits wait for the disk, and statements are not logged.
    for (setting, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("log_statement", "none"),
    ] {
        let statement = format!("ALTER SYSTEM SET {setting} = '{value}'");
        admin.execute(&statement).await?;
    }
    admin.execute("SELECT pg_reload_conf()").await?;
    admin.execute(&format!("CREATE DATABASE {name}")).await?;
    let (front, _) = server
        .rsplit_once('/')
        .context("a URL without a database")?;
    let url = format!("{front}/{name}");
    progress(&format!("filling PostgreSQL with {size} tokens"));
    migrate(&url).await?;
    // What is filled here is consistent; checking each reference would take longer than the rest.
    let options = options
        .database(&name)
        .options([("session_replication_role", "replica")]);
    let pool = PgPoolOptions::new().max_connections(1);
    let raw = Raw::Postgres(pool.connect_with(options).await?);
    seed::fill(&raw, size).await?;
    // Only what is filled: an empty table that was analyzed is planned for as one that stays empty.
    raw.execute("VACUUM ANALYZE users, clients, grants, tokens")
        .await?;
    Ok((url, raw))
}

pub(crate) async fn connect(url: &str) -> anyhow::Result<Db> {
    let options = ConnectOptions {
        url: url.parse()?,
        max_connections: 16,
        acquire_timeout: Duration::from_secs(5),
    };
    Ok(Db::connect(&options).await?)
}

async fn migrate(url: &str) -> anyhow::Result<()> {
    let db = connect(url).await?;
    db.migrate(&url.parse()?).await?;
    // Before there is anything else: what is used already is taken for a log that somebody emptied.
    let since = Timestamp::from_millis(tokens::CREATED_AT);
    hash_keys::admit(&db, &tokens::hash_keys()?, since).await?;
    db.close().await;
    Ok(())
}

/// What fetching GitHub's keys would have left behind.
async fn store_key(url: &str, signer: &OriginSigner) -> anyhow::Result<()> {
    let db = connect(url).await?;
    let set = StoredKeySet {
        etag: None,
        address_digest: None,
        fetched_at: Timestamp::from_millis(tokens::CREATED_AT),
        keys: vec![StoredKey {
            key_id: signer.key_id().as_str().to_owned(),
            pem: signer.public_pem().to_owned(),
            is_current: true,
        }],
    };
    let mut tx = db.begin().await?;
    origin_keys::replace(&mut tx, &Origin::GITHUB, &set).await?;
    tx.commit().await?;
    db.close().await;
    Ok(())
}
