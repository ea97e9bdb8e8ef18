//! While the mail server is well.

use std::time::Duration;

use tokenward::jobs::Round;
use tokio_util::sync::CancellationToken;

use super::post::{Post, leak, letters, sending_to, until};
use crate::smtp::SmtpServer;
use crate::support::{Mail, TestApp};

#[tokio::test]
async fn a_letter_arrives_once_and_is_written_down_as_sent() {
    let post = Post::start().await;
    post.leak(&["ada@example.com"]).await;
    let written_at = post.app.clock.now();
    post.app.clock.advance(Duration::from_secs(3));

    assert_eq!(post.app.deliver_mail().await, Round::Done);

    let letter = post.letter().await;
    let now = post.app.clock.now().as_millis();
    assert_eq!((letter.sent_at, letter.attempts), (Some(now), 1));
    assert_eq!((letter.dead_at, letter.last_error.as_str()), (None, ""));
    let received = post.server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].envelope["from"], "tokens@tokenward.test");
    assert_eq!(
        received[0].envelope["to"],
        serde_json::json!(["ada@example.com"])
    );
    let mail = Mail::parse(&received[0].message);
    assert_eq!(mail.to, "ada@example.com");
    assert_eq!(
        mail.subject,
        "Your personal access token “deploy” was found on github.com and has been revoked"
    );
    assert!(mail.message_id.ends_with("@tokenward.test>"));
    let head = String::from_utf8(received[0].message.clone()).unwrap();
    assert!(head.contains("From: Tokenward <tokens@tokenward.test>\r\n"));
    // RFC 3834 5.1: nobody's holiday answer comes back.
    assert!(head.contains("Auto-Submitted: auto-generated\r\n"));
    assert!(head.contains(&format!("Date: {}", rfc_2822(written_at))));

    post.app.clock.advance(Duration::from_secs(86_400));
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    assert_eq!(post.readers().len(), 1);
}

fn rfc_2822(at: tokenward::model::Timestamp) -> String {
    use time::format_description::well_known::Rfc2822;
    at.to_utc().format(&Rfc2822).unwrap()
}

#[tokio::test]
async fn every_letter_has_a_message_id_of_its_own() {
    let post = Post::start().await;
    post.leak_everywhere("ada@example.com", 20).await;
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    let copies = post.copies();
    assert_eq!(copies.len(), 20);
    assert!(copies.values().all(|copies| *copies == 1));
}

#[tokio::test]
async fn a_letter_leaves_by_itself_after_the_commit() {
    let server = SmtpServer::start(&[]);
    let app = sending_to(&server).with_jobs().start().await;
    leak(&app, &["ada@example.com"]).await;
    until(async || letters(&app).await[0].sent_at.is_some()).await;
    assert_eq!(server.received().len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn the_commit_itself_wakes_the_job() {
    let post = Post::start().await;
    let mut job = post.app.mail.clone();
    // It will not look by itself before this test is over.
    job.pace.poll = Duration::from_secs(86_400);
    let stop = CancellationToken::new();
    let running = tokio::spawn(job.run(stop.clone()));
    for email in ["ada@example.com", "bob@example.com"] {
        post.leak(&[email]).await;
        until(async || post.letter_to(email).await.sent_at.is_some()).await;
    }
    assert_eq!(post.readers(), ["ada@example.com", "bob@example.com"]);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_letter_that_another_process_wrote_is_found() {
    let server = SmtpServer::start(&[]);
    let sender = sending_to(&server).with_jobs().start().await;
    let writer = TestApp::builder()
        .database(sender.database.clone())
        .clock(tokenward::model::Clock::System)
        .github(sender.origin().clone())
        .start()
        .await;
    leak(&writer, &["ada@example.com"]).await;
    until(async || letters(&writer).await[0].sent_at.is_some()).await;
    assert_eq!(server.received().len(), 1);
    sender.stop().await;
}

#[tokio::test]
async fn what_is_more_urgent_leaves_first() {
    let post = Post::start().await;
    let names = ["ada@example.com", "bob@example.com", "cleo@example.com"];
    post.leak(&names).await;
    let urgent = "UPDATE outbox SET priority = 0 WHERE recipient = 'cleo@example.com'";
    post.app.database.execute(urgent).await;
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    assert_eq!(post.mails()[0].to, "cleo@example.com");
    assert_eq!(post.readers(), names);
}
