//! Tokenward issues, introspects and, the moment one leaks, revokes API tokens.
//!
//! The rooms and the arrows between them are drawn in `docs/architecture.md`; `tests/layering.rs`
//! keeps them.

pub mod app;
pub mod callbacks;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod model;
pub mod origins;
pub mod storage;
pub mod telemetry;

mod texts;
