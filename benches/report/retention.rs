//! How fast what is over is deleted, and what introspection sees of it meanwhile.

use std::time::Duration;

use anyhow::{Context, ensure};

use super::child::Child;
use super::database::{Database, Raw};
use super::latency::{self, Latencies, Load};
use super::table::{Report, count, time};
use super::{Plan, tokens};

/// Tokens of one grant.
const FAMILY: u64 = 20;

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
    let (meanwhile, told) = load.during(|| child.ask("prune"))?;
    let (after, _) = load.during(wait)?;
    let (rows, took) = told.split_once(' ').context("rows and milliseconds")?;
    let (rows, took): (u64, u64) = (rows.parse()?, took.parse()?);
    ensure!(rows == over, "{rows} of {over} rows were deleted");
    tell(database, report, rows, took, [before, meanwhile, after]);
    Ok(())
}

fn tell(
    database: &Database,
    report: &mut Report,
    rows: u64,
    took: u64,
    [before, meanwhile, after]: [Latencies; 3],
) {
    let what = format!(
        "{} expired tokens among {}, {}",
        count(rows),
        count(database.size),
        database.engine.name()
    );
    let pace = rows * 1_000 / took.max(1);
    let took = time(Duration::from_millis(took));
    report.note(
        &format!("pruning {what}"),
        &format!("{took}, {pace} a second"),
    );
    let what = format!("while {what} are pruned");
    latency::tell(report, &what, before.and(after), &meanwhile);
}

/// Adds grants that ended, and access tokens of theirs that expired.
fn add(database: &Database, number: u64) -> anyhow::Result<()> {
    let since = tokens::CREATED_AT;
    let families = number / FAMILY + 1;
    let (client, user) = (tokens::id("client"), super::seed::user(0));
    let (client, user) = (client.simple(), user.simple());
    let key = tokens::hash_keys()?;
    let key = key.current().id();
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
                     randomblob(32), randomblob(16), '{key}', 'access_token',
                     unhex(printf('%032x', i / {FAMILY})), x'{client}', x'{user}', 'abcd',
                     'openid email orders:read', {since}, {since} + 3600000 + i
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
                     sha256(gen_random_uuid()::text::bytea), gen_random_uuid(), '{key}',
                     'access_token', lpad(to_hex(i / {FAMILY}), 32, '0')::uuid, '{client}', '{user}',
                     'abcd', 'openid email orders:read', {since}, {since} + 3600000 + i
                 FROM generate_series(0, {number} - 1) AS i"
            ),
        ),
    };
    database.execute(&grants)?;
    database.execute(&expired)?;
    database.settle()
}
