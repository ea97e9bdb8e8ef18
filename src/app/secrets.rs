//! The key file: hash keys that the service made for itself.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::model::{HashKey, HashKeys, random};

/// Reads the key file: one key a line, the current one first, `#` starts a comment.
///
/// # Errors
/// When the file is there and cannot be used.
pub(super) fn read(path: &Path) -> anyhow::Result<Option<HashKeys>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let mode = fs::metadata(path)
        .map(|file| file.permissions().mode())
        .unwrap_or_default();
    if mode & 0o077 != 0 {
        tracing::warn!(file = %path.display(), "others may read the hash keys: chmod 600 it");
    }
    let lines = text.lines().map(str::trim);
    let keys = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(HashKey::parse)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("a line of {} is no hash key", path.display()))?;
    let mut keys = keys.into_iter();
    match keys.next() {
        Some(current) => Ok(Some(HashKeys::new(current, keys.collect()))),
        None => bail!("{} holds no hash key", path.display()),
    }
}

/// Makes the key file with one fresh key, or reads it when another process was faster.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn make(path: &Path) -> anyhow::Result<HashKeys> {
    let text = format!(
        "# Hash keys of Tokenward, the current one first. Whoever loses them loses every token.\n{}\n",
        fresh_key()
    );
    write_new(path, &text).with_context(|| format!("cannot make {}", path.display()))?;
    tracing::info!(file = %path.display(), "made a hash key; keep a copy in a safe place");
    read(path)?.with_context(|| format!("{} is gone", path.display()))
}

/// Puts a fresh key in front of those in the file. Of two at once, one waits for the other.
///
/// # Errors
/// When the file cannot be read or replaced.
pub(super) fn rotate(path: &Path) -> anyhow::Result<()> {
    let cannot = |what: &str| format!("cannot {what} {}", path.display());
    let folder = File::open(folder_of(path)).with_context(|| cannot("open the folder of"))?;
    folder
        .lock()
        .with_context(|| cannot("lock the folder of"))?;
    let text = fs::read_to_string(path)
        .with_context(|| format!("{}: is the key in the configuration?", cannot("read")))?;
    let is_key = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let (comments, keys): (Vec<_>, Vec<_>) = text.lines().partition(|line| !is_key(line));
    let fresh = fresh_key();
    let lines = comments.into_iter().chain([fresh.as_str()]).chain(keys);
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let beside = write_beside(path, &text).with_context(|| cannot("write beside"))?;
    fs::rename(&beside, path).with_context(|| cannot("replace"))?;
    // Tokens made under the new key must not outlive it when the power goes.
    folder.sync_all().with_context(|| cannot("keep"))
}

fn fresh_key() -> String {
    hex::encode(random::bytes::<32>())
}

/// Writes a file that was not there, whole or not at all. When it appears meanwhile, that one
/// counts: two processes that start at once must end up with one key.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = folder_of(path);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let beside = write_beside(path, text)?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => File::open(folder)?.sync_all(),
    }
}

/// Writes a file of its own beside `path`, down to the disk.
fn write_beside(path: &Path, text: &str) -> std::io::Result<PathBuf> {
    let beside = path.with_extension(format!("{}.new", random::alphanumeric(8)));
    let mut file = private(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(beside)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn private(path: &Path) -> std::io::Result<File> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}
