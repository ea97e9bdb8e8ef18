//! Opening a database.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::{FutureExt, TryFutureExt};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection, Executor, PgConnection, PgPool, SqlitePool};
use tokio::time::{Instant, sleep, timeout};

use super::backend::{Backend, Db, SqlitePools};
use super::error::StorageError;

/// Where a database is. Prints itself without the password.
#[derive(Clone)]
pub struct DatabaseUrl(Location);

#[derive(Clone)]
enum Location {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

/// The text is not the address of a database.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a database is sqlite://path/to/file.db or postgres://user:password@host:port/name")]
pub struct InvalidDatabaseUrl;

impl DatabaseUrl {
    /// The file, when the database is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Location::Sqlite(path) => Some(path),
            Location::Postgres(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            let path = path.split('?').next().unwrap_or_default();
            let usable = !path.is_empty() && !path.starts_with(':');
            return usable
                .then(|| Self(Location::Sqlite(PathBuf::from(path))))
                .ok_or(InvalidDatabaseUrl);
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(text).map_err(|_| InvalidDatabaseUrl)?;
            return Ok(Self(Location::Postgres(Box::new(options))));
        }
        Err(InvalidDatabaseUrl)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Location::Postgres(options) => write!(
                f,
                "postgres://{}@{}:{}/{}",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or_default(),
            ),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Where it is.
    pub url: DatabaseUrl,
    /// How many connections may read (SQLite) or be open (PostgreSQL).
    pub max_connections: u32,
    /// How long a use case waits for a connection before the database counts as unavailable.
    pub acquire_timeout: Duration,
}

impl Db {
    /// Opens the database, creating SQLite's file (mode 0600) and folder when they are missing.
    ///
    /// # Errors
    /// When the database cannot be reached or the file cannot be made.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, StorageError> {
        match &options.url.0 {
            Location::Sqlite(path) => open_sqlite(path, options).await,
            Location::Postgres(server) => Ok(Self::new(Backend::Postgres(
                open_postgres(server, options).await?,
            ))),
        }
    }
}

async fn open_sqlite(path: &Path, options: &ConnectOptions) -> Result<Db, StorageError> {
    create_private_file(path).map_err(sqlx::Error::Io)?;
    let file = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // Answered means done, also when the power goes: every commit waits for the disk.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("trusted_schema", "OFF")
        .pragma("temp_store", "MEMORY")
        // What is removed is overwritten, and not only taken out of the tree.
        .pragma("secure_delete", "ON")
        .pragma("journal_size_limit", "67108864")
        .log_statements(log::LevelFilter::Trace)
        .log_slow_statements(log::LevelFilter::Warn, Duration::from_secs(1));
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(file.clone());
    switch_to_wal(&writer, options.acquire_timeout).await?;
    forget_statistics(&writer).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.max_connections.max(1))
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(file.read_only(true))
        .await?;
    Ok(Db::new(Backend::Sqlite(SqlitePools {
        readers,
        writer,
        log_remembers: Arc::new(AtomicBool::new(true)),
    })))
}

/// Opens the first connection, which switches a new file to write-ahead logging. Processes that do
/// so at the same moment get "locked" at once, whatever the busy timeout: they take turns here.
async fn switch_to_wal(writer: &SqlitePool, patience: Duration) -> Result<(), StorageError> {
    let deadline = Instant::now() + patience;
    loop {
        match writer.acquire().await.map_err(StorageError::from) {
            Err(StorageError::Unavailable(sqlx::Error::Database(_)))
                if Instant::now() < deadline =>
            {
                sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome.map(drop),
        }
    }
}

/// Drops what `ANALYZE` found. SQLite plans by it until the next `ANALYZE`, however much a table has
/// grown: what was eleven rows then is read from end to end by every delivery, and once more for each
/// token of it. Without it, a table counts as large and every hot statement uses its index.
async fn forget_statistics(writer: &SqlitePool) -> Result<(), StorageError> {
    const TABLES: [&str; 2] = [
        "DROP TABLE IF EXISTS sqlite_stat1",
        "DROP TABLE IF EXISTS sqlite_stat4",
    ];
    let mut connection = writer.acquire().await?;
    let known = "SELECT 1 FROM sqlite_schema WHERE name IN ('sqlite_stat1', 'sqlite_stat4')";
    if connection.fetch_optional(known).await?.is_none() {
        return Ok(());
    }
    for table in TABLES {
        connection.execute(table).await?;
    }
    // It plans by what it read when it was opened; the next one finds nothing to read.
    connection.close().await?;
    Ok(())
}

async fn open_postgres(
    server: &PgConnectOptions,
    options: &ConnectOptions,
) -> Result<PgPool, StorageError> {
    let server = server
        .clone()
        .application_name("tokenward")
        .log_statements(log::LevelFilter::Trace)
        .log_slow_statements(log::LevelFilter::Warn, Duration::from_secs(1));
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections.max(2))
        .acquire_timeout(options.acquire_timeout)
        // Said as a statement, because poolers refuse parameters at the start of a connection.
        .after_connect(|connection, _| Box::pin(connection.execute(SESSION).map_ok(drop)))
        // A connection may have died in the pool. sqlx asks as well, but waits for ever.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(answers(connection).map(Ok)))
        // The same for connections that come back: a server that is gone without a word must not
        // drain the pool.
        .after_release(|connection, _| {
            Box::pin(async move {
                match answers(connection).await {
                    true => Ok(true),
                    false => Err(sqlx::Error::PoolTimedOut),
                }
            })
        })
        .connect_with(server)
        .await?;
    Ok(pool)
}

/// No statement of ours is slow; one that hangs must not hold its connection and its locks.
///
/// Every hot statement has its index. A plan that was made while a table was small would read it from
/// end to end and be kept while the table grows, also the server's own plan that checks a reference:
/// the first large delivery would then cost the square of its size. `jit` is off because the planner
/// takes a scan that is unavoidable for a very dear one, worth compiling.
const SESSION: &str = "SET statement_timeout = '30s'; \
     SET idle_in_transaction_session_timeout = '60s'; \
     SET enable_seqscan = off; \
     SET jit = off";
/// How long a sign of life may take.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

async fn answers(connection: &mut PgConnection) -> bool {
    matches!(timeout(SIGN_OF_LIFE, connection.ping()).await, Ok(Ok(())))
}

/// Makes the file before SQLite does, so that nobody else may read it.
fn create_private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;

    #[test]
    fn a_database_is_a_file_or_a_server() {
        let file: DatabaseUrl = "sqlite://data/tokenward.db".parse().unwrap();
        assert_eq!(file.file(), Some(Path::new("data/tokenward.db")));
        let server: DatabaseUrl = "postgres://ada:secret@db:5433/tokens".parse().unwrap();
        assert_eq!(server.to_string(), "postgres://ada@db:5433/tokens");
        assert!(!format!("{server:?}").contains("secret"));
        for wrong in ["", "data.db", "sqlite://", "sqlite://:memory:", "mysql://x"] {
            assert!(wrong.parse::<DatabaseUrl>().is_err(), "{wrong}");
        }
    }
    #[tokio::test]
    async fn every_commit_of_the_embedded_engine_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokenward.db");
        let options = ConnectOptions {
            url: format!("sqlite://{}", file.display()).parse().unwrap(),
            max_connections: 2,
            acquire_timeout: Duration::from_secs(5),
        };
        let db = Db::connect(&options).await.unwrap();
        let Backend::Sqlite(pools) = db.pools() else {
            panic!("a file is SQLite's");
        };
        let writer = async |pragma: &'static str| -> String {
            let row = sqlx::query(pragma).fetch_one(&pools.writer).await.unwrap();
            let number = row.try_get::<i64, _>(0).map(|number| number.to_string());
            number.unwrap_or_else(|_| row.get(0))
        };
        assert_eq!(writer("PRAGMA journal_mode").await, "wal");
        // 2 is FULL.
        assert_eq!(writer("PRAGMA synchronous").await, "2");
        assert_eq!(writer("PRAGMA foreign_keys").await, "1");
        assert_eq!(writer("PRAGMA secure_delete").await, "1");
        let written = sqlx::query("CREATE TABLE t (id)").execute(&pools.readers);
        assert!(written.await.is_err(), "readers cannot write");
        db.close().await;
    }

    #[tokio::test]
    async fn a_table_that_was_small_once_is_not_planned_for_as_a_small_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokenward.db");
        let options = ConnectOptions {
            url: format!("sqlite://{}", file.display()).parse().unwrap(),
            max_connections: 1,
            acquire_timeout: Duration::from_secs(5),
        };
        let pools = async || match Db::connect(&options).await.unwrap().pools().clone() {
            Backend::Sqlite(pools) => pools,
            Backend::Postgres(_) => panic!("a file is SQLite's"),
        };
        let before = pools().await;
        for statement in [
            "CREATE TABLE t (id INTEGER NOT NULL UNIQUE, used INTEGER)",
            "INSERT INTO t (id) VALUES (1)",
            "ANALYZE",
        ] {
            before.writer.execute(statement).await.unwrap();
        }
        before.readers.close().await;
        before.writer.close().await;
        let after = pools().await;
        let found = "SELECT id FROM t WHERE id IN (SELECT value FROM json_each('[1]'))";
        let changed = "UPDATE t SET used = 1
             FROM (SELECT value AS id FROM json_each('[1]')) AS n
             WHERE t.id = n.id";
        for (pool, statement) in [
            (&after.readers, found),
            (&after.writer, found),
            (&after.writer, changed),
        ] {
            let explained = format!("EXPLAIN QUERY PLAN {statement}");
            let explained = sqlx::query(sqlx::AssertSqlSafe(explained));
            let steps = explained.fetch_all(pool).await.unwrap();
            let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
            let searched = steps.iter().any(|step| step.starts_with("SEARCH t USING"));
            assert!(searched, "{statement}: {steps:?}");
        }
        // Nothing else was lost, and there is nothing to do the next time.
        let rows = sqlx::query("SELECT id FROM t").fetch_all(&after.readers);
        assert_eq!(rows.await.unwrap().len(), 1);
    }
}
