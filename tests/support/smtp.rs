//! A real SMTP server process that misbehaves on request: `smtp_server.py`, next to this file,
//! says how. It ends with the value that stands for it, also when the test panics or is killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A running server.
pub(crate) struct SmtpServer {
    process: Child,
    folder: TempDir,
    port: u16,
}

/// A message that the server accepted.
pub(crate) struct Received {
    /// As it crossed the wire.
    pub(crate) message: Vec<u8>,
    /// The envelope: `from`, `to`, `tls`, `login`, `connection`.
    pub(crate) envelope: serde_json::Value,
}

impl SmtpServer {
    /// Starts one with further arguments; it is listening when this returns.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new("/usr/bin/python3")
            .arg(support("smtp_server.py"))
            .arg("--messages")
            .arg(folder.path())
            .arg("--fault-file")
            .arg(folder.path().join("fault"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 with aiosmtpd (Debian: python3-aiosmtpd) is installed");
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("listening ");
        let port = port.expect("python3-aiosmtpd is installed").parse();
        Self {
            process,
            folder,
            port: port.unwrap(),
        }
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Breaks it, or mends it with `none`, from now on.
    pub(crate) fn fault(&self, fault: &str) {
        let next = self.folder.path().join("fault.next");
        fs::write(&next, fault).unwrap();
        fs::rename(next, self.folder.path().join("fault")).unwrap();
    }

    /// Waits until it holds somebody at the stage where it hangs or waits.
    pub(crate) async fn until_it_holds(&self) {
        let held = self.folder.path().join("held");
        while !held.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What it accepted so far, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
        paths.sort();
        let read = |path: PathBuf| Received {
            envelope: serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap())
                .unwrap(),
            message: fs::read(path).unwrap(),
        };
        paths.into_iter().map(read).collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The path of a script beside this file.
pub(crate) fn support(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/support")
        .join(name)
}
