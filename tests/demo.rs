//! The commands that let somebody try Tokenward, through the real binary.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokenward::app::{Application, Seams};
use tokenward::config::Settings;
use tokenward::domain::tokens::{self, NewTokenRequest};
use tokenward::domain::{Context, users};
use tokenward::model::{Detector, PlainToken, TokenKind};
use tokenward::origins::{Fetched, KeyFetcher, KeySet, http_client};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The binary, in a folder of its own and without anybody's proxy or configuration.
fn tokenward(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tokenward"));
    command.current_dir(folder).stdin(Stdio::null()).env_clear();
    command
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

fn detector() -> Detector {
    let settings = Settings::from_overlay("").unwrap();
    settings.tokens.detector().unwrap()
}

fn is_empty(folder: &Path) -> bool {
    folder.read_dir().unwrap().next().is_none()
}

/// A folder to be in and a folder for passing things.
struct Folders {
    here: TempDir,
    passing: TempDir,
}

impl Folders {
    fn new() -> Self {
        Self {
            here: tempfile::tempdir().unwrap(),
            passing: tempfile::tempdir().unwrap(),
        }
    }

    fn demo(&self, arguments: &[&str]) -> Output {
        tokenward(self.here.path())
            .arg("demo")
            .args(arguments)
            .env("TMPDIR", self.passing.path())
            .output()
            .unwrap()
    }
}

#[test]
fn the_demo_tells_the_whole_story_and_leaves_nothing_behind() {
    let folders = Folders::new();
    let Output {
        status,
        stdout,
        stderr,
    } = folders.demo(&[]);
    let (stdout, stderr) = (text(&stdout), text(&stderr));
    assert!(status.success(), "{stdout}{stderr}");
    assert_eq!(stderr, "");

    // Before and after: three tokens live, then the same three are dead, one of them unreported.
    let after = stdout.split("\n4  ").nth(1).unwrap();
    let before = stdout.split("\n3  ").next().unwrap();
    assert_eq!(before.matches(" active").count(), 3, "{stdout}");
    assert_eq!(after.matches(" inactive").count(), 3, "{stdout}");
    let labels: Vec<_> = stdout
        .split_whitespace()
        .filter(|word| word.ends_with("_positive"))
        .collect();
    let genuine = "true_positive";
    assert_eq!(labels, [genuine, genuine, genuine, "false_positive"]);
    assert!(stdout.contains("Subject: Your personal access token “deploy” was found"));
    assert!(stdout.contains("tokenward serve") && stdout.contains("tokenward alert stand-in"));

    // One screen, plain where nobody looks at a terminal.
    assert!(stdout.lines().count() <= 50, "{stdout}");
    let longest = stdout.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{longest:?}");
    assert!(!stdout.contains('\u{1b}'));

    assert!(!detector().finds_secret(&format!("{stdout}{stderr}")));
    assert!(is_empty(folders.here.path()) && is_empty(folders.passing.path()));
}

#[test]
fn a_proxy_in_the_environment_does_not_come_between_this_machine_and_itself() {
    let folders = Folders::new();
    let output = tokenward(folders.here.path())
        .args(["demo", "--json"])
        .envs([
            ("HTTP_PROXY", "http://127.0.0.1:1"),
            ("http_proxy", "http://127.0.0.1:1"),
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_demo_for_scripts_is_one_object() {
    let folders = Folders::new();
    let output = folders.demo(&["--json"]);
    assert!(output.status.success(), "{output:?}");
    let story: Value = serde_json::from_slice(&output.stdout).unwrap();
    for token in story["tokens"].as_array().unwrap() {
        assert_eq!(
            (token["before"].as_str(), token["after"].as_str()),
            (Some("active"), Some("inactive"))
        );
    }
    assert_eq!(story["reports"].as_array().unwrap().len(), 4);
    assert_eq!(story["letter"]["to"], "ada@example.com");
    assert!(story["milliseconds_to_death"].as_f64().unwrap() > 0.0);
    assert!(!detector().finds_secret(text(&output.stdout)));
}

#[test]
fn what_a_demo_keeps_can_be_played_on_again() {
    let folders = Folders::new();
    for _ in 0..2 {
        let output = folders.demo(&["--keep", "kept"]);
        assert!(output.status.success(), "{output:?}");
    }
    let kept = folders.here.path().join("kept");
    let mode = kept.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    // The story asks about dead tokens at its end; letters about that may leave in time or not.
    let letters = kept.join("mail").read_dir().unwrap();
    let texts = letters.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let of_leaks = texts.filter(|text| !text.contains("Somebody tried"));
    assert_eq!(of_leaks.count(), 6);
}

#[test]
fn the_demo_does_not_play_on_a_database_with_real_tokens() {
    let folders = Folders::new();
    assert!(folders.demo(&["--keep", "real"]).status.success());
    let letters = || {
        folders
            .here
            .path()
            .join("real/mail")
            .read_dir()
            .unwrap()
            .count()
    };
    let before = letters();
    let output = folders.demo(&["--database", "sqlite://real/tokenward.db"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("step 1, starting the service"), "{stderr}");
    assert_eq!(letters(), before);
    assert!(is_empty(folders.passing.path()));
}

/// `tokenward alert stand-in`, until it is told to end.
struct StandIn {
    process: Child,
    keys_url: String,
}

impl StandIn {
    fn start(folder: &Path, key: &str) -> Self {
        let arguments = [
            "alert",
            "stand-in",
            "--listen",
            "127.0.0.1:0",
            "--json",
            "--key",
            key,
        ];
        let mut process = tokenward(folder)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        Self {
            process,
            keys_url: told["keys_url"].as_str().unwrap().to_owned(),
        }
    }

    /// As a service manager ends it.
    fn end(mut self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        assert_eq!(self.process.wait().unwrap().code(), Some(0));
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A scanner of our own, but for where its keys are.
const NIGHT_WATCH: &str = "[origins.in_house.night-watch]\nkey_id_header = 'X-Watch-Key'\n\
     signature_header = 'X-Watch-Signature'\ntoken_member = 'secret'\n";

/// The secret of a GitLab of our own.
const SECRET: &str = "a-secret-of-forty-characters-0123456789-";

/// A service that believes a stand-in, with one live token.
struct Service {
    url: String,
    token: PlainToken,
    stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Service {
    async fn start(folder: &Path, stand_in: &StandIn) -> Self {
        let data = folder.display();
        let settings = Settings::from_overlay(&format!(
            "[server]\nlisten = '127.0.0.1:0'\nworkers = 1\n\
             [database]\nurl = 'sqlite://{data}/t.db'\n\
             [tokens]\nhash_key_file = '{data}/hash_keys'\n\
             [mail]\nurl = 'memory:'\n\
             [origins.github]\nkeys_url = '{0}'\n\
             [origins.gitlab]\nenabled = true\nkeys_url = '{0}'\n\
             [origins.gitlab_revocation]\ntoken = ['{2}']\n\
             [origins.depsdev]\nenabled = true\nkeys_url = '{0}'\n{1}keys_url = '{0}'\n",
            stand_in.keys_url, NIGHT_WATCH, SECRET
        ))
        .unwrap();
        let service = Application::build(&settings, Seams::default())
            .await
            .unwrap();
        let token = personal_token(&service.ctx).await;
        let url = format!("http://{}", service.address());
        let stop = CancellationToken::new();
        Self {
            url,
            token,
            running: tokio::spawn(service.run(stop.clone())),
            stop,
        }
    }

    async fn send(&self, folder: &Path, input: &str, arguments: &[&str]) -> Output {
        let mut sending = tokenward(folder)
            .args(["alert", "send", "--to", &self.url])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = sending.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let waiting = tokio::task::spawn_blocking(|| sending.wait_with_output());
        waiting.await.unwrap().unwrap()
    }

    async fn end(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
    }
}

async fn personal_token(ctx: &Context) -> PlainToken {
    let user = users::create(ctx, "ada@example.com".parse().unwrap());
    let request = NewTokenRequest {
        user: Some(user.await.unwrap().id),
        ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
    };
    tokens::create(ctx, request).await.unwrap().token
}

#[tokio::test(flavor = "multi_thread")]
async fn what_alert_send_signs_is_believed_and_answered() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let stand_in = StandIn::start(here, "github.pem");
    let mode = here
        .join("github.pem")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let service = Service::start(here, &stand_in).await;
    let token = service.token.reveal();

    let lines = format!("{token}\nacme_live_0123456789\n");
    let output = service.send(here, &lines, &["--key", "github.pem"]).await;
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(stdout.starts_with("200 OK in ") && stdout.contains(", 2 reports\n1  true_positive "));
    assert!(stdout.contains("\n2  false_positive  unknown "), "{stdout}");
    assert!(!stdout.contains(token));

    let json = format!(r#" [{{"token":"{token}","type":"T","url":"u","source":"commit"}}]"#);
    let output = service
        .send(here, &json, &["--key", "github.pem", "--json"])
        .await;
    let entry: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        (&entry["label"], &entry["token_type"]),
        (&"true_positive".into(), &"T".into())
    );

    service.end().await;
    stand_in.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn alert_send_plays_every_origin() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let stand_in = StandIn::start(here, "key.pem");
    let service = Service::start(here, &stand_in).await;
    std::fs::write(
        here.join("scanners.toml"),
        format!("{NIGHT_WATCH}keys_url = '{}'\n", stand_in.keys_url),
    )
    .unwrap();
    let lines = service.token.reveal();
    for (origin, said) in [
        ("github", ", 1 report\n1  true_positive "),
        ("gitlab", ", without verdicts\n"),
        ("depsdev", ", without verdicts\n"),
        ("night-watch", ", 1 report\n1  true_positive "),
    ] {
        let arguments = [
            "--key",
            "key.pem",
            "--origin",
            origin,
            "--config",
            "scanners.toml",
        ];
        let output = service.send(here, lines, &arguments).await;
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{origin}: {output:?}");
        assert!(stdout.contains(said), "{origin}: {stdout}");
    }
    let unknown = ["--key", "key.pem", "--origin", "nobody"];
    let output = service.send(here, lines, &unknown).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("there is no origin `nobody`; it is one of github, "),
        "{output:?}"
    );
    service.end().await;
    stand_in.end();
}

/// A GitLab of one's own, and whoever has a token.
#[tokio::test(flavor = "multi_thread")]
async fn alert_send_plays_those_who_sign_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let stand_in = StandIn::start(here, "key.pem");
    let service = Service::start(here, &stand_in).await;
    std::fs::write(here.join("secret"), format!("{SECRET}\n")).unwrap();
    let gitlab = ["--origin", "gitlab_revocation", "--secret-file", "secret"];
    let possession = ["--origin", "possession"];
    let bad = ["--misbehave", "bad-signature"];
    let (replay, flood) = (["--misbehave", "replay"], ["--misbehave", "flood"]);
    let lines = service.token.reveal();
    for (who, more, code, said) in [
        (&gitlab[..], &[][..], 0, "204 No Content in "),
        // Of a type that was not agreed upon, it is refused, and dead all the same.
        (&gitlab, &["--type", "unheard-of"], 1, "400 Bad Request"),
        (&gitlab, &bad, 0, "401 Unauthorized: invalid_secret: "),
        (&gitlab, &replay, 0, "204 No Content in "),
        (&gitlab, &flood, 0, "204 No Content in "),
        (&possession, &[], 0, "202 Accepted in "),
        (&possession, &replay, 0, "202 Accepted in "),
        (&possession, &flood, 0, "413 Payload Too Large"),
        (&possession, &bad, 1, "proves nothing"),
        (&gitlab[..2], &[], 1, "--secret-file is missing"),
    ] {
        let output = service.send(here, lines, &[who, more].concat()).await;
        let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{who:?} {more:?}: {all}");
        assert!(all.contains(said), "{who:?} {more:?}: {all}");
        assert!(!all.contains(lines) && !all.contains(SECRET));
    }
    service.end().await;
    stand_in.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn alert_send_misbehaves_on_request_and_tells_how_that_was_met() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let stand_in = StandIn::start(here, "key.pem");
    let service = Service::start(here, &stand_in).await;
    let scanner = format!("{NIGHT_WATCH}keys_url = '{}'\n", stand_in.keys_url);
    std::fs::write(here.join("scanners.toml"), scanner).unwrap();
    for origin in ["github", "gitlab", "depsdev", "night-watch"] {
        for (how, said) in [
            ("bad-signature", "403 Forbidden: invalid_signature: "),
            ("unknown-key", "403 Forbidden: unknown_key: "),
            ("replay", "20"),
            ("flood", "20"),
        ] {
            let arguments = ["--key", "key.pem", "--origin", origin, "--misbehave", how];
            let arguments = [&arguments[..], &["--config", "scanners.toml"]].concat();
            let output = service.send(here, "no token of ours", &arguments).await;
            assert_eq!(output.status.code(), Some(0), "{origin}, {how}: {output:?}");
            assert!(text(&output.stdout).starts_with(said), "{origin}, {how}");
        }
    }
    // A service that knows no such origin does not meet it as it should.
    let elsewhere = format!("{}/nothing", service.url);
    let arguments = [
        "--key",
        "key.pem",
        "--misbehave",
        "replay",
        "--to",
        &elsewhere,
    ];
    let output = tokenward(here)
        .args(["alert", "send"])
        .args(arguments)
        .stdin(std::fs::File::open(here.join("scanners.toml")).unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    service.end().await;
    stand_in.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_delivery_is_sent_again_without_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let stand_in = StandIn::start(here, "key.pem");
    let service = Service::start(here, &stand_in).await;
    let arguments = ["--key", "key.pem", "--capture", "sent", "--json"];
    let first = service.send(here, "no token of ours", &arguments).await;
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let mode = here.join("sent").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_file(here.join("key.pem")).unwrap();
    let again = service
        .send(here, "", &["--replay", "sent", "--json"])
        .await;
    assert_eq!((again.status.code(), again.stdout), (Some(0), first.stdout));
    // Whom it was sent as goes with it.
    std::fs::write(here.join("secret"), SECRET).unwrap();
    let gitlab = ["--origin", "gitlab_revocation", "--secret-file", "secret"];
    let arguments = [&gitlab[..], &["--capture", "gitlab"]].concat();
    let first = service.send(here, "no token of ours", &arguments).await;
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let again = service.send(here, "", &["--replay", "gitlab"]).await;
    assert!(
        text(&again.stdout).starts_with("204 No Content in "),
        "{again:?}"
    );
    std::fs::write(here.join("sent"), "nothing of the kind").unwrap();
    let wrong = service.send(here, "", &["--replay", "sent"]).await;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong.stderr).contains("is no captured delivery"));
    service.end().await;
    stand_in.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_key_signs_is_refused_with_the_services_own_words() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let stand_in = StandIn::start(here, "github.pem");
    let service = Service::start(here, &stand_in).await;
    let stranger = StandIn::start(here, "stranger.pem");
    let address = stand_in.keys_url.parse().unwrap();
    let keys = KeyFetcher::new(http_client(&address).unwrap(), address, None).unwrap();
    let Ok(Fetched::Keys { keys: known, .. }) = keys.fetch(&KeySet::default()).await else {
        panic!("the stand-in lists no keys");
    };
    let again = keys.fetch(&known).await;
    assert!(matches!(again, Ok(Fetched::NotModified)), "{again:?}");
    let key_id = known.keys().next().unwrap().id.as_str().to_owned();

    let borrowed = ["--key", "stranger.pem", "--key-id", &key_id];
    for (arguments, code) in [
        (&borrowed[..2], "unknown_key"),
        (&borrowed, "invalid_signature"),
    ] {
        let output = service.send(here, service.token.reveal(), arguments).await;
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr.contains(&format!("403 Forbidden: {code}: ")),
            "{stderr}"
        );
        assert_eq!(text(&output.stdout), "");
    }
    service.end().await;
    stranger.end();
    stand_in.end();
}

#[test]
fn a_stand_in_is_for_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let output = tokenward(folder.path())
        .args([
            "alert",
            "stand-in",
            "--key",
            "k.pem",
            "--listen",
            "0.0.0.0:0",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(is_empty(folder.path()), "no key is made for nothing");
}
