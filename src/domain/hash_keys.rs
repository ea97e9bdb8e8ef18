//! Hash keys: refused when they cannot find what is stored, never discovered by users.

use std::collections::HashMap;

use serde_json::json;

use super::{DomainError, audit};
use crate::model::{About, Deed, HashKey, HashKeyId, HashKeys, Timestamp};
use crate::storage::hash_keys::{self, KnownHashKey};
use crate::storage::{Db, StorageError};

/// The configured hash keys would lose tokens.
#[derive(Debug, thiserror::Error)]
pub enum WrongHashKeys {
    /// No configured key was ever used on this database.
    #[error(
        "none of the configured hash keys ({configured}) is one that this database was used with \
         ({known}): every token would be unknown. Restore the right `tokens.hash_keys`"
    )]
    NoneKnown {
        /// The ids of the keys in the configuration.
        configured: String,
        /// The ids of the keys in the database.
        known: String,
    },
    /// A key that is needed is missing.
    #[error(
        "hash key {id} is not configured, but {tokens} of the stored tokens need it: they would be \
         unknown. Put the key back behind the current one, or accept the loss with \
         `tokenward keys forget {id}`"
    )]
    WouldLose {
        /// The missing key.
        id: HashKeyId,
        /// How many tokens need it, dead ones included: what leaked once may be reported again.
        tokens: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Compares the configured keys with those that the database knows, and remembers new ones.
///
/// # Errors
/// See [`WrongHashKeys`].
pub async fn admit(db: &Db, keys: &HashKeys, now: Timestamp) -> Result<(), WrongHashKeys> {
    let before = hash_keys::list(db).await?;
    refuse_strangers(&before, keys)?;
    let complete = before.iter().all(|one| recognised(one, keys));
    // Counting reads every token, so it is done only when something is amiss: a key is missing, or
    // tokens were brought in before any key was used.
    if before.is_empty() || !complete {
        refuse_loss(&hash_keys::count_tokens(db).await?, keys)?;
    }
    let mut tx = db.begin().await?;
    // Two replicas with different keys must not both be the first.
    hash_keys::lock(&mut tx).await?;
    let known = hash_keys::list_locked(&mut tx).await?;
    refuse_strangers(&known, keys)?;
    if known.is_empty() {
        audit::begin(&mut tx, keys).await?;
    }
    for key in keys.iter() {
        if hash_keys::insert(&mut tx, key, now).await? {
            let deed = Deed::new("hash_key.admitted", About::default());
            let id = json!({ "hash_key": key.id().as_str() });
            audit::note(&mut tx, now, deed.with(id));
        }
    }
    tx.commit().await?;
    Ok(())
}

fn recognised(one: &KnownHashKey, keys: &HashKeys) -> bool {
    keys.iter().any(|key| key.made(&one.canary))
}

fn refuse_strangers(known: &[KnownHashKey], keys: &HashKeys) -> Result<(), WrongHashKeys> {
    if known.is_empty() || known.iter().any(|one| recognised(one, keys)) {
        return Ok(());
    }
    Err(WrongHashKeys::NoneKnown {
        configured: joined(keys.iter().map(|key| key.id())),
        known: joined(known.iter().map(|one| &one.id)),
    })
}

fn refuse_loss(stored: &[(HashKeyId, i64)], keys: &HashKeys) -> Result<(), WrongHashKeys> {
    let configured = |id: &HashKeyId| keys.iter().any(|key| key.id() == id);
    match stored.iter().find(|(id, _)| !configured(id)) {
        Some((id, tokens)) => Err(WrongHashKeys::WouldLose {
            id: id.clone(),
            tokens: *tokens,
        }),
        None => Ok(()),
    }
}

fn joined<'a>(ids: impl Iterator<Item = &'a HashKeyId>) -> String {
    ids.map(HashKeyId::as_str).collect::<Vec<_>>().join(", ")
}

/// A hash key and what depends on it.
#[derive(Clone, Debug)]
pub struct HashKeyStatus {
    /// Its public name.
    pub id: HashKeyId,
    /// Whether new tokens are stored under it.
    pub current: bool,
    /// Whether it is configured here.
    pub configured: bool,
    /// Since when it is used.
    pub first_used_at: Timestamp,
    /// How many tokens are stored under it, dead ones included.
    pub tokens: i64,
}

/// Every hash key that this database was used with, compared with those that are configured.
/// Needs no admission: whoever is refused must be able to see why.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    configured: Option<&HashKeys>,
) -> Result<Vec<HashKeyStatus>, DomainError> {
    let stored: HashMap<_, _> = hash_keys::count_tokens(db).await?.into_iter().collect();
    let mut all = Vec::new();
    for known in hash_keys::list(db).await? {
        let tokens = stored.get(&known.id).copied().unwrap_or_default();
        let is_known = |key: &HashKey| *key.id() == known.id;
        all.push(HashKeyStatus {
            current: configured.is_some_and(|keys| is_known(keys.current())),
            configured: configured.is_some_and(|keys| keys.iter().any(is_known)),
            id: known.id,
            first_used_at: known.first_used_at,
            tokens,
        });
    }
    Ok(all)
}

/// Forgets a hash key: its tokens are lost, and starting without it is no longer refused.
///
/// # Errors
/// [`DomainError::NotFound`] when the database does not know it.
pub async fn forget(db: &Db, id: &HashKeyId, now: Timestamp) -> Result<(), DomainError> {
    let mut tx = db.begin().await?;
    if !hash_keys::delete(&mut tx, id).await? {
        return Err(DomainError::NotFound(
            "this database was never used with such a hash key",
        ));
    }
    let deed = Deed::new("hash_key.forgotten", About::default());
    audit::note(&mut tx, now, deed.with(json!({ "hash_key": id.as_str() })));
    tx.commit().await?;
    Ok(())
}
