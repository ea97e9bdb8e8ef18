//! Fills a database with people, grants and tokens, many rows a statement.

use anyhow::Context;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use tokenward::model::{HashKeys, TokenKind};
use uuid::Uuid;

use super::database::Raw;
use super::tokens;

/// Counted up when what is filled in changes, so that files of earlier versions are not used.
pub(crate) const VERSION: u32 = 3;

/// Tokens of one user.
const TOKENS_PER_USER: u64 = 20;
const BATCH: usize = 20_000;

pub(crate) async fn fill(raw: &Raw, size: u64) -> anyhow::Result<()> {
    let owners = size.div_ceil(TOKENS_PER_USER);
    for first in (0..owners).step_by(500) {
        raw.execute(&users(raw, first, (owners - first).min(500)))
            .await?;
    }
    let client = literal(raw, &tokens::id("client").simple().to_string());
    let since = tokens::CREATED_AT;
    raw.execute(&format!(
        "INSERT INTO clients (id, client_id, name, created_at)
         VALUES ({client}, 'polar_ci_bench', 'Bench', {since})",
    ))
    .await?;
    let families = size / 10;
    for first in (0..families).step_by(500) {
        raw.execute(&grants(raw, first, (families - first).min(500)))
            .await?;
    }
    let keys = tokens::hash_keys()?;
    let key = tokens::service_key()?;
    let mut rows = vec![row(&keys, TokenKind::ServiceKey, &key, None)?];
    for number in 0..size {
        let text = tokens::text(number)?;
        rows.push(row(&keys, tokens::kind(number), &text, Some(number))?);
    }
    // In the order of the tree: every page is written once.
    rows.sort_unstable_by_key(|row| row.digest);
    for batch in rows.chunks(BATCH) {
        insert(raw, batch).await?;
    }
    Ok(())
}

pub(crate) fn user(number: u64) -> Uuid {
    tokens::id(&format!("user {number}"))
}

fn grant(family: u64) -> Uuid {
    tokens::id(&format!("grant {family}"))
}

fn literal(raw: &Raw, hex: &str) -> String {
    match raw {
        Raw::Sqlite(_) => format!("x'{hex}'"),
        Raw::Postgres(_) => format!("'{hex}'"),
    }
}

struct Row {
    digest: [u8; 32],
    id: Uuid,
    kind: &'static str,
    user: Option<Uuid>,
    grant: Option<Uuid>,
    hint: String,
}

fn row(keys: &HashKeys, kind: TokenKind, text: &str, number: Option<u64>) -> anyhow::Result<Row> {
    let digest = keys.current().digest(text.as_bytes());
    let family = number.filter(|number| number % 10 >= 10 - tokens::FAMILY);
    Ok(Row {
        digest: *digest.as_bytes(),
        id: tokens::id(&format!("id of {}", digest.to_hex())),
        kind: kind.name(),
        user: number.map(|number| user(number / TOKENS_PER_USER)),
        grant: family.map(|number| grant(number / 10)),
        hint: text
            .get(text.len() - 4..)
            .context("a short token")?
            .to_owned(),
    })
}

/// Everybody's scopes and name are of the usual length.
const SCOPES: &str = "products:read orders:read customers:read tokens:introspect";

const COLUMNS: &str = "INSERT INTO tokens (
    digest, id, kind, user_id, grant_id, client_id, hint, hash_key, name, scopes, created_at
)";

async fn insert(raw: &Raw, rows: &[Row]) -> anyhow::Result<()> {
    let keys = tokens::hash_keys()?;
    let hash_key = keys.current().id().as_str();
    match raw {
        Raw::Sqlite(pool) => insert_sqlite(pool, rows, hash_key).await?,
        Raw::Postgres(pool) => insert_postgres(pool, rows, hash_key).await?,
    }
    Ok(())
}

async fn insert_sqlite(pool: &SqlitePool, rows: &[Row], hash_key: &str) -> sqlx::Result<()> {
    let hex = |id: Option<Uuid>| id.map(|id| id.simple().to_string());
    let client = tokens::id("client");
    let as_json = |row: &Row| {
        json!([
            hex::encode(row.digest),
            hex(Some(row.id)),
            row.kind,
            hex(row.user),
            hex(row.grant),
            hex(row.grant.map(|_| client)),
            row.hint,
        ])
    };
    let rows: Vec<_> = rows.iter().map(as_json).collect();
    let select = "SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, unhex(value ->> 3),
            unhex(value ->> 4), unhex(value ->> 5), value ->> 6, $2, 'deploy key', $3, $4
        FROM json_each($1)";
    sqlx::query(AssertSqlSafe(format!("{COLUMNS} {select}")))
        .bind(json!(rows).to_string())
        .bind(hash_key)
        .bind(SCOPES)
        .bind(tokens::CREATED_AT)
        .execute(pool)
        .await
        .map(drop)
}

async fn insert_postgres(pool: &PgPool, rows: &[Row], hash_key: &str) -> sqlx::Result<()> {
    fn each<'r, T>(rows: &'r [Row], of: impl Fn(&'r Row) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    let client = tokens::id("client");
    let select = "SELECT t.*, $8, 'deploy key', $9, $10
        FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[],
            $7::text[]) AS t";
    sqlx::query(AssertSqlSafe(format!("{COLUMNS} {select}")))
        .bind(each(rows, |row| row.digest.as_slice()))
        .bind(each(rows, |row| row.id))
        .bind(each(rows, |row| row.kind))
        .bind(each(rows, |row| row.user))
        .bind(each(rows, |row| row.grant))
        .bind(each(rows, |row| row.grant.map(|_| client)))
        .bind(each(rows, |row| row.hint.as_str()))
        .bind(hash_key)
        .bind(SCOPES)
        .bind(tokens::CREATED_AT)
        .execute(pool)
        .await
        .map(drop)
}

/// `number` users from `first` on, as one statement both engines understand.
fn users(raw: &Raw, first: u64, number: u64) -> String {
    let rows: Vec<String> = (first..first + number)
        .map(|number| {
            let id = literal(raw, &user(number).simple().to_string());
            format!(
                "({id}, 'owner-{number}@example.com', {})",
                tokens::CREATED_AT
            )
        })
        .collect();
    format!(
        "INSERT INTO users (id, email, created_at) VALUES {}",
        rows.join(", ")
    )
}

fn grants(raw: &Raw, first: u64, number: u64) -> String {
    let client = literal(raw, &tokens::id("client").simple().to_string());
    let rows: Vec<String> = (first..first + number)
        .map(|family| {
            let id = literal(raw, &grant(family).simple().to_string());
            let user = literal(
                raw,
                &user(family * 10 / TOKENS_PER_USER).simple().to_string(),
            );
            format!(
                "({id}, {client}, {user}, '{SCOPES}', {})",
                tokens::CREATED_AT
            )
        })
        .collect();
    format!(
        "INSERT INTO grants (id, client_id, user_id, scopes, created_at) VALUES {}",
        rows.join(", ")
    )
}
