//! A service whose letters go to a real SMTP server.

use std::collections::HashMap;
use std::time::Duration;

use tokenward::jobs::Round;
use tokenward::storage::outbox;

use crate::smtp::SmtpServer;
use crate::support::{Builder, Mail, TestApp, report, report_at};

/// Longer than a letter's first pauses, shorter than a claim.
pub(crate) const LATER: Duration = Duration::from_secs(60);

/// A service and its mail server.
pub(crate) struct Post {
    pub(crate) app: TestApp,
    pub(crate) server: SmtpServer,
}

/// A letter's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) recipient: String,
    pub(crate) attempts: i64,
    pub(crate) due_at: i64,
    pub(crate) sent_at: Option<i64>,
    pub(crate) dead_at: Option<i64>,
    pub(crate) last_error: String,
}

/// A service that sends to `server` and waits a second for its answers.
pub(crate) fn sending_to(server: &SmtpServer) -> Builder {
    let url = format!("smtp://127.0.0.1:{}", server.port());
    sending_by(&url, "1s")
}

/// A service that sends by this URL and waits so long for answers.
pub(crate) fn sending_by(url: &str, patience: &str) -> Builder {
    TestApp::builder().settings(&format!(
        "[mail]\nurl = \"{url}\"\nsend_timeout = \"{patience}\""
    ))
}

impl Post {
    /// A service with a mail server that is well.
    pub(crate) async fn start() -> Self {
        let server = SmtpServer::start(&[]);
        let app = sending_to(&server).start().await;
        Self { app, server }
    }

    /// A service that waits for answers longer than any test.
    pub(crate) async fn patient() -> Self {
        let server = SmtpServer::start(&[]);
        let url = format!("smtp://127.0.0.1:{}", server.port());
        let app = sending_by(&url, "10m").start().await;
        Self { app, server }
    }

    /// Leaks a token of each of these people, which puts a letter to each into the outbox.
    pub(crate) async fn leak(&self, emails: &[&str]) {
        leak(&self.app, emails).await;
    }

    /// Leaks one token of one person at many places, which is as many letters.
    pub(crate) async fn leak_everywhere(&self, email: &str, places: usize) {
        let user = self.app.user(email).await;
        let token = self.app.personal_token(&user, "deploy").await.token;
        let reports: Vec<_> = (0..places)
            .map(|place| report_at(token.reveal(), &format!("https://github.com/a/b/{place}")))
            .collect();
        let answer = self.app.github().report(&reports).await;
        assert_eq!(answer.labels().len(), places);
    }

    /// Mends the server and delivers what is due a while later.
    pub(crate) async fn mend_and_deliver(&self) {
        self.server.fault("none");
        self.app.clock.advance(LATER);
        assert_eq!(self.app.deliver_mail().await, Round::Done);
    }

    /// The letters in the outbox by recipient.
    pub(crate) async fn letters(&self) -> Vec<Row> {
        letters(&self.app).await
    }

    /// The only letter in the outbox.
    pub(crate) async fn letter(&self) -> Row {
        let mut letters = self.letters().await;
        assert_eq!(letters.len(), 1);
        letters.remove(0)
    }

    /// The letter to one person.
    pub(crate) async fn letter_to(&self, email: &str) -> Row {
        let letters = self.letters().await;
        let mut found = letters.into_iter().filter(|row| row.recipient == email);
        found.next().expect("there is a letter to them")
    }

    /// What arrived, as its readers get it.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let received = self.server.received();
        let read = received
            .iter()
            .map(|received| Mail::parse(&received.message));
        read.collect()
    }

    /// Everybody who got a mail, sorted: a name that is there twice got two.
    pub(crate) fn readers(&self) -> Vec<String> {
        let mut readers: Vec<_> = self.mails().into_iter().map(|mail| mail.to).collect();
        readers.sort();
        readers
    }

    /// How often each message arrived.
    pub(crate) fn copies(&self) -> HashMap<String, usize> {
        let mut copies = HashMap::new();
        for mail in self.mails() {
            *copies.entry(mail.message_id).or_default() += 1;
        }
        copies
    }

    /// Brings back what is dead, as an operator would.
    pub(crate) async fn requeue(&self) -> usize {
        let mut tx = self.app.ctx.db.begin().await.unwrap();
        let now = self.app.clock.now();
        let back = outbox::requeue(&mut tx, None, now).await.unwrap();
        tx.commit().await.unwrap();
        back
    }
}

/// Leaks a token of each of these people.
pub(crate) async fn leak(app: &TestApp, emails: &[&str]) {
    let mut reports = Vec::new();
    for email in emails {
        let user = app.user(email).await;
        reports.push(report(&app.personal_token(&user, "deploy").await.token));
    }
    let labels = app.github().report(&reports).await.labels();
    assert!(labels.iter().all(|label| label == "true_positive"));
}

/// The letters in a service's outbox.
pub(crate) async fn letters(app: &TestApp) -> Vec<Row> {
    let rows = app.rows(
        "SELECT recipient, attempts, due_at, sent_at, dead_at, last_error
         FROM outbox
         ORDER BY recipient, id",
    );
    let number = |text: &str| text.parse().ok();
    let read = |row: Vec<String>| Row {
        recipient: row[0].clone(),
        attempts: number(&row[1]).unwrap(),
        due_at: number(&row[2]).unwrap(),
        sent_at: number(&row[3]),
        dead_at: number(&row[4]),
        last_error: row[5].clone(),
    };
    rows.await.into_iter().map(read).collect()
}

/// Waits until something is so, and no longer than a person would.
pub(crate) async fn until(mut so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    in_time(waiting).await;
}

/// Bounds what must not hang.
pub(crate) async fn in_time<T>(awaited: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), awaited)
        .await
        .expect("it happens in time")
}
