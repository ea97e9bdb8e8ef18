//! How fast everything of one owner is revoked, and what introspection sees of it meanwhile.

use std::time::Duration;

use anyhow::ensure;
use uuid::Uuid;

use super::database::{Database, Raw};
use super::latency::{Chore, Housework};
use super::table::{Report, count};
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
    let chore = Chore {
        // Short turns: the machine is the same in both halves of each.
        command: format!("revoke {} {owner}", plan.quiet_seconds / 2),
        quiet: Duration::from_secs(plan.quiet_seconds) / 6,
        between: None,
    };
    let done = Housework::done(plan, database, &chore)?;
    ensure!(
        done.rows() == number,
        "{} of {number} tokens were revoked",
        done.rows()
    );
    remove(database, owner)?;
    let what = format!(
        "{} tokens of one owner among {}, {}",
        count(number),
        count(database.size),
        database.engine.name()
    );
    done.tell(report, "revoking", &what, "are revoked");
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
    let id = tokens::next_id(database.raw());
    let (digest, numbers) = match database.raw() {
        Raw::Sqlite(_) => (
            "randomblob(32)",
            format!(
                "(WITH RECURSIVE n (i) AS (
                     SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {number}
                 ) SELECT i FROM n)"
            ),
        ),
        Raw::Postgres(_) => (
            "sha256(gen_random_uuid()::text::bytea)",
            format!("generate_series(0, {number} - 1) AS n (i)"),
        ),
    };
    database.execute(&format!(
        "INSERT INTO tokens (digest, id, hash_key, kind, user_id, hint, scopes, created_at)
         SELECT
             {digest}, {id}, '{key}', 'personal_access_token', {user}, 'abcd', 'orders:read', {since} + i
         FROM {numbers}"
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
