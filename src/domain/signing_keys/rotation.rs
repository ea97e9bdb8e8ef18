//! Keys come and go: made, published, active, retired, gone.

use std::time::Duration;

use serde_json::json;

use super::super::{Context, audit};
use super::SigningError;
use super::sealed::{self, CryptoError, PrivateKey};
use super::set::{KeySet, REFRESH};
use crate::model::{About, Deed, Id, SigningAlgorithm, SigningKey, Timestamp};
use crate::storage::{Tx, signing_keys as table};

/// How long after the last token has expired its key stays published, for clocks that are behind.
const MARGIN: Duration = Duration::from_secs(3_600);
/// How long a key must have been published before a command may let it sign: longer than anybody
/// may keep the published set, and longer than a replica takes to notice it.
const PUBLISHED: Duration = Duration::from_secs(900);

/// When the next key shall sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// As soon as everybody can know it, so that no verification fails.
    Soon,
    /// At once, and the keys before it are gone: for a key that somebody else may hold.
    Compromised,
}

/// Makes keys for algorithms that have none to sign with. Of two replicas at once, one makes them.
pub(super) async fn make_missing(
    ctx: &Context,
    wanted: &[SigningAlgorithm],
) -> Result<(), SigningError> {
    let now = ctx.clock.now();
    let mut fresh = Vec::new();
    for algorithm in wanted {
        // Before the table is locked: an RSA key takes its time.
        fresh.push(make(ctx, *algorithm, now).await?);
    }
    let mut tx = ctx.db.begin().await?;
    let set = locked(ctx, &mut tx).await?;
    for key in fresh {
        if set.active(key.algorithm, now).is_none() {
            table::insert(&mut tx, &key).await?;
            note(&mut tx, "signing_key.made", &key, now);
            tracing::info!(key.id = key.kid, algorithm = %key.algorithm, "made a signing key");
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Does what time demands: makes the next key when the active one nears its end, encrypts keys
/// under the current hash key, and deletes keys of which no token is valid any more. Tells whether
/// anything changed.
///
/// # Errors
/// See [`SigningError`].
pub async fn tend(ctx: &Context) -> Result<bool, SigningError> {
    let set = super::held(ctx, &SigningAlgorithm::ALL).await?;
    let mut changed = false;
    for algorithm in SigningAlgorithm::ALL {
        changed |= schedule_next(ctx, algorithm).await?;
    }
    let current = ctx.hash_keys.current();
    let outdated = |set: &KeySet| {
        set.keys
            .iter()
            .any(|key| key.private.is_some() && key.stored.hash_key != *current.id())
    };
    let now = ctx.clock.now();
    if !outdated(&set)
        && set
            .keys
            .iter()
            .all(|key| !is_over(ctx, &set, &key.stored, now))
    {
        return Ok(changed);
    }
    let mut tx = ctx.db.begin().await?;
    let set = locked(ctx, &mut tx).await?;
    for key in &set.keys {
        if is_over(ctx, &set, &key.stored, now) {
            table::delete(&mut tx, key.stored.id).await?;
            note(&mut tx, "signing_key.deleted", &key.stored, now);
            tracing::info!(key.id = key.stored.kid, "a retired signing key is gone");
        } else if key.stored.hash_key != *current.id() {
            seal_anew(ctx, &mut tx, &key.stored).await?;
        }
    }
    tx.commit().await?;
    ctx.signing_keys.forget();
    Ok(true)
}

/// Rotates the keys of every algorithm.
///
/// # Errors
/// See [`SigningError`].
pub async fn rotate(ctx: &Context, rotation: Rotation) -> Result<(), SigningError> {
    super::held(ctx, &SigningAlgorithm::ALL).await?;
    let now = ctx.clock.now();
    for algorithm in SigningAlgorithm::ALL {
        let fresh = make(ctx, algorithm, now).await?;
        let mut tx = ctx.db.begin().await?;
        let set = locked(ctx, &mut tx).await?;
        let of_algorithm = || set.keys.iter().map(|key| &key.stored);
        let of_algorithm = || of_algorithm().filter(|key| key.algorithm == algorithm);
        match rotation {
            Rotation::Soon => {
                let next = of_algorithm().find(|key| key.active_from > now);
                let published = next.map_or(now, |key| key.created_at);
                let from = published.plus(PUBLISHED + REFRESH).max(now);
                match next {
                    Some(next) => {
                        table::reschedule(&mut tx, next.id, from).await?;
                        note(&mut tx, "signing_key.rescheduled", next, now);
                    }
                    None => {
                        let next = SigningKey {
                            active_from: from,
                            ..fresh
                        };
                        table::insert(&mut tx, &next).await?;
                        note(&mut tx, "signing_key.made", &next, now);
                    }
                }
            }
            Rotation::Compromised => {
                for key in of_algorithm() {
                    table::delete(&mut tx, key.id).await?;
                    note(&mut tx, "signing_key.deleted", key, now);
                }
                table::insert(&mut tx, &fresh).await?;
                note(&mut tx, "signing_key.made", &fresh, now);
            }
        }
        tx.commit().await?;
    }
    ctx.signing_keys.forget();
    Ok(())
}

/// Publishes the next key in time, if there is none yet.
async fn schedule_next(ctx: &Context, algorithm: SigningAlgorithm) -> Result<bool, SigningError> {
    let policy = &ctx.policy.oauth;
    let now = ctx.clock.now();
    let due = |set: &KeySet| {
        let keys = set.keys.iter().map(|key| &key.stored);
        let newest = keys
            .filter(|key| key.algorithm == algorithm)
            .map(|key| key.active_from)
            .max()?;
        let end = newest.plus(policy.signing_key_rotation);
        (end.minus(policy.signing_key_lead) <= now)
            .then(|| end.max(now.plus(policy.signing_key_lead)))
    };
    let set = super::held(ctx, &[algorithm]).await?;
    if due(&set).is_none() {
        return Ok(false);
    }
    let fresh = make(ctx, algorithm, now).await?;
    let mut tx = ctx.db.begin().await?;
    let set = locked(ctx, &mut tx).await?;
    // Another replica may have been faster.
    if let Some(active_from) = due(&set) {
        let next = SigningKey {
            active_from,
            ..fresh
        };
        table::insert(&mut tx, &next).await?;
        note(&mut tx, "signing_key.made", &next, now);
        tracing::info!(key.id = next.kid, from = %active_from, "the next signing key is published");
    }
    tx.commit().await?;
    ctx.signing_keys.forget();
    Ok(true)
}

fn note(tx: &mut Tx, name: &'static str, key: &SigningKey, now: Timestamp) {
    let detail = json!({ "kid": key.kid, "algorithm": key.algorithm.name() });
    audit::note(tx, now, Deed::new(name, About::default()).with(detail));
}

/// Whether every token that a key signed has expired.
fn is_over(ctx: &Context, set: &KeySet, key: &SigningKey, now: Timestamp) -> bool {
    let successors = set.keys.iter().map(|other| &other.stored);
    let successor = successors
        .filter(|other| other.algorithm == key.algorithm && other.active_from > key.active_from)
        .map(|other| other.active_from)
        .min();
    let last_signed = successor.filter(|from| *from <= now);
    // Until it reads anew, a replica signs with the key that it knows.
    let valid = ctx.policy.oauth.id_token_lifetime + REFRESH + MARGIN;
    last_signed.is_some_and(|last| last.plus(valid) <= now)
}

async fn locked(ctx: &Context, tx: &mut Tx) -> Result<KeySet, SigningError> {
    let stored = table::list_locked(tx).await?;
    Ok(KeySet::open(stored, &ctx.hash_keys, ctx.clock.now()))
}

async fn seal_anew(ctx: &Context, tx: &mut Tx, key: &SigningKey) -> Result<(), SigningError> {
    let mut hash_keys = ctx.hash_keys.iter();
    let Some(old) = hash_keys.find(|hash_key| *hash_key.id() == key.hash_key) else {
        return Ok(());
    };
    let current = ctx.hash_keys.current();
    let pkcs8 = sealed::open(old, &key.kid, key.algorithm, &key.sealed)?;
    let sealed = sealed::seal(current, &key.kid, key.algorithm, &pkcs8)?;
    table::seal_anew(tx, key.id, &sealed, current.id()).await?;
    Ok(())
}

/// A fresh key that signs from now on, not stored yet.
async fn make(
    ctx: &Context,
    algorithm: SigningAlgorithm,
    now: Timestamp,
) -> Result<SigningKey, SigningError> {
    let generating = tokio::task::spawn_blocking(move || sealed::generate(algorithm));
    let pkcs8 = generating.await.map_err(|_| CryptoError)??;
    let kid = sealed::fresh_kid();
    let private = PrivateKey::parse(algorithm, &pkcs8)?;
    let hash_key = ctx.hash_keys.current();
    Ok(SigningKey {
        id: Id::new(now),
        public_jwk: private.public_jwk(&kid).to_string(),
        sealed: sealed::seal(hash_key, &kid, algorithm, &pkcs8)?,
        kid,
        algorithm,
        hash_key: hash_key.id().clone(),
        created_at: now,
        active_from: now,
    })
}
