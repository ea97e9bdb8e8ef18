//! What the service promises, through its public door, on a fresh database of either engine.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

#[path = "../support/certificates.rs"]
mod certificates;
#[path = "../support/smtp.rs"]
mod smtp;
#[path = "../support/app/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with tests/oauth, which uses the rest"
)]
mod support;

mod addressees;
mod audit;
mod connections;
mod crash;
mod delivery;
mod digests;
mod exposure_owners;
mod exposure_records;
mod families;
mod gitlab_revocation;
mod hash_keys;
mod hostile_bodies;
mod introspection;
mod issuing;
mod keys;
mod leaked_uses;
mod limits;
mod networks;
mod operations;
mod origins;
mod outbox;
mod policy;
mod possession;
mod protocol;
mod repeated_leaks;
mod repetition;
mod retention;
mod revocations;
mod shared_database;
mod storage;
mod streams;
mod volume;
mod webhooks;
