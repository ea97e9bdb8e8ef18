//! The header that goes with what is pushed, encrypted for the database.

use zeroize::Zeroizing;

use super::{LONGEST_SECRET, StreamError};
use crate::domain::Context;
use crate::domain::vault::Vault;
use crate::model::{EventStream, Id};
use crate::storage::StorageError;
use crate::storage::streams::{self as table, SealedHeader};

/// How headers are encrypted.
const HEADERS: Vault = Vault {
    purpose: "tokenward event stream header encryption, version 1",
    table: "event_streams",
};
/// How many streams are looked at together.
const BATCH: i64 = 100;

/// Encrypts a header for its stream. In another one it cannot be opened.
pub(super) fn seal(
    ctx: &Context,
    stream: Id<EventStream>,
    value: String,
) -> Result<SealedHeader, StreamError> {
    let value = Zeroizing::new(value);
    let visible = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if !(1..=LONGEST_SECRET).contains(&value.len()) || !value.bytes().all(visible) {
        return Err(StreamError::Invalid(
            "authorization_header is 1 to 4096 visible ASCII characters",
        ));
    }
    let current = ctx.hash_keys.current();
    let sealed = HEADERS
        .seal(current, stream, value.as_bytes())
        .map_err(|_| StreamError::Invalid("authorization_header cannot be encrypted"))?;
    Ok(SealedHeader {
        sealed,
        hash_key: current.id().clone(),
    })
}

/// Opens what [`seal`] made; `None` without the hash key that it was made with.
pub(super) fn open(
    ctx: &Context,
    stream: Id<EventStream>,
    header: &SealedHeader,
) -> Option<Zeroizing<String>> {
    let mut keys = ctx.hash_keys.iter();
    let key = keys.find(|key| *key.id() == header.hash_key)?;
    let opened = HEADERS.open(key, stream, &header.sealed).ok()?;
    String::from_utf8(opened.to_vec()).ok().map(Zeroizing::new)
}

/// Encrypts what is encrypted under an older hash key under the current one, so that the older one can
/// go.
///
/// # Errors
/// When the database fails.
pub async fn seal_anew(ctx: &Context) -> Result<(), StorageError> {
    let current = ctx.hash_keys.current().id();
    let mut after = None;
    loop {
        let all = table::list_sealed_otherwise(&ctx.db, current, after, BATCH).await?;
        let Some((last, _)) = all.last() else {
            return Ok(());
        };
        after = Some(*last);
        for (stream, before) in &all {
            let opened = open(ctx, *stream, before);
            let Some(anew) = opened.and_then(|value| seal(ctx, *stream, value.to_string()).ok())
            else {
                tracing::error!(stream.id = %stream, "a stream's header cannot be opened");
                continue;
            };
            let mut tx = ctx.db.begin().await?;
            table::seal_anew(&mut tx, *stream, before, &anew).await?;
            tx.commit().await?;
        }
    }
}
