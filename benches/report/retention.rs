//! How fast what is over is deleted, and what introspection sees of it meanwhile.

use std::time::Duration;

use anyhow::ensure;

use super::database::{Database, Raw};
use super::latency::{Chore, Housework};
use super::table::{Report, count};
use super::{Plan, tokens};

/// Tokens of one grant.
const FAMILY: u64 = 20;

/// One in so many of all rows is deleted at once after each turn: at the job's own pace, which is what turns
/// are about, a million rows take two hours and more.
const AT_ONCE: u64 = 64;

pub(crate) fn measure(
    plan: &Plan,
    databases: &[Database],
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(database) = databases.last() else {
        return Ok(());
    };
    let over = database.size;
    super::progress(&format!("adding {over} tokens that are over"));
    add(database, over)?;
    let chore = Chore {
        // Short turns: the machine is the same in both halves of each.
        command: format!("prune {}", plan.quiet_seconds / 2),
        quiet: Duration::from_secs(plan.quiet_seconds) / 6,
        between: Some(format!("prune-at-once {}", over / AT_ONCE)),
    };
    let done = Housework::done(plan, database, &chore)?;
    ensure!(
        done.rows() == over,
        "{} of {over} rows were deleted",
        done.rows()
    );
    let what = format!(
        "{} expired tokens among {}, {}",
        count(over),
        count(database.size),
        database.engine.name()
    );
    done.tell(report, "pruning", &what, "are pruned");
    Ok(())
}

/// Adds grants that ended, and access tokens of theirs that expired.
fn add(database: &Database, number: u64) -> anyhow::Result<()> {
    let since = tokens::CREATED_AT;
    let families = number / FAMILY + 1;
    let (client, user) = (tokens::id("client"), super::seed::user(0));
    let (client, user) = (client.simple(), user.simple());
    let key = tokens::hash_keys()?;
    let key = key.current().id();
    let id = tokens::next_id(database.raw());
    let (grants, expired) = match database.raw() {
        Raw::Sqlite(_) => (
            format!(
                "WITH RECURSIVE n (i) AS (
                     SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {families}
                 )
                 INSERT INTO grants (id, client_id, user_id, scopes, created_at, revoked_at)
                 SELECT unhex(printf('%032x', i)), x'{client}', x'{user}', 'openid', {since}, {since}
                 FROM n"
            ),
            format!(
                "WITH RECURSIVE n (i) AS (
                     SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {number}
                 )
                 INSERT INTO tokens (
                     digest, id, hash_key, kind, grant_id, client_id, user_id, hint, scopes,
                     created_at, expires_at
                 )
                 SELECT
                     randomblob(32), {id}, '{key}', 'access_token',
                     unhex(printf('%032x', i / {FAMILY})), x'{client}', x'{user}', 'abcd',
                     'openid email orders:read', {since} + i, {since} + i + 3600000
                 FROM n"
            ),
        ),
        Raw::Postgres(_) => (
            format!(
                "INSERT INTO grants (id, client_id, user_id, scopes, created_at, revoked_at)
                 SELECT lpad(to_hex(i), 32, '0')::uuid, '{client}', '{user}', 'openid', {since}, {since}
                 FROM generate_series(0, {families} - 1) AS i"
            ),
            format!(
                "INSERT INTO tokens (
                     digest, id, hash_key, kind, grant_id, client_id, user_id, hint, scopes,
                     created_at, expires_at
                 )
                 SELECT
                     sha256(gen_random_uuid()::text::bytea), {id}, '{key}',
                     'access_token', lpad(to_hex(i / {FAMILY}), 32, '0')::uuid, '{client}', '{user}',
                     'abcd', 'openid email orders:read', {since} + i, {since} + i + 3600000
                 FROM generate_series(0, {number} - 1) AS i"
            ),
        ),
    };
    database.execute(&grants)?;
    database.execute(&expired)?;
    database.settle()
}
