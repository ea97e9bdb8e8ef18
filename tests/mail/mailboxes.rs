//! Letters that go nowhere far, and configurations that go nowhere at all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tokenward::mail::{Mailer, Options, SendError};

use crate::post::{options, send};

#[tokio::test]
async fn a_file_mailbox_holds_each_letter_once_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("data/mail");
    let mailer = Mailer::new(options(&format!("file://{}", directory.display()))).unwrap();
    let mut connection = mailer.connect().await.unwrap();
    for number in [1, 2, 1] {
        send(&mut connection, number).await.unwrap();
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let mut paths: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let names: Vec<_> = paths
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "20260101T120000.000Z-00000000-0000-0000-0000-000000000001.eml",
            "20260101T120000.000Z-00000000-0000-0000-0000-000000000002.eml",
        ]
    );
    for path in &paths {
        assert_eq!(mode(path), 0o600);
        assert!(fs::read_to_string(path).unwrap().ends_with("--\r\n"));
    }
}

#[tokio::test]
async fn a_mailbox_that_cannot_be_written_is_not_the_letters_fault() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("mail");
    let mailer = Mailer::new(options(&format!("file://{}", directory.display()))).unwrap();
    let mut connection = mailer.connect().await.unwrap();
    fs::remove_dir(&directory).unwrap();
    let error = send(&mut connection, 1).await.unwrap_err();
    assert!(
        matches!(
            error,
            SendError::Connection {
                letter_begun: false,
                ..
            }
        ),
        "{error:?}"
    );
    fs::create_dir(&directory).unwrap();
    send(&mut connection, 1).await.unwrap();
}

#[tokio::test]
async fn a_mailbox_in_memory_is_shared_with_its_reader() {
    let mailer = Mailer::new(options("memory:")).unwrap();
    let mailbox = mailer.memory().unwrap();
    send(&mut mailer.connect().await.unwrap(), 1).await.unwrap();
    send(&mut mailer.clone().connect().await.unwrap(), 2)
        .await
        .unwrap();
    assert_eq!(mailbox.messages().len(), 2);
}

#[test]
fn what_cannot_work_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "not a certificate").unwrap();
    let error = |options: Options| Mailer::new(options).err().unwrap().to_string();

    let inside_a_file = format!("file://{}/mail", file.display());
    assert!(error(options(&inside_a_file)).contains("cannot be created"));
    for ca_file in [file, folder.path().join("missing")] {
        let mut options = options("smtps://mail.example");
        options.tls_ca_file = Some(ca_file);
        assert!(error(options).contains("certificates in"));
    }
    let mut options = options("smtp://localhost");
    options.helo = Some("a b\r\nMAIL".to_owned());
    assert!(error(options).contains("EHLO"));
}
