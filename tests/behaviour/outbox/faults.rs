//! What becomes of letters when the mail server refuses, hangs up, falls silent or is not there.

use rstest::rstest;
use tokenward::jobs::Round;
use tokenward::storage::outbox;

use super::post::{LATER, Post, sending_by, sending_to};
use crate::certificates::Certificates;
use crate::smtp::SmtpServer;

const BOTH: [&str; 2] = ["ada@example.com", "bob@example.com"];

#[tokio::test]
async fn while_there_is_no_server_nothing_counts_against_letters_and_nothing_is_lost() {
    let server = SmtpServer::start(&[]);
    let (port, app) = (server.port(), sending_to(&server).start().await);
    drop(server);
    super::post::leak(&app, &BOTH).await;
    for _ in 0..3 {
        assert_eq!(app.deliver_mail().await, Round::Trouble);
        app.clock.advance(LATER);
    }
    for letter in super::post::letters(&app).await {
        assert_eq!((letter.attempts, letter.sent_at), (0, None));
        assert!(letter.due_at <= app.clock.now().as_millis());
        assert!(
            letter.last_error.contains("cannot be reached"),
            "{letter:?}"
        );
    }

    let server = SmtpServer::start(&["--port", &port.to_string()]);
    let post = Post { app, server };
    post.mend_and_deliver().await;
    assert_eq!(post.readers(), BOTH);
    assert!(post.letters().await.iter().all(|row| row.attempts == 1));
}

#[rstest]
#[tokio::test]
async fn trouble_at_the_door_counts_against_no_letter(
    #[values("greeting", "ehlo", "starttls")] stage: &str,
    #[values("refuse:#:421 busy", "refuse:#:554 no", "drop:#", "hang:#")] fault: &str,
) {
    let certificates = Certificates::new();
    let path = |name| certificates.path(name).display().to_string();
    let (certificate, key) = (path("server.pem"), path("server.key"));
    let server = SmtpServer::start(&[
        "--certificate",
        &certificate,
        "--key",
        &key,
        "--tls",
        "starttls",
    ]);
    let url = format!("smtp://localhost:{}?tls=required", server.port());
    // The settings end in `[mail]`, so this is one of its keys.
    let authority = format!("tls_ca_file = \"{}\"", path("ca.pem"));
    let app = sending_by(&url, "1s").settings(&authority).start().await;
    let post = Post { app, server };
    post.leak(&BOTH).await;
    post.server.fault(&fault.replace('#', stage));

    assert_eq!(post.app.deliver_mail().await, Round::Trouble);

    for letter in post.letters().await {
        assert_eq!((letter.attempts, letter.dead_at), (0, None));
        assert_ne!(letter.last_error, "");
    }
    post.mend_and_deliver().await;
    assert_eq!(post.readers(), BOTH);
    let received = post.server.received();
    assert!(received.iter().all(|one| one.envelope["tls"] == true));
}

#[rstest]
#[tokio::test]
async fn a_letter_that_is_refused_for_now_is_tried_later(
    #[values("mail", "rcpt", "data", "text")] stage: &str,
) {
    let post = Post::start().await;
    post.leak(&BOTH).await;
    post.server
        .fault(&format!("refuse:{stage}:451 4.3.0 try later"));

    assert_eq!(post.app.deliver_mail().await, Round::Done);

    let now = post.app.clock.now().as_millis();
    for letter in post.letters().await {
        assert_eq!((letter.attempts, letter.dead_at), (1, None));
        let pause = letter.due_at - now;
        assert!((12_000..=18_000).contains(&pause), "{pause}");
        assert!(letter.last_error.ends_with("451 4.3.0 try later"));
    }
    post.server.fault("none");
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    assert!(post.readers().is_empty(), "their time has not come");
    post.mend_and_deliver().await;
    assert_eq!(post.readers(), BOTH);
}

#[rstest]
#[tokio::test]
async fn a_letter_that_is_refused_for_good_is_dead_until_an_operator_brings_it_back(
    #[values("mail", "rcpt", "data", "text")] stage: &str,
) {
    let post = Post::start().await;
    post.leak(&BOTH).await;
    post.server.fault(&format!(
        "refuse:{stage}:550 5.1.1 <ada@example.com> unknown"
    ));

    assert_eq!(post.app.deliver_mail().await, Round::Done);

    let now = post.app.clock.now();
    let listed = outbox::list_unsent(&post.app.ctx.db, None, 10)
        .await
        .unwrap();
    assert_eq!(listed.len(), 2);
    for letter in listed {
        assert_eq!((letter.dead_at, letter.attempts), (Some(now), 1));
        let reason = letter.last_error.unwrap();
        assert!(
            reason.contains("550 5.1.1") && !reason.contains("ada"),
            "{reason}"
        );
    }
    post.mend_and_deliver().await;
    assert!(post.readers().is_empty(), "the dead stay dead");

    assert_eq!(post.requeue().await, 2);
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    assert_eq!(post.readers(), BOTH);
    let listed = outbox::list_unsent(&post.app.ctx.db, None, 10)
        .await
        .unwrap();
    assert!(listed.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_lost_connection_loses_no_letter(
    #[values("drop", "hang")] fault: &str,
    #[values("mail", "rcpt", "data", "text")] stage: &str,
) {
    let post = Post::start().await;
    post.leak(&BOTH).await;
    post.server.fault(&format!("{fault}:{stage}"));

    assert_eq!(post.app.deliver_mail().await, Round::Trouble);

    // Only a letter that the server was told of may be what breaks connections.
    let letters = post.letters().await;
    let tried = letters.iter().filter(|row| row.attempts == 1).count();
    assert_eq!(tried, usize::from(stage != "mail"), "{letters:?}");
    assert!(
        letters
            .iter()
            .all(|row| row.dead_at.is_none() && row.attempts < 2)
    );
    post.mend_and_deliver().await;
    assert_eq!(post.readers(), BOTH);
}

#[rstest]
#[case::refused_for_good("refuse:rcpt:550 no such mailbox:mallory@example.com")]
#[case::refused_for_now("refuse:rcpt:450 full:mallory@example.com")]
#[case::hung_up_on("drop:rcpt:mallory@example.com")]
#[case::left_waiting("hang:rcpt:mallory@example.com")]
#[case::dropped_with_its_text("drop:text:mallory@example.com")]
#[tokio::test]
async fn one_bad_letter_does_not_hurt_its_neighbours(#[case] fault: &str) {
    let post = Post::start().await;
    let everybody = ["ada@example.com", "mallory@example.com", "zoe@example.com"];
    post.leak(&everybody).await;
    post.server.fault(fault);

    // A connection that broke ends the round; the next one goes on without the bad letter.
    post.app.deliver_mail().await;
    assert_eq!(post.app.deliver_mail().await, Round::Done);

    assert_eq!(post.readers(), ["ada@example.com", "zoe@example.com"]);
    let bad = post.letter_to("mallory@example.com").await;
    assert_eq!((bad.attempts, bad.sent_at), (1, None));
    post.server.fault("none");
    post.requeue().await;
    post.app.clock.advance(LATER);
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    assert_eq!(post.readers(), everybody);
}

#[tokio::test]
async fn an_address_beyond_ascii_that_breaks_connections_does_not_hurt_its_neighbours() {
    let post = Post::start().await;
    post.leak(&["ada@example.com", "änne@example.com", "zoe@example.com"])
        .await;
    post.server.fault("drop:utf8");
    post.app.deliver_mail().await;
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    assert_eq!(post.readers(), ["ada@example.com", "zoe@example.com"]);
    post.mend_and_deliver().await;
    assert_eq!(post.server.received().len(), 3);
}

#[tokio::test]
async fn a_letter_that_this_version_cannot_read_does_not_hurt_its_neighbours() {
    let post = Post::start().await;
    post.leak(&BOTH).await;
    let newer = "UPDATE outbox SET letter = '{\"letter\":\"of_tomorrow\"}'
                 WHERE recipient = 'ada@example.com'";
    post.app.database.execute(newer).await;

    assert_eq!(post.app.deliver_mail().await, Round::Done);

    assert_eq!(post.readers(), ["bob@example.com"]);
    let unread = post.letter_to("ada@example.com").await;
    assert_eq!((unread.attempts, unread.dead_at), (1, None));
    assert!(unread.last_error.contains("cannot read"));
}

#[tokio::test]
async fn only_a_lost_answer_sends_twice_and_the_copies_share_their_message_id() {
    let post = Post::start().await;
    post.leak(&BOTH).await;
    post.server.fault("lose-answer");
    assert_eq!(post.app.deliver_mail().await, Round::Trouble);
    assert_eq!(post.readers().len(), 1);
    assert!(post.letters().await.iter().all(|row| row.sent_at.is_none()));

    post.mend_and_deliver().await;

    let mut copies: Vec<_> = post.copies().into_values().collect();
    copies.sort_unstable();
    assert_eq!(copies, [1, 2]);
    assert!(post.letters().await.iter().all(|row| row.sent_at.is_some()));
}
