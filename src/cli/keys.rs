//! `tokenward keys`: the hash keys that digest tokens.
//!
//! None of these admits hash keys as other commands do: whoever was refused for wrong keys must be
//! able to see which ones, and to accept the loss.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{Output, Shown};
use super::progress::Progress;
use crate::app;
use crate::config::Settings;
use crate::domain::hash_keys::{self, HashKeyStatus};
use crate::model::{Clock, HashKeyId};
use crate::storage::Db;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List every hash key that the database was used with; counts tokens, which takes time
    List,
    /// Put a fresh hash key in front of those in the key file
    Rotate,
    /// Forget a hash key: its tokens are lost
    Forget(Forget),
}

#[derive(Debug, Args)]
pub(super) struct Forget {
    /// The key's id, as `keys list` shows it
    id: String,
    /// Do it, and lose the tokens
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
struct KeyView {
    id: String,
    current: bool,
    configured: bool,
    first_used_at: String,
    tokens: i64,
}

impl From<HashKeyStatus> for KeyView {
    fn from(status: HashKeyStatus) -> Self {
        Self {
            id: status.id.to_string(),
            current: status.current,
            configured: status.configured,
            first_used_at: status.first_used_at.to_string(),
            tokens: status.tokens,
        }
    }
}

impl Shown for KeyView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let yes_or_no = |is: bool| if is { "yes" } else { "no" }.to_owned();
        vec![
            ("id", self.id.clone()),
            ("current", yes_or_no(self.current)),
            ("configured", yes_or_no(self.configured)),
            ("first used", self.first_used_at.clone()),
            ("tokens", self.tokens.to_string()),
        ]
    }
}

#[derive(Serialize)]
struct Rotated {
    current: String,
    file: String,
}

impl Shown for Rotated {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("current", self.current.clone()),
            ("file", self.file.clone()),
        ]
    }
}

#[derive(Serialize)]
struct Forgotten<'a> {
    id: &'a str,
    lost_tokens: i64,
}

pub(super) async fn run(
    command: &Command,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<()> {
    match command {
        Command::List => {
            let keys = list(settings).await?;
            let keys: Vec<KeyView> = keys.into_iter().map(KeyView::from).collect();
            out.list(&keys, "This database was never used with a hash key.")
        }
        Command::Rotate => rotate(settings, out),
        Command::Forget(arguments) => forget(arguments, settings, out).await,
    }
}

/// The database, which must be there and of this version.
async fn existing(settings: &Settings) -> anyhow::Result<Db> {
    let url = &settings.database.url;
    if url.file().is_some_and(|file| !file.exists()) {
        bail!("there is no database at {url} yet");
    }
    let db = app::connect(settings).await?;
    db.schema_state().await?.require_current()?;
    Ok(db)
}

async fn list(settings: &Settings) -> anyhow::Result<Vec<HashKeyStatus>> {
    let configured = app::configured_hash_keys(&settings.tokens)?;
    let db = existing(settings).await?;
    let _progress = Progress::start("counting the tokens under each hash key".to_owned());
    let keys = hash_keys::list(&db, configured.as_ref()).await;
    db.close().await;
    Ok(keys?)
}

fn rotate(settings: &Settings, out: &mut Output) -> anyhow::Result<()> {
    app::rotate_hash_key(&settings.tokens)?;
    let file = settings.tokens.hash_key_file.display().to_string();
    let Some(keys) = app::configured_hash_keys(&settings.tokens)? else {
        bail!("{file} is gone");
    };
    let current = keys.current().id().to_string();
    out.result(
        &Rotated { current, file },
        "Restart the service now, every replica with the same key file, before you make tokens:\n\
         one that still runs knows nothing of tokens under the new key. Keep the older keys; a\n\
         token moves to the new one when it is used, and `tokenward keys list` counts the rest.",
    )
}

async fn forget(arguments: &Forget, settings: &Settings, out: &mut Output) -> anyhow::Result<()> {
    let id = HashKeyId::from_stored(arguments.id.clone());
    let keys = list(settings).await?;
    let Some(key) = keys.iter().find(|key| key.id == id) else {
        bail!("this database was never used with a hash key {id}");
    };
    let lost_tokens = key.tokens;
    if key.configured {
        bail!("hash key {id} is configured here: remove it there first, or it comes back");
    }
    if !arguments.yes {
        bail!(
            "forgetting hash key {id} loses {lost_tokens} of the stored tokens for good; \
             say so with `tokenward keys forget {id} --yes`"
        );
    }
    let db = existing(settings).await?;
    let outcome = hash_keys::forget(&db, &id, Clock::System.now()).await;
    db.close().await;
    outcome?;
    let text =
        format!("hash key {id} is forgotten, and with it {lost_tokens} of the stored tokens");
    let id = id.as_str();
    out.either(&Forgotten { id, lost_tokens }, &text)
}
