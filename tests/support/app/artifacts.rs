//! What a run leaves behind, to be searched for tokens afterwards: logs, databases, mails, metrics.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokenward::model::{ChecksumRules, Detector, TokenFormat};
use tokenward::telemetry::{LogFormat, logs};
use tracing_subscriber::util::SubscriberInitExt;

static FOLDER: OnceLock<PathBuf> = OnceLock::new();
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The folder of this process. The first call also sends the service's logs there, whole.
pub(crate) fn artifacts() -> &'static Path {
    FOLDER.get_or_init(|| {
        tokenward::mail::install_crypto_provider();
        let folder = match std::env::var_os("TOKENWARD_TEST_ARTIFACTS") {
            Some(folder) => PathBuf::from(folder).join(std::process::id().to_string()),
            None => std::env::temp_dir().join(format!("tokenward-tests-{}", std::process::id())),
        };
        // An earlier process may have had the same number.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("artifacts can be kept");
        let log = folder.join("service.log");
        let format = TokenFormat::new("polar_").unwrap();
        let detector = Detector::new(&format, ChecksumRules::strict()).unwrap();
        let open = move || append(&log);
        let level = "debug,tokenward=trace";
        let subscriber = logs::subscriber(LogFormat::Text, level, false, detector, open).unwrap();
        let _ = subscriber.try_init();
        folder
    })
}

fn append(path: &Path) -> File {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("the log can be written")
}

/// Keeps something.
pub(super) fn keep(kind: &str, content: &[u8]) {
    let name = format!("{kind}-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let _ = fs::write(artifacts().join(name), content);
}

/// A path of its own in the folder.
pub(crate) fn fresh_path(kind: &str) -> PathBuf {
    artifacts().join(format!("{kind}-{}", NUMBER.fetch_add(1, Ordering::Relaxed)))
}
