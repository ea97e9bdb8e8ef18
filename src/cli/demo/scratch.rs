//! Where the demo keeps its things: a folder that goes away with it, or one that stays.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::model::random;

/// A folder.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    stays: bool,
}

impl Scratch {
    /// A folder that is removed, with everything in it, when this value goes.
    pub(super) fn passing() -> anyhow::Result<Self> {
        let path =
            std::env::temp_dir().join(format!("tokenward-demo-{}", random::alphanumeric(12)));
        // Not recursive: a folder that is there already is somebody else's.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path, stays: false })
    }

    /// A folder that stays, made when it is missing.
    pub(super) fn kept(path: &Path) -> anyhow::Result<Self> {
        let path = std::path::absolute(path)?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path, stays: true })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A path within, as configuration writes it.
    pub(super) fn text(&self, name: &str) -> anyhow::Result<String> {
        let path = self.path.join(name);
        path.to_str()
            .map(str::to_owned)
            .with_context(|| format!("{} is not UTF-8", path.display()))
    }

    /// Removes the folder now, and says when that failed.
    pub(super) fn clear(mut self) -> io::Result<()> {
        if self.stays {
            return Ok(());
        }
        self.stays = true;
        std::fs::remove_dir_all(&self.path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.stays {
            // Nobody is left to tell.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
