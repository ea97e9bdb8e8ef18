//! What is kept: one file per table, both engines. `Db` reads, `Tx` writes.
//!
//! One SQL text serves both engines wherever it can; where a statement works on a set, each
//! engine's own form stands beside the other in the same file (PostgreSQL takes arrays, SQLite
//! takes JSON), because the number of statements must not depend on the size of the set.

pub mod audit_log;
pub mod breakers;
pub mod bulk_revocations;
pub mod client_secrets;
pub mod clients;
pub mod consents;
pub mod deliveries;
pub mod digests;
pub mod exposures;
pub mod figures;
pub mod grants;
pub mod hash_keys;
pub mod idempotency_keys;
pub mod journal;
pub mod leaked_uses;
pub mod limit_uses;
pub mod login_codes;
pub mod logout_notices;
pub mod operators;
pub mod organizations;
pub mod origin_keys;
pub mod outbox;
pub mod owner_leaks;
pub mod provenance;
pub mod quarantines;
pub mod server_clock;
pub mod sessions;
pub mod signing_keys;
pub mod spent_tokens;
pub mod streams;
pub mod tokens;
pub mod turns;
pub mod users;
pub mod webhooks;

mod audience;
mod backend;
mod connect;
mod error;
mod migrations;
mod overdue;
mod rows;

pub use backend::{Db, Tx};
pub use connect::{ConnectOptions, DatabaseUrl, InvalidDatabaseUrl};
pub use error::StorageError;
pub use migrations::{MigrationError, SchemaState, newest_version};
pub use overdue::Overdue;
