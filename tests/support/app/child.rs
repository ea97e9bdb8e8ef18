//! The service in a process of its own, so that it can be killed. The process is this test binary,
//! told to run one ignored test.

use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child as Process, ChildStdout, Command};

use super::{TestApp, TestDatabase};

const ERRAND: &str = "TOKENWARD_TEST_ERRAND";
const SERVES: &str = "the child serves at ";
const REFUSES: &str = "the child does not start: ";

/// What a child is to do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Errand {
    /// The database, which must outlive the child.
    pub(crate) database: String,
    /// More configuration, as TOML.
    pub(crate) settings: String,
    /// Whether its jobs run, on the machine's clock.
    pub(crate) with_jobs: bool,
    /// Whether the process ends at once when letters were committed.
    pub(crate) dies_after_commit: bool,
}

impl Errand {
    /// Runs the service on this database.
    pub(crate) fn on(database: &TestDatabase) -> Self {
        Self {
            database: database.url().to_owned(),
            ..Self::default()
        }
    }

    /// The same with more configuration.
    pub(crate) fn settings(mut self, toml: &str) -> Self {
        self.settings.push_str(toml);
        self
    }

    /// What the child does with it: serves until it is killed, or says why it cannot.
    #[expect(
        clippy::print_stdout,
        reason = "a child reports to its parent this way"
    )]
    pub(crate) async fn run() {
        let Ok(errand) = std::env::var(ERRAND) else {
            return;
        };
        let errand: Self = serde_json::from_str(&errand).expect("an errand is JSON");
        let mut builder = TestApp::builder()
            .database(TestDatabase::at(&errand.database))
            .settings(&errand.settings);
        if errand.with_jobs {
            builder = builder.with_jobs();
        }
        if errand.dies_after_commit {
            builder = builder.letters_committed(|| std::process::abort());
        }
        match builder.try_start().await {
            Ok(app) => {
                println!("\n{SERVES}{}", app.url);
                std::future::pending::<()>().await;
            }
            Err(error) => println!("\n{REFUSES}{error:#}"),
        }
    }
}

/// A running child. Dropped, it is killed.
pub(crate) struct Child {
    process: Process,
    _stdout: BufReader<ChildStdout>,
    /// Where it serves.
    pub(crate) url: String,
}

impl Child {
    /// Starts a child that serves, or tells why it does not.
    pub(crate) async fn try_start(errand: &Errand) -> Result<Self, String> {
        let errand = serde_json::to_string(errand).expect("an errand is JSON");
        let mut process = Command::new(std::env::current_exe().expect("this binary has a path"))
            .args(["--exact", "crash::child_that_serves", "--ignored"])
            .args(["--nocapture", "--test-threads=1"])
            .env(ERRAND, errand)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("this binary can be run");
        let mut stdout = BufReader::new(process.stdout.take().expect("its output is ours"));
        let mut line = String::new();
        while stdout.read_line(&mut line).await.expect("output is text") > 0 {
            if let Some((_, url)) = line.split_once(SERVES) {
                let url = url.trim().to_owned();
                return Ok(Self {
                    process,
                    _stdout: stdout,
                    url,
                });
            }
            if let Some((_, why)) = line.split_once(REFUSES) {
                let mut why = why.to_owned();
                let _ = stdout.read_to_string(&mut why).await;
                return Err(why);
            }
            line.clear();
        }
        Err("the child ended without a word".to_owned())
    }

    /// Starts a child that serves.
    pub(crate) async fn start(errand: &Errand) -> Self {
        Self::try_start(errand).await.expect("the child serves")
    }

    /// Kills it (SIGKILL): nothing in it gets to run any more.
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.expect("the child can be killed");
    }

    /// Waits until it ended by itself, and tells whether by a signal.
    pub(crate) async fn ended_by_signal(mut self) -> bool {
        use std::os::unix::process::ExitStatusExt;
        let status = self.process.wait().await.expect("the child ends");
        status.signal().is_some()
    }
}
