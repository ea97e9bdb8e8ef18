//! How fast everything of one owner is revoked, and what introspection sees of it meanwhile.

use std::time::Duration;

use anyhow::{Context, ensure};
use uuid::Uuid;

use super::child::Child;
use super::database::{Database, Raw};
use super::latency::{self, Load};
use super::table::{Report, count, time};
use super::{Plan, tokens};

/// How many tokens the owner has, where the table is large enough for that to mean anything.
const MOST: u64 = 100_000;

pub(crate) fn measure(
    plan: &Plan,
    databases: &[Database],
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(database) = databases.last() else {
        return Ok(());
    };
    let number = database.size.min(MOST);
    super::progress(&format!("adding an owner of {number} tokens"));
    let owner = tokens::id("owner of many");
    // What an interrupted run left.
    remove(database, owner)?;
    add(database, owner, number)?;
    let mut child = Child::start("housework", &[&database.url])?;
    let load = Load::on(&child, database)?;
    let quiet = Duration::from_secs(plan.idle_seconds * 2);
    let wait = || {
        std::thread::sleep(quiet);
        anyhow::Ok(String::new())
    };
    // The first seconds warm up.
    load.during(wait)?;
    let (before, _) = load.during(wait)?;
    let (meanwhile, told) = load.during(|| child.ask(&format!("revoke {owner}")))?;
    let (after, _) = load.during(wait)?;
    drop(child);
    let (rows, took) = told.split_once(' ').context("tokens and milliseconds")?;
    let (rows, took): (u64, u64) = (rows.parse()?, took.parse()?);
    ensure!(rows == number, "{rows} of {number} tokens were revoked");
    remove(database, owner)?;
    let what = format!(
        "{} tokens of one owner among {}, {}",
        count(rows),
        count(database.size),
        database.engine.name()
    );
    let pace = rows * 1_000 / took.max(1);
    let took = time(Duration::from_millis(took));
    report.note(
        &format!("revoking {what}"),
        &format!("{took}, {pace} a second"),
    );
    let meanwhile_what = format!("while {what} are revoked");
    latency::tell(report, &meanwhile_what, before.and(after), &meanwhile);
    Ok(())
}

fn literal(database: &Database, id: Uuid) -> String {
    match database.raw() {
        Raw::Sqlite(_) => format!("x'{}'", id.simple()),
        Raw::Postgres(_) => format!("'{id}'"),
    }
}

fn add(database: &Database, owner: Uuid, number: u64) -> anyhow::Result<()> {
    let since = tokens::CREATED_AT;
    let user = literal(database, owner);
    let key = tokens::hash_keys()?;
    let key = key.current().id();
    database.execute(&format!(
        "INSERT INTO users (id, email, created_at) VALUES ({user}, 'many@example.com', {since})"
    ))?;
    let (digest, id, numbers) = match database.raw() {
        Raw::Sqlite(_) => (
            "randomblob(32)",
            "randomblob(16)",
            format!(
                "(WITH RECURSIVE n (i) AS (
                     SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {number}
                 ) SELECT i FROM n)"
            ),
        ),
        Raw::Postgres(_) => (
            "sha256(gen_random_uuid()::text::bytea)",
            "gen_random_uuid()",
            format!("generate_series(0, {number} - 1)"),
        ),
    };
    database.execute(&format!(
        "INSERT INTO tokens (digest, id, hash_key, kind, user_id, hint, scopes, created_at)
         SELECT
             {digest}, {id}, '{key}', 'personal_access_token', {user}, 'abcd', 'orders:read', {since}
         FROM {numbers} AS numbers"
    ))?;
    database.settle()
}

/// Leaves the database as it was.
fn remove(database: &Database, owner: Uuid) -> anyhow::Result<()> {
    let user = literal(database, owner);
    for statement in [
        format!("DELETE FROM audit_log WHERE user_id = {user}"),
        format!("DELETE FROM tokens WHERE user_id = {user}"),
        format!("DELETE FROM users WHERE id = {user}"),
        "DELETE FROM bulk_revocations".to_owned(),
    ] {
        database.execute(&statement)?;
    }
    database.settle()
}
