//! A fresh database of the engine that this run is about: `TOKENWARD_TEST_ENGINE` is `sqlite`
//! (default) or `postgres`, and then `TOKENWARD_TEST_POSTGRES` names a database from which others
//! can be made.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Row};
use tokenward::model::{Id, User};
use tokenward::storage::{ConnectOptions, Db};
use tokio::sync::OnceCell;

use super::START;
use super::artifacts::fresh_path;

/// A database.
#[derive(Clone, Debug)]
pub(crate) struct TestDatabase {
    url: String,
}

/// A database that is away.
pub(crate) enum Outage {
    /// Somebody else holds the only write lock.
    Locked(sqlx::SqliteConnection),
    /// Nothing is found under its name.
    Renamed {
        /// Where it is.
        server: TestDatabase,
        /// What it was called.
        name: String,
    },
}

impl Outage {
    /// Brings the database back.
    pub(crate) async fn end(self) {
        match self {
            Self::Locked(holder) => holder.close().await.unwrap(),
            Self::Renamed { server, name } => {
                let back = format!("ALTER DATABASE {name}_away RENAME TO {name}");
                server.execute(&back).await;
                let open = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
                server.execute(&open).await;
            }
        }
    }
}

/// Whether this run is about PostgreSQL.
pub(crate) fn is_postgres() -> bool {
    std::env::var("TOKENWARD_TEST_ENGINE").is_ok_and(|engine| engine == "postgres")
}

impl TestDatabase {
    /// A database without tables.
    pub(crate) async fn fresh() -> Self {
        if !is_postgres() {
            let url = format!("sqlite://{}.db", fresh_path("database").display());
            return Self { url };
        }
        Self::made_by("").await
    }

    /// A database with every table and nothing in them: a copy of one that this process migrated,
    /// which takes longer than most tests.
    pub(crate) async fn migrated() -> Self {
        static MIGRATED: OnceCell<TestDatabase> = OnceCell::const_new();
        let original = MIGRATED.get_or_init(Self::migrate).await;
        if let Some(file) = original.file() {
            let copy = Self::fresh().await;
            fs::copy(file, copy.file().unwrap()).unwrap();
            return copy;
        }
        let (_, name) = original.on_server();
        Self::made_by(&format!("TEMPLATE {name}")).await
    }

    async fn migrate() -> Self {
        let new = Self::fresh().await;
        let options = ConnectOptions {
            url: new.url.parse().unwrap(),
            max_connections: 1,
            acquire_timeout: Duration::from_secs(60),
        };
        let db = Db::connect(&options).await.unwrap();
        db.migrate(&options.url).await.unwrap();
        // PostgreSQL copies what nobody is connected to.
        db.close().await;
        new
    }

    /// A database on the server, made in this way.
    async fn made_by(how: &str) -> Self {
        let server = std::env::var("TOKENWARD_TEST_POSTGRES")
            .expect("TOKENWARD_TEST_POSTGRES names a PostgreSQL database");
        let name = format!("tokenward_{}", Id::<User>::new(START).uuid().simple());
        let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
        let create = AssertSqlSafe(format!("CREATE DATABASE {name} {how}"));
        sqlx::query(create).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let (base, _) = server
            .rsplit_once('/')
            .expect("a PostgreSQL URL names a database");
        Self {
            url: format!("{base}/{name}"),
        }
    }

    /// Drops it while it is in use. SQLite cannot do that.
    pub(crate) async fn drop_by_force(&self) {
        let (server, name) = self.on_server();
        server
            .execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
            .await;
    }

    /// Takes it away from everybody who wants to write, until the outage ends.
    pub(crate) async fn take_away(&self) -> Outage {
        if !is_postgres() {
            let mut holder = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            let lock = sqlx::raw_sql("BEGIN EXCLUSIVE");
            lock.execute(&mut holder).await.unwrap();
            return Outage::Locked(holder);
        }
        let (server, name) = self.on_server();
        // Nobody may come back before the name is gone.
        for statement in [
            format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
            format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ),
            format!("ALTER DATABASE {name} RENAME TO {name}_away"),
        ] {
            server.execute(&statement).await;
        }
        Outage::Renamed { server, name }
    }

    /// Makes every statement about tokens wait until the guard is dropped. SQLite's readers wait
    /// for nobody.
    pub(crate) async fn hang(&self) -> sqlx::PgConnection {
        let mut holder = sqlx::PgConnection::connect(&self.url).await.unwrap();
        let lock = sqlx::raw_sql("BEGIN; LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE");
        lock.execute(&mut holder).await.unwrap();
        holder
    }

    /// A transaction that changed something, open until the guard is dropped, on PostgreSQL.
    pub(crate) async fn hold_open(&self) -> sqlx::PgConnection {
        let mut holder = sqlx::PgConnection::connect(&self.url).await.unwrap();
        let change = sqlx::raw_sql("BEGIN; SELECT pg_current_xact_id()");
        change.execute(&mut holder).await.unwrap();
        holder
    }

    /// Reads from SQLite, until the guard is dropped, what was there when it began.
    pub(crate) async fn read_on(&self) -> sqlx::SqliteConnection {
        let mut reader = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
        let read = sqlx::raw_sql("BEGIN; SELECT count(*) FROM exposures");
        read.execute(&mut reader).await.unwrap();
        reader
    }

    /// The database from which this one was made, and this one's name.
    fn on_server(&self) -> (Self, String) {
        let url = std::env::var("TOKENWARD_TEST_POSTGRES").expect("this run is about PostgreSQL");
        let name = self.url.rsplit('/').next().unwrap_or_default().to_owned();
        (Self { url }, name)
    }

    /// A database that another process made.
    pub(crate) fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
        }
    }

    /// The file, when it is one.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        self.url.strip_prefix("sqlite://").map(PathBuf::from)
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements whose outcome does not matter.
    pub(crate) async fn execute(&self, statements: &str) {
        let text = AssertSqlSafe(statements.to_owned());
        if is_postgres() {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            let url = format!("{}?mode=rwc", self.url);
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }

    /// The rows of a statement after others on the same connection, on PostgreSQL.
    pub(crate) async fn rows_after(&self, first: &[&str], statement: &str) -> Vec<Vec<String>> {
        let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
        for statement in first {
            let text = AssertSqlSafe((*statement).to_owned());
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        }
        let text = AssertSqlSafe(statement.to_owned());
        let rows = sqlx::raw_sql(text)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        rows.iter()
            .map(|row| (0..row.len()).map(|n| postgres_text(row, n)).collect())
            .collect()
    }

    /// Every row, each column as text.
    pub(crate) async fn rows(&self, statement: &str) -> Vec<Vec<String>> {
        let text = AssertSqlSafe(statement.to_owned());
        if is_postgres() {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            let rows = sqlx::query(text).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            rows.iter()
                .map(|row| (0..row.len()).map(|n| postgres_text(row, n)).collect())
                .collect()
        } else {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            let rows = sqlx::query(text).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            rows.iter()
                .map(|row| (0..row.len()).map(|n| sqlite_text(row, n)).collect())
                .collect()
        }
    }
}

fn postgres_text(row: &sqlx::postgres::PgRow, column: usize) -> String {
    if let Ok(number) = row.try_get::<Option<i64>, _>(column) {
        return number.map(|number| number.to_string()).unwrap_or_default();
    }
    row.try_get::<Option<String>, _>(column)
        .unwrap()
        .unwrap_or_default()
}

fn sqlite_text(row: &sqlx::sqlite::SqliteRow, column: usize) -> String {
    if let Ok(number) = row.try_get::<Option<i64>, _>(column) {
        return number.map(|number| number.to_string()).unwrap_or_default();
    }
    row.try_get::<Option<String>, _>(column)
        .unwrap()
        .unwrap_or_default()
}
