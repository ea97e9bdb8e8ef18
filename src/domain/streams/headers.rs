//! The header that goes with what is pushed, encrypted for the database.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use zeroize::Zeroizing;

use super::{LONGEST_SECRET, StreamError};
use crate::domain::Context;
use crate::model::{EventStream, HashKey, Id};
use crate::storage::StorageError;
use crate::storage::streams::{self as table, SealedHeader};

/// What a hash key is derived to.
const PURPOSE: &str = "tokenward event stream header encryption, version 1";
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
    let sealed = encrypt(current, stream, value.as_bytes())
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
    let opened = decrypt(key, stream, &header.sealed).ok()?;
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

fn encrypt(key: &HashKey, stream: Id<EventStream>, value: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key.derive(PURPOSE).as_slice())?;
    let mut text = Zeroizing::new(value.to_vec());
    let nonce = key.seal_in_place_append_tag(row(stream), &mut *text)?;
    Ok([nonce.as_ref(), text.as_slice()].concat())
}

fn decrypt(
    key: &HashKey,
    stream: Id<EventStream>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key.derive(PURPOSE).as_slice())?;
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unspecified)?;
    let mut text = Zeroizing::new(text.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key.open_in_place(nonce, row(stream), &mut text)?;
    Ok(Zeroizing::new(opened.to_vec()))
}

fn row(stream: Id<EventStream>) -> Aad<String> {
    Aad::from(format!("event_streams {stream}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_header_opens_in_its_own_stream_under_its_own_hash_key() {
        let ours = HashKey::parse("super secret jwt secret").unwrap();
        let other = HashKey::parse("another secret altogether").unwrap();
        let here = Id::new(Timestamp::from_millis(1));
        let there = Id::new(Timestamp::from_millis(2));
        let sealed = encrypt(&ours, here, b"Bearer x").unwrap();
        assert_eq!(
            decrypt(&ours, here, &sealed).unwrap().as_slice(),
            b"Bearer x"
        );
        assert!(decrypt(&ours, there, &sealed).is_err());
        assert!(decrypt(&other, here, &sealed).is_err());
        assert!(decrypt(&ours, here, &[]).is_err());
    }
}
