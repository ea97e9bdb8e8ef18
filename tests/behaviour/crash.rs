//! Promise 1, answered means done: a process may be killed at any moment, and nothing is lost.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokenward::jobs::Round;
use tokenward::model::{Clock, random};
use tokenward::origins::GITHUB;

use crate::support::{
    Child, Errand, GitHub, TestApp, TestDatabase, fresh_path, is_postgres, report, report_at,
};

#[tokio::test]
#[ignore = "not a test: other tests run it as a process of its own, to kill it"]
async fn child_that_serves() {
    Errand::run().await;
}

/// Posts a body, signed by GitHub; `None` when no answer came.
async fn post(app: &reqwest::Client, url: &str, github: &GitHub, body: &str) -> Option<Value> {
    let mut request = app
        .post(format!("{url}/v1/integrations/github/secret-scanning"))
        .body(body.to_owned());
    for (name, value) in github.signer.headers(&GITHUB, body.as_bytes()) {
        request = request.header(name, value);
    }
    let answer = request.send().await.ok()?;
    let status = answer.status();
    let text = answer.text().await.ok()?;
    assert_eq!(status, 200, "{text}");
    Some(serde_json::from_str(&text).expect("the answer is JSON"))
}

fn keys_of(github: &GitHub) -> String {
    format!("[origins.github]\nkeys_url = \"{}\"\n", github.keys_url())
}

#[tokio::test]
async fn a_process_that_dies_between_commit_and_answer_has_done_everything() {
    let before = TestApp::start().await;
    let github = Arc::clone(before.origin());
    let http = before.http.clone();
    let ada = before.user("ada@example.com").await;
    let leaked = before.personal_token(&ada, "deploy").await;
    let database = before.stop().await;
    let body = json!([report(&leaked.token)]).to_string();

    let mut errand = Errand::on(&database).settings(&keys_of(&github));
    errand.dies_after_commit = true;
    let child = Child::start(&errand).await;
    let answer = post(&http, &child.url, &github, &body).await;
    assert_eq!(answer, None, "the process was to die before it answers");
    assert!(child.ended_by_signal().await);

    let app = TestApp::builder()
        .database(database)
        .github(github)
        .start()
        .await;
    assert!(!app.is_active(&leaked.token).await);
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);
    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "ada@example.com");

    // GitHub got no answer, so it repeats itself.
    let answer = app.github().post(&body).await;
    assert_eq!(answer.labels(), ["true_positive"]);
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);
    assert_eq!(app.read_mail().await.len(), 1);
}

/// One request of GitHub's in the storm, and whether it was answered.
struct Storming {
    body: String,
    tokens: Vec<String>,
    answered: bool,
}

const ROUNDS: usize = 20;
/// How many requests are new in each round, and how many tokens leak in each of them.
const NEW: usize = 3;
const TOKENS: usize = 2;
/// Where each of these tokens is seen.
const PLACES: [&str; 2] = [
    "https://github.com/acme/app/blob/main/.env",
    "https://gist.github.com/ada/1",
];

impl Storming {
    async fn prepare(app: &TestApp, number: usize) -> Self {
        let owner = app.user(&format!("user{number}@example.com")).await;
        let mut reports = Vec::new();
        let mut tokens = Vec::new();
        for _ in 0..TOKENS {
            let issued = app.personal_token(&owner, "deploy").await;
            reports.extend(PLACES.map(|place| report_at(issued.token.reveal(), place)));
            tokens.push(issued.id.uuid().simple().to_string());
        }
        Self {
            body: json!(reports).to_string(),
            tokens,
            answered: false,
        }
    }

    fn settle(&mut self, answer: &Value) {
        let labels: Vec<&Value> = answer.as_array().unwrap().iter().collect();
        assert_eq!(labels.len(), TOKENS * PLACES.len());
        assert!(labels.iter().all(|one| one["label"] == "true_positive"));
        self.answered = true;
    }
}

/// What the database says of every token: dead, seen at so many places, so many letters.
async fn outcomes(database: &TestDatabase) -> HashMap<String, [String; 3]> {
    let id = match is_postgres() {
        true => "replace(t.id::text, '-', '')",
        false => "lower(hex(t.id))",
    };
    let rows = database
        .rows(&format!(
            "SELECT {id}, CAST(CASE WHEN t.revoked_at IS NULL THEN 0 ELSE 1 END AS BIGINT),
                 (SELECT count(*) FROM exposures AS e WHERE e.token_id = t.id),
                 (SELECT count(*) FROM outbox AS o JOIN exposures AS e ON e.id = o.exposure_id
                  WHERE e.token_id = t.id)
             FROM tokens AS t"
        ))
        .await;
    let outcome = |row: Vec<String>| <[String; 4]>::try_from(row).unwrap();
    rows.into_iter()
        .map(outcome)
        .map(|[id, dead, exposures, letters]| (id, [dead, exposures, letters]))
        .collect()
}

/// What was answered is done, and what was not answered is done wholly or not at all.
async fn check(database: &TestDatabase, deliveries: &[Storming]) {
    let places = PLACES.len().to_string();
    let done = ["1".to_owned(), places.clone(), places];
    let untouched = ["0", "0", "0"].map(str::to_owned);
    let outcomes = outcomes(database).await;
    for delivery in deliveries {
        let of_tokens: Vec<_> = delivery.tokens.iter().map(|id| &outcomes[id]).collect();
        let is = |wanted: &[String; 3]| of_tokens.iter().all(|outcome| *outcome == wanted);
        assert!(
            is(&done) || (!delivery.answered && is(&untouched)),
            "answered: {}, {of_tokens:?}",
            delivery.answered
        );
    }
}

#[tokio::test]
async fn whenever_a_process_is_killed_what_it_answered_is_done_and_nothing_is_done_twice() {
    let before = TestApp::builder().with_jobs().start().await;
    let (github, http) = (Arc::clone(before.origin()), before.http.clone());
    let mut deliveries = Vec::new();
    for number in 0..ROUNDS * NEW {
        deliveries.push(Storming::prepare(&before, number).await);
    }
    let database = before.stop().await;
    let mailbox = fresh_path("mailbox");
    let mail = format!("[mail]\nurl = \"file://{}\"\n", mailbox.display());
    let settings = keys_of(&github) + &mail;
    let errand = Errand {
        with_jobs: true,
        ..Errand::on(&database).settings(&settings)
    };

    let mut cut = 0;
    for round in 1..=ROUNDS {
        let child = Child::start(&errand).await;
        let known = &mut deliveries[..round * NEW];
        // Whatever was not answered comes again, and one that was.
        let repeated = known.iter().position(|delivery| delivery.answered);
        let url = child.url.clone();
        let sent = known
            .iter()
            .enumerate()
            .filter(|(index, delivery)| !delivery.answered || Some(*index) == repeated)
            .map(|(_, delivery)| post(&http, &url, &github, &delivery.body));
        // Any moment will do, from before the first byte to after the last answer.
        let moment = Duration::from_secs_f64(random::fraction() * 0.1);
        let killer = async {
            tokio::time::sleep(moment).await;
            child.kill().await;
        };
        let (answers, ()) = tokio::join!(join_all(sent), killer);
        let sent = known
            .iter_mut()
            .enumerate()
            .filter(|(index, delivery)| !delivery.answered || Some(*index) == repeated);
        for ((_, delivery), answer) in sent.zip(answers) {
            match answer {
                Some(answer) => delivery.settle(&answer),
                None => cut += 1,
            }
        }
        check(&database, &deliveries).await;
    }
    assert!(cut > 0, "no process was killed during a delivery");

    let child = Child::start(&errand).await;
    for delivery in &mut deliveries {
        let answer = post(&http, &child.url, &github, &delivery.body).await;
        delivery.settle(&answer.expect("nobody kills this one"));
    }
    child.kill().await;
    check(&database, &deliveries).await;
    all_letters_left(database, github, &settings, &mailbox).await;
}

/// Letters that a killed process held are handed out again when its claim has ended.
async fn all_letters_left(
    database: TestDatabase,
    github: Arc<GitHub>,
    settings: &str,
    mailbox: &Path,
) {
    let tomorrow = Clock::System.now().plus(Duration::from_secs(86_400));
    let app = TestApp::builder()
        .database(database)
        .github(github)
        .settings(settings)
        .clock(Clock::manual(tomorrow))
        .start()
        .await;
    assert_eq!(app.deliver_mail().await, Round::Done);
    let unsent = "SELECT count(*) FROM outbox WHERE sent_at IS NULL";
    assert_eq!(app.number(unsent).await, 0);
    let written = std::fs::read_dir(mailbox).unwrap();
    let letters: HashSet<String> = written
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .filter_map(|letter| {
            let id = letter.lines().find(|line| line.starts_with("Message-ID: "));
            id.map(str::to_owned)
        })
        .collect();
    assert_eq!(letters.len(), ROUNDS * NEW * TOKENS * PLACES.len());
}
