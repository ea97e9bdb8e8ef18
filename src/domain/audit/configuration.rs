//! What is configured otherwise than before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::note;
use crate::domain::Context;
use crate::model::{About, Deed, HashKey, HashKeyId};
use crate::storage::audit_log;
use crate::storage::{StorageError, turns};

/// What the log keeps of a configuration: which keys were changed, and of each value something by
/// which it is known again, and by nobody without the hash key.
#[derive(Debug, Deserialize, Serialize)]
struct Known {
    changed: Vec<String>,
    version: String,
    hash_key: String,
    values: BTreeMap<String, String>,
}

/// Writes down which of these settings, each a key and its value, are other than when they were last
/// written down, if any are. Tells which.
///
/// # Errors
/// When the database fails.
pub async fn note_configuration(
    ctx: &Context,
    settings: &[(&str, &str)],
) -> Result<Vec<String>, StorageError> {
    let mut tx = ctx.db.begin().await?;
    // Of replicas that start together, one writes.
    turns::take(&mut tx, "configuration").await?;
    let before = audit_log::last_configuration(&mut tx).await?;
    let before: Option<Known> = before.and_then(|text| serde_json::from_str(&text).ok());
    let version = env!("CARGO_PKG_VERSION");
    let changed = match &before {
        Some(before) => changed(ctx, before, settings),
        None => settings.iter().map(|(key, _)| (*key).to_owned()).collect(),
    };
    let is_same_version = before.is_some_and(|before| before.version == version);
    if changed.is_empty() && is_same_version {
        return Ok(changed);
    }
    let key = ctx.hash_keys.current();
    let known = Known {
        changed: changed.clone(),
        version: version.to_owned(),
        hash_key: key.id().to_string(),
        values: prints(key, settings),
    };
    let deed = Deed::new("configuration.changed", About::default());
    note(&mut tx, ctx.clock.now(), deed.with(json!(known)));
    tx.commit().await?;
    Ok(changed)
}

fn changed(ctx: &Context, before: &Known, settings: &[(&str, &str)]) -> Vec<String> {
    let id = HashKeyId::from_stored(before.hash_key.clone());
    let key = ctx.hash_keys.iter().find(|key| *key.id() == id);
    // Without the key nothing is known again.
    let now = key.map(|key| prints(key, settings)).unwrap_or_default();
    let keys = settings.iter().map(|(key, _)| (*key).to_owned());
    let gone = before.values.keys();
    let gone = gone.filter(|gone| settings.iter().all(|(key, _)| key != gone));
    keys.filter(|key| now.get(key) != before.values.get(key) || now.is_empty())
        .chain(gone.cloned())
        .collect()
}

fn prints(key: &HashKey, settings: &[(&str, &str)]) -> BTreeMap<String, String> {
    let print = |name: &str, value: &str| {
        let text = format!("that {name} is configured as {value}");
        hex::encode(key.vouch(text.as_bytes()))
            .chars()
            .take(16)
            .collect()
    };
    let settings = settings.iter();
    settings
        .map(|(name, value)| ((*name).to_owned(), print(name, value)))
        .collect()
}
