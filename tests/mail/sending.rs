//! What becomes of a letter when the server refuses it, goes away or falls silent.

use rstest::rstest;
use tokenward::mail::{ConnectError, Mailer, SendError};
use uuid::Uuid;

use crate::post::{hasty, mailer, options, refused, send, send_to};
use crate::smtp::SmtpServer;

#[tokio::test]
async fn letters_arrive_as_they_were_written_over_one_connection() {
    let server = SmtpServer::start(&[]);
    let mailer = mailer(&server);
    let mut connection = mailer.connect().await.unwrap();
    for number in 1..=3 {
        send(&mut connection, number).await.unwrap();
    }
    connection.quit().await;

    let received = server.received();
    assert_eq!(received.len(), 3);
    for (number, received) in (1..).zip(&received) {
        let text = String::from_utf8(received.message.clone()).unwrap();
        let id = format!(
            "Message-ID: {}\r\n",
            mailer.message_id(Uuid::from_u128(number))
        );
        assert!(text.contains(&id));
        assert!(text.contains("From: Polar <security@polar.example>\r\nTo: ada@example.com\r\n"));
        assert_eq!(received.envelope["from"], "security@polar.example");
        assert_eq!(
            received.envelope["to"],
            serde_json::json!(["ada@example.com"])
        );
        assert_eq!(received.envelope["connection"], 1);
    }
}

#[tokio::test]
async fn what_arrives_is_what_was_written_to_the_byte() {
    let server = SmtpServer::start(&[]);
    send(&mut mailer(&server).connect().await.unwrap(), 1)
        .await
        .unwrap();
    let in_memory = Mailer::new(options("memory:")).unwrap();
    send(&mut in_memory.connect().await.unwrap(), 1)
        .await
        .unwrap();

    let mut written = in_memory.memory().unwrap().messages().remove(0);
    // SMTP ends a message on a line of its own.
    written.extend(b"\r\n");
    assert_eq!(server.received().remove(0).message, written);
}

#[tokio::test]
async fn a_connection_left_halfway_carries_nothing_more() {
    let server = SmtpServer::start(&["--fault", "hang:text"]);
    let mut connection = mailer(&server).connect().await.unwrap();
    tokio::select! {
        _ = send(&mut connection, 1) => panic!("the server never answers"),
        () = server.until_it_holds() => {}
    }
    assert!(connection.is_broken());
}

#[rstest]
#[tokio::test]
async fn a_refused_letter_leaves_the_connection_to_the_next(
    #[values("mail", "rcpt", "data", "text")] stage: &str,
    #[values("450", "452", "550", "554")] code: &str,
) {
    let server = SmtpServer::start(&[]);
    let mut connection = mailer(&server).connect().await.unwrap();
    server.fault(&format!("refuse:{stage}:{code} 5.1.1 <ada@example.com> no"));
    match (
        send(&mut connection, 1).await.unwrap_err(),
        code.starts_with('4'),
    ) {
        (SendError::Retry(reason), true) | (SendError::Permanent(reason), false) => {
            assert!(
                reason
                    .full
                    .ends_with(&format!(": {code} 5.1.1 [address] no")),
                "{reason:?}"
            );
            // Filters repeat what they dislike in a letter; logs are not forgotten with it.
            assert!(
                reason.brief.ends_with(&format!(": {code} 5.1.1")),
                "{reason:?}"
            );
        }
        (other, _) => panic!("{other:?}"),
    }
    assert!(!connection.is_broken());
    server.fault("none");
    send(&mut connection, 2).await.unwrap();
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn one_addressees_refusal_is_no_other_addressees() {
    let server = SmtpServer::start(&["--fault", "none"]);
    server.fault("refuse:rcpt:550 no such mailbox:gone@example.com");
    let mut connection = mailer(&server).connect().await.unwrap();
    for (number, to) in [
        (1, "ada@example.com"),
        (2, "gone@example.com"),
        (3, "bob@example.com"),
    ] {
        let outcome = send_to(&mut connection, number, to).await;
        assert_eq!(outcome.is_ok(), to != "gone@example.com", "{outcome:?}");
    }
    assert_eq!(server.received().len(), 2);
}

#[rstest]
#[tokio::test]
async fn an_answer_about_us_says_nothing_about_the_letter(
    #[values("421", "432", "454", "503", "530", "534", "535", "538")] code: &str,
    #[values("mail", "text")] stage: &str,
) {
    let server = SmtpServer::start(&[]);
    let mut connection = mailer(&server).connect().await.unwrap();
    server.fault(&format!("refuse:{stage}:{code} no"));
    match send(&mut connection, 1).await.unwrap_err() {
        SendError::Connection { letter_begun, .. } => assert_eq!(letter_begun, stage == "text"),
        other => panic!("{other:?}"),
    }
    assert!(connection.is_broken());
}

#[rstest]
#[tokio::test]
async fn a_lost_connection_says_how_far_the_letter_got(
    #[values("drop", "hang")] fault: &str,
    #[values("mail", "rcpt", "data", "text")] stage: &str,
) {
    let server = SmtpServer::start(&[]);
    let mailer = hasty(&server);
    let mut connection = mailer.connect().await.unwrap();
    server.fault(&format!("{fault}:{stage}"));
    match send(&mut connection, 1).await.unwrap_err() {
        SendError::Connection { letter_begun, .. } => assert_eq!(letter_begun, stage != "mail"),
        other => panic!("{other:?}"),
    }
    assert!(connection.is_broken());
    connection.quit().await;

    server.fault("none");
    let mut connection = mailer.connect().await.unwrap();
    send(&mut connection, 1).await.unwrap();
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn only_a_lost_answer_sends_twice_and_both_are_the_same_message() {
    let server = SmtpServer::start(&["--fault", "lose-answer"]);
    let mailer = mailer(&server);
    let mut connection = mailer.connect().await.unwrap();
    let lost = send(&mut connection, 1).await.unwrap_err();
    assert!(
        matches!(
            lost,
            SendError::Connection {
                letter_begun: true,
                ..
            }
        ),
        "{lost:?}"
    );
    assert!(
        send(&mut connection, 2).await.is_err(),
        "a lost connection carries nothing more"
    );

    server.fault("none");
    send(&mut mailer.connect().await.unwrap(), 1).await.unwrap();
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].message, received[1].message);
}

#[rstest]
#[tokio::test]
async fn a_server_that_turns_us_away_at_the_door(
    #[values("greeting", "ehlo")] stage: &str,
    #[values("refuse:#:421 busy", "refuse:#:554 no", "drop:#", "hang:#")] fault: &str,
) {
    let server = SmtpServer::start(&["--fault", &fault.replace('#', stage)]);
    match (refused(&hasty(&server)).await, fault) {
        (ConnectError::Refused(_), "refuse:#:554 no") => {}
        (ConnectError::Unreachable(_), other) if other != "refuse:#:554 no" => {}
        (error, _) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let server = SmtpServer::start(&[]);
    let mailer = mailer(&server);
    drop(server);
    assert!(matches!(
        refused(&mailer).await,
        ConnectError::Unreachable(_)
    ));
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
    let able = SmtpServer::start(&[]);
    let mut connection = mailer(&able).connect().await.unwrap();
    send_to(&mut connection, 1, "änne@bücher.example")
        .await
        .unwrap();
    let envelope = &able.received()[0].envelope;
    assert_eq!(
        envelope["to"],
        serde_json::json!(["änne@xn--bcher-kva.example"])
    );

    let unable = SmtpServer::start(&["--ascii-only"]);
    let mut connection = mailer(&unable).connect().await.unwrap();
    let error = send_to(&mut connection, 1, "änne@bücher.example")
        .await
        .unwrap_err();
    assert!(matches!(error, SendError::Permanent(_)), "{error:?}");
    send_to(&mut connection, 2, "anne@bücher.example")
        .await
        .unwrap();
}
