//! A mailbox that is a directory: one `.eml` file per letter, for machines without a mail server.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use time::macros::format_description;
use uuid::Uuid;

use crate::model::{Timestamp, random};

/// Creates the directory, readable by its owner only: letters are personal.
pub(super) fn open(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// Writes one letter, whole or not at all, and durably: the outbox forgets it afterwards.
/// A letter that is there already, by its message id, is left as it is.
pub(super) fn write(
    directory: &Path,
    written_at: Timestamp,
    message_id: &str,
    message: &[u8],
) -> io::Result<()> {
    let path = directory.join(file_name(written_at, message_id));
    if path.try_exists()? {
        return Ok(());
    }
    let part = part_path(directory);
    let written = write_part(&part, message).and_then(|()| std::fs::rename(&part, &path));
    if written.is_err() {
        // The first error is the one to tell; a left-over part is only untidy.
        let _ = std::fs::remove_file(&part);
    }
    written?;
    File::open(directory)?.sync_all()
}

fn write_part(part: &Path, message: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(part)?;
    file.write_all(message)?;
    file.sync_all()
}

/// A name of its own for every attempt, so that two writers of one letter never share a file.
fn part_path(directory: &Path) -> PathBuf {
    directory.join(format!(
        ".{}.part",
        Uuid::from_bytes(random::bytes()).simple()
    ))
}

/// Names sort by time; the message id tells letters of one moment apart.
fn file_name(written_at: Timestamp, message_id: &str) -> String {
    let moment = written_at
        .to_utc()
        .format(format_description!(
            "[year][month][day]T[hour][minute][second].[subsecond digits:3]Z"
        ))
        .unwrap_or_default();
    let id = message_id.trim_matches(['<', '>']);
    let local: String = id
        .split('@')
        .next()
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(64)
        .collect();
    format!("{moment}-{local}.eml")
}
