//! Two engines behind one door.

use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{
    PgConnection, PgPool, Postgres, Row, Sqlite, SqliteConnection, SqlitePool, Transaction,
};

use tokio::time::timeout;

use super::error::StorageError;
use super::journal::{self, Event, Noted};
use crate::model::Timestamp;

/// How long a statement may take before its connection counts as lost. The server ends slow
/// statements sooner; this is for a server that is gone and did not say so.
const PATIENCE: Duration = Duration::from_secs(40);

/// Waits for a statement, but not for ever.
pub(super) async fn patient<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StorageError> {
    match timeout(PATIENCE, statement).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(sqlx::Error::Io(ErrorKind::TimedOut.into()).into()),
    }
}

/// A value per engine.
#[derive(Clone, Debug)]
pub(super) enum Backend<L, P> {
    /// The embedded engine.
    Sqlite(L),
    /// The shared server.
    Postgres(P),
}

/// Says one statement to whichever engine is in use: `sql!(db.reader(), |c| query(..).fetch_all(c))`
/// for rows, `sql!(tx.connection(), execute query(..))` for the number of rows it changed.
macro_rules! sql {
    ($backend:expr, execute $query:expr) => {
        match $backend {
            $crate::storage::backend::Backend::Sqlite(connection) => {
                let done = $crate::storage::backend::patient($query.execute(connection)).await;
                done.map(|done| done.rows_affected())
            }
            $crate::storage::backend::Backend::Postgres(connection) => {
                let done = $crate::storage::backend::patient($query.execute(connection)).await;
                done.map(|done| done.rows_affected())
            }
        }
    };
    ($backend:expr, |$connection:ident| $statement:expr) => {
        match $backend {
            $crate::storage::backend::Backend::Sqlite($connection) => {
                $crate::storage::backend::patient($statement).await
            }
            $crate::storage::backend::Backend::Postgres($connection) => {
                $crate::storage::backend::patient($statement).await
            }
        }
    };
}
pub(super) use sql;

/// SQLite allows one writer at a time; having only one connection that writes turns waiting for
/// the lock into waiting in a queue.
#[derive(Clone, Debug)]
pub(super) struct SqlitePools {
    pub(super) readers: SqlitePool,
    pub(super) writer: SqlitePool,
    /// Whether the log may hold what was overwritten to be forgotten.
    pub(super) log_remembers: Arc<AtomicBool>,
}

/// A database, for reading. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pools: Backend<SqlitePools, PgPool>,
}

impl Db {
    pub(super) const fn new(pools: Backend<SqlitePools, PgPool>) -> Self {
        Self { pools }
    }

    pub(super) const fn pools(&self) -> &Backend<SqlitePools, PgPool> {
        &self.pools
    }

    pub(super) const fn reader(&self) -> Backend<&SqlitePool, &PgPool> {
        match &self.pools {
            Backend::Sqlite(pools) => Backend::Sqlite(&pools.readers),
            Backend::Postgres(pool) => Backend::Postgres(pool),
        }
    }

    /// The engine's name.
    #[must_use]
    pub const fn engine(&self) -> &'static str {
        match &self.pools {
            Backend::Sqlite(_) => "sqlite",
            Backend::Postgres(_) => "postgres",
        }
    }

    /// Opens the transaction of one use case. Every write goes through here.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn begin(&self) -> Result<Tx, StorageError> {
        let transaction = match &self.pools {
            // Taking the write lock first means that what is read is still true when written.
            Backend::Sqlite(pools) => {
                Backend::Sqlite(patient(pools.writer.begin_with("BEGIN IMMEDIATE")).await?)
            }
            Backend::Postgres(pool) => Backend::Postgres(patient(pool.begin()).await?),
        };
        Ok(Tx {
            transaction,
            noted: Vec::new(),
        })
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// When it gives none.
    pub async fn ping(&self) -> Result<(), StorageError> {
        sql!(self.reader(), execute sqlx::query("SELECT 1")).map(drop)
    }

    /// Says that something was overwritten which the log shall forget.
    pub fn log_remembers(&self) {
        if let Backend::Sqlite(pools) = &self.pools {
            pools.log_remembers.store(true, Ordering::Relaxed);
        }
    }

    /// Makes the embedded engine's log forget earlier versions of what was overwritten; `false` when
    /// readers were in the way. Nothing happens when it has nothing to forget, which is certain only after
    /// the first time: an earlier process may have been killed. A server's log is its administrator's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_log(&self) -> Result<bool, StorageError> {
        let Backend::Sqlite(pools) = &self.pools else {
            return Ok(true);
        };
        if !pools.log_remembers.swap(false, Ordering::Relaxed) {
            return Ok(true);
        }
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&pools.writer);
        let outcome = match patient(row).await {
            Ok(row) => row.try_get::<i64, _>("busy").map_err(Into::into),
            Err(error) => Err(error),
        };
        let forgotten = matches!(outcome, Ok(0));
        if !forgotten {
            self.log_remembers();
        }
        outcome.map(|_| forgotten)
    }

    /// Waits for statements under way and closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Backend::Sqlite(pools) => {
                pools.readers.close().await;
                pools.writer.close().await;
            }
            Backend::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction, for writing. Dropped without [`Tx::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Tx {
    transaction: Backend<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>,
    noted: Vec<Noted>,
}

impl Tx {
    pub(super) fn connection(&mut self) -> Backend<&mut SqliteConnection, &mut PgConnection> {
        match &mut self.transaction {
            Backend::Sqlite(transaction) => Backend::Sqlite(&mut *transaction),
            Backend::Postgres(transaction) => Backend::Postgres(&mut *transaction),
        }
    }

    /// Fails where nothing can be written now, and leaves nothing behind.
    ///
    /// # Errors
    /// When the database fails, or does not take writes.
    pub async fn probe(mut self) -> Result<(), StorageError> {
        // A server that only reads refuses it, whether or not a row fits.
        let nothing = "UPDATE figures SET value = value WHERE 1 = 0";
        sql!(self.connection(), execute sqlx::query(nothing)).map(drop)
    }

    /// Notes that something happened, for those who listen.
    pub fn note(&mut self, at: Timestamp, event: Event) {
        self.noted.push(Noted { at, event });
    }

    /// Makes everything since [`Db::begin`] true for everybody.
    ///
    /// # Errors
    /// When the database could not promise to keep it. It may have been kept all the same, so
    /// whoever repeats the use case must be able to find it done.
    pub async fn commit(mut self) -> Result<(), StorageError> {
        let noted = std::mem::take(&mut self.noted);
        if !noted.is_empty() {
            journal::keep(&mut self, &noted).await?;
        }
        match self.transaction {
            Backend::Sqlite(transaction) => patient(transaction.commit()).await,
            Backend::Postgres(transaction) => patient(transaction.commit()).await,
        }
    }
}
