//! `tokenward migrate`: brings the database up to this version.

use serde::Serialize;

use super::output::Output;
use super::progress::Progress;
use crate::app;
use crate::config::Settings;
use crate::storage::{Db, SchemaState};

#[derive(Serialize)]
struct Migrated {
    database: String,
    from: i64,
    to: i64,
}

pub(super) async fn run(settings: &Settings, out: &mut Output) -> anyhow::Result<()> {
    let db = app::connect(settings).await?;
    let outcome = migrate(&db, settings).await;
    db.close().await;
    let SchemaState { database, binary } = outcome?;
    let done = Migrated {
        database: settings.database.url.to_string(),
        from: database,
        to: binary,
    };
    let Migrated { database: url, .. } = &done;
    let text = match (database, binary) {
        (from, to) if from == to => format!("{url} is at schema version {to} already"),
        (0, to) => format!("{url} was empty and is at schema version {to} now"),
        (from, to) => format!("{url} went from schema version {from} to {to}"),
    };
    out.either(&done, &text)
}

/// Migrates, and tells where the database stood before.
async fn migrate(db: &Db, settings: &Settings) -> anyhow::Result<SchemaState> {
    let before = db.schema_state().await?;
    let SchemaState { database, binary } = before;
    let _progress = Progress::start(format!("migrating from version {database} to {binary}"));
    db.migrate(&settings.database.url).await?;
    app::adopt_audit_log(db, settings, before).await?;
    Ok(before)
}
