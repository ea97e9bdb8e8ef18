//! Deliveries as large as GitHub may make them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokenward::model::{PlainToken, TokenKind};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::{Cast, TestApp};

const REPORTS: usize = 10_000;

/// A report with what its answer must say.
struct Expected {
    report: Value,
    text: String,
    genuine: bool,
}

fn place(number: usize) -> String {
    format!("https://github.com/acme/app/blob/main/file-{number}")
}

/// The report in place `number`, of which `token` is the one of ours that it may use.
fn one(app: &TestApp, number: usize, token: &PlainToken, earlier: &PlainToken) -> Expected {
    let never_issued = app.never_issued();
    let (text, genuine) = match number % 10 {
        0 | 7 | 8 => (token.reveal().to_owned(), true),
        1 => (format!("other_vendor_{number}"), false),
        2 => (format!("{number}-{{\"}}\\ \n%00"), false),
        3 | 4 => (earlier.reveal().to_owned(), true),
        5 if number % 20 == 5 => (format!("schlüssel {number} 🔑"), false),
        5 => (format!("schlüssel={}🔑", token.reveal()), true),
        6 => ("polar_pat_".to_owned(), false),
        _ => (never_issued.reveal().to_owned(), false),
    };
    let kind = format!("type_{number}");
    let mut report =
        json!({ "token": text, "type": kind, "url": place(number), "source": "commit" });
    let members = report.as_object_mut().unwrap();
    match number % 10 {
        // The same place again and again.
        3 => drop(members.insert("url".to_owned(), json!(place(0)))),
        7 => {
            members.remove("source");
            members.insert("more".to_owned(), json!({ "than": ["we", "know", number] }));
        }
        8 => drop(members.remove("url")),
        _ => {}
    }
    Expected {
        report,
        text,
        genuine,
    }
}

/// Ten thousand of everything, and a megabyte where a token should be, twice.
async fn everything(app: &TestApp, cast: &Cast) -> Vec<Expected> {
    let kinds = TokenKind::ALL.into_iter().cycle().take(REPORTS);
    let tokens = app.tokens_of(kinds, cast).await;
    let mut all: Vec<Expected> = tokens
        .iter()
        .enumerate()
        .map(|(number, token)| one(app, number, token, &tokens[number / 100 * 10]))
        .collect();
    for (number, text) in [
        (11, "a".repeat(1 << 20)),
        (12, "polar_pat_".repeat(104_858)),
    ] {
        all[number].report["token"] = json!(text);
        all[number].text = text;
    }
    all
}

#[tokio::test]
async fn ten_thousand_reports_are_answered_in_order_and_everything_of_ours_is_dead() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let all = everything(&app, &cast).await;
    let reports: Vec<_> = all.iter().map(|one| one.report.clone()).collect();

    let github = app.github();
    let answer = tokio::time::timeout(Duration::from_secs(60), github.report(&reports))
        .await
        .expect("the answer comes within a minute");

    let expected: Vec<_> = all
        .iter()
        .map(|one| {
            let label = if one.genuine {
                "true_positive"
            } else {
                "false_positive"
            };
            let hash = hex::encode(Sha256::digest(one.text.as_bytes()));
            json!({ "token_hash": hash, "token_type": one.report["type"], "label": label })
        })
        .collect();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answers = answer.json();
    assert_eq!(answers.as_array().map(Vec::len), Some(REPORTS));
    for (number, (answer, expected)) in answers
        .as_array()
        .unwrap()
        .iter()
        .zip(&expected)
        .enumerate()
    {
        assert_eq!(answer, expected, "report {number}");
    }
    assert_all_dead(&app, &all).await;
}

/// Every token that was reported is dead, and every place is written down once for each.
async fn assert_all_dead(app: &TestApp, all: &[Expected]) {
    let mut genuine: Vec<_> = all.iter().filter(|one| one.genuine).collect();
    genuine.sort_by_key(|one| (one.text.clone(), one.report["url"].to_string()));
    genuine.dedup_by_key(|one| (one.text.clone(), one.report["url"].to_string()));
    let mut texts: Vec<_> = genuine.iter().map(|one| one.text.as_str()).collect();
    texts.dedup();
    let exposed = "SELECT count(*) FROM tokens WHERE revoked_reason = 'exposed'";
    let exposures = app.number("SELECT count(*) FROM exposures").await;
    assert_eq!(
        app.number(exposed).await,
        i64::try_from(texts.len()).unwrap()
    );
    assert_eq!(exposures, i64::try_from(genuine.len()).unwrap());
    let untold = "SELECT count(*) FROM exposures WHERE id NOT IN (SELECT exposure_id FROM outbox)";
    assert_eq!(app.number(untold).await, 0);

    let key = app.service_key("tokens:introspect").await;
    for text in texts.iter().step_by(97) {
        assert_eq!(
            app.introspect(&key.token, text).await,
            json!({ "active": false })
        );
    }
}

static STATEMENTS: AtomicUsize = AtomicUsize::new(0);

/// Counts what the engines are told.
struct CountStatements;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for CountStatements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            STATEMENTS.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Set where a process is there to count, so that nobody else's statements are counted.
const CHILD: &str = "TOKENWARD_TEST_COUNTS_STATEMENTS";

#[test]
fn the_number_of_statements_does_not_depend_on_the_number_of_reports() {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "volume::child_counts_statements", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let complained = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}\n{complained}");
    assert!(said.contains("1 passed"), "{said}\n{complained}");
}

/// How many statements a delivery takes.
async fn statements(app: &TestApp, texts: &[String], label: &str) -> usize {
    let reports: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| json!({ "token": text, "type": "any", "url": place(number) }))
        .collect();
    let before = counted().await;
    let answer = app.github().report(&reports).await;
    let after = counted().await;
    assert!(
        answer.labels().iter().all(|found| found == label),
        "{}",
        answer.text
    );
    after - before
}

/// How many statements there were. SQLite's threads tell of a statement a little after its answer,
/// and announce nothing else, so the number counts once it has stood still for a while.
async fn counted() -> usize {
    let mut number = STATEMENTS.load(Ordering::SeqCst);
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let later = STATEMENTS.load(Ordering::SeqCst);
        if later == number {
            return number;
        }
        number = later;
    }
}

/// Fresh tokens of ours.
async fn ours(app: &TestApp, cast: &Cast, kinds: &[TokenKind], count: usize) -> Vec<String> {
    let kinds = kinds.iter().copied().cycle().take(count);
    let tokens = app.tokens_of(kinds, cast).await;
    tokens
        .iter()
        .map(|token| token.reveal().to_owned())
        .collect()
}

#[tokio::test]
async fn child_counts_statements() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    tracing_subscriber::registry()
        .with(CountStatements)
        .try_init()
        .unwrap();
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    app.keys_were_fetched().await;
    assert_ne!(counted().await, 0, "nothing is counted");

    let foreign: Vec<_> = (0..1_000).map(|number| format!("other_{number}")).collect();
    assert_eq!(statements(&app, &foreign, "false_positive").await, 0);
    for count in [1, 10, 1_000] {
        let like_ours: Vec<_> = (0..count)
            .map(|_| app.never_issued().reveal().to_owned())
            .collect();
        assert_eq!(
            statements(&app, &like_ours, "false_positive").await,
            1,
            "{count}"
        );
    }
    let mut personal = Vec::new();
    for count in [1, 10, 1_000] {
        let texts = ours(&app, &cast, &[TokenKind::PersonalAccessToken], count).await;
        personal.push(statements(&app, &texts, "true_positive").await);
    }
    assert_eq!(personal, [personal[0]; 3]);
    let mut mixed = Vec::new();
    for count in [10, 100, 1_000] {
        let texts = ours(&app, &cast, &TokenKind::ALL, count).await;
        mixed.push(statements(&app, &texts, "true_positive").await);
    }
    assert_eq!(mixed, [mixed[0]; 3]);
    assert!(
        personal[0] <= 13 && mixed[0] <= 19,
        "{personal:?} {mixed:?}"
    );
}
