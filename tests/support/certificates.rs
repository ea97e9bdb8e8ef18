//! A certificate authority of a test's own, made by openssl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// An authority, and a certificate of it for `localhost` and 127.0.0.1.
pub(crate) struct Certificates(TempDir);

impl Certificates {
    /// Makes new ones.
    pub(crate) fn new() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        let folder = made.0.path();
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n";
        fs::write(folder.join("names"), names).unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(
            folder,
            &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"),
        );
        openssl(
            folder,
            &format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
        );
        openssl(
            folder,
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
             -extfile names -out server.pem",
        );
        made
    }

    /// The path of `ca.pem`, `server.pem` or `server.key`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Runs openssl in `folder`.
pub(crate) fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("openssl is installed");
    assert!(done.success(), "openssl {arguments}");
}
