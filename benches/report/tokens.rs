//! Tokens that follow from their number, so that a million of them need not be remembered.

use anyhow::Context;
use sha2::{Digest, Sha256};
use tokenward::model::token_text::{BODY_LENGTH, checksum};
use tokenward::model::{HashKey, HashKeys, TokenKind};
use uuid::{Builder, Uuid};

use super::database::Raw;

/// Digests every token of the benchmark.
pub(crate) const HASH_KEY: &str = "the hash key of the benchmark's databases";
/// When every token of the benchmark was made.
pub(crate) const CREATED_AT: i64 = 1_750_000_000_000;
/// Tokens of one family: the last of every ten, made from one grant.
pub(crate) const FAMILY: u64 = 2;

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub(crate) fn hash_keys() -> anyhow::Result<HashKeys> {
    Ok(HashKeys::new(HashKey::parse(HASH_KEY)?, Vec::new()))
}

/// Eight in ten are personal; two are the access and the refresh token of one grant.
pub(crate) const fn kind(number: u64) -> TokenKind {
    match number % 10 {
        8 => TokenKind::AccessToken,
        9 => TokenKind::RefreshToken,
        _ => TokenKind::PersonalAccessToken,
    }
}

/// The text of token `number`.
pub(crate) fn text(number: u64) -> anyhow::Result<String> {
    assemble(kind(number), &format!("token {number}"))
}

/// A string with the shape of a token of ours that we never issued.
pub(crate) fn stranger(number: u64) -> anyhow::Result<String> {
    assemble(
        TokenKind::PersonalAccessToken,
        &format!("stranger {number}"),
    )
}

/// The service key that introspects.
pub(crate) fn service_key() -> anyhow::Result<String> {
    assemble(TokenKind::ServiceKey, "service key")
}

/// The `number`-th token that stands alone, for deliveries.
pub(crate) const fn personal(number: u64) -> u64 {
    number / 8 * 10 + number % 8
}

/// An id that follows from its name.
pub(crate) fn id(name: &str) -> Uuid {
    let random = Sha256::digest(name.as_bytes());
    let random = random.first_chunk::<10>().copied().unwrap_or_default();
    Builder::from_unix_timestamp_millis(CREATED_AT.unsigned_abs(), &random).into_uuid()
}

/// What SQL has to say for the id of the `i`th token that is added: ids sort by when they were made.
pub(crate) fn next_id(raw: &Raw) -> String {
    match raw {
        Raw::Sqlite(_) => {
            format!("unhex(printf('%012x70008000%012x', {CREATED_AT} + i, i))")
        }
        Raw::Postgres(_) => format!(
            "(lpad(to_hex({CREATED_AT} + i), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid"
        ),
    }
}

fn assemble(kind: TokenKind, name: &str) -> anyhow::Result<String> {
    let bytes = [format!("{name} a"), format!("{name} b")]
        .map(|name| Sha256::digest(name.as_bytes()))
        .concat();
    let body: String = bytes
        .iter()
        .filter_map(|byte| ALPHANUMERIC.get(usize::from(byte % 62)))
        .map(|byte| char::from(*byte))
        .take(BODY_LENGTH)
        .collect();
    let marker = kind.markers().first().context("a kind without marker")?;
    let digits = checksum(body.as_bytes());
    Ok(format!("polar_{marker}{body}{}", digits.as_str()))
}
