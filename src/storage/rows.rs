//! Reading rows and passing sets, the same way on both engines.

use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row, Sqlite, Type};
use uuid::Uuid;

use crate::model::TokenKind;

/// What both engines can store.
pub(super) trait Value:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl<T> Value for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

/// A row of either engine.
pub(super) trait Columns {
    /// The value of the named column.
    fn read<T: Value>(&self, column: &str) -> Result<T, sqlx::Error>;
}

impl Columns for SqliteRow {
    fn read<T: Value>(&self, column: &str) -> Result<T, sqlx::Error> {
        self.try_get(column)
    }
}

impl Columns for PgRow {
    fn read<T: Value>(&self, column: &str) -> Result<T, sqlx::Error> {
        self.try_get(column)
    }
}

/// The value of one column, for statements that return only that.
pub(super) fn column<T: Value>(row: &impl Columns, name: &str) -> Result<T, sqlx::Error> {
    row.read(name)
}

/// A stored value that this version cannot read.
pub(super) fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

/// What kind of token a row tells of, in its column `kind`.
pub(super) fn token_kind(row: &impl Columns) -> Result<TokenKind, sqlx::Error> {
    row.read::<String>("kind")?.parse().map_err(unreadable)
}

/// Exactly `N` bytes.
pub(super) fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], sqlx::Error> {
    bytes.try_into().map_err(unreadable)
}

/// Ids as SQLite takes a set: a JSON array of hexadecimal, for `unhex(value)`.
pub(super) fn ids_as_json(ids: &[Uuid]) -> String {
    Json::Array(ids.iter().map(|id| hex_of(*id)).collect()).to_string()
}

/// An id as SQLite's `unhex` takes it.
pub(super) fn hex_of(id: Uuid) -> Json {
    Json::String(id.simple().to_string())
}
