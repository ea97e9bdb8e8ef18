//! What is in hand when the service stops.

use tokenward::jobs::Round;
use tokio_util::sync::CancellationToken;

use super::post::{Post, in_time, leak, letters, sending_by};
use crate::smtp::SmtpServer;

#[tokio::test]
async fn the_letter_in_hand_is_finished_and_the_rest_given_back_at_once() {
    let post = Post::patient().await;
    post.leak_everywhere("ada@example.com", 5).await;
    post.server.fault("wait:text");
    let (job, stop) = (post.app.mail.clone(), CancellationToken::new());
    let stopped = stop.clone();
    let round = tokio::spawn(async move { job.round(&stopped).await });
    in_time(post.server.until_it_holds()).await;
    stop.cancel();
    post.server.fault("none");

    assert_eq!(in_time(round).await.unwrap(), Round::Stopped);

    let letters = post.letters().await;
    let (sent, given_back): (Vec<_>, Vec<_>) =
        letters.iter().partition(|row| row.sent_at.is_some());
    assert_eq!((sent.len(), given_back.len()), (1, 4));
    let now = post.app.clock.now().as_millis();
    for letter in given_back {
        assert!(letter.attempts == 0 && letter.due_at <= now, "{letter:?}");
    }
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    let copies = post.copies();
    assert!(copies.len() == 5 && copies.values().all(|copies| *copies == 1));
}

#[tokio::test]
async fn nobody_waits_for_a_connection_that_carries_no_letter_yet() {
    let post = Post::patient().await;
    post.leak(&["ada@example.com"]).await;
    post.server.fault("hang:greeting");
    let (job, stop) = (post.app.mail.clone(), CancellationToken::new());
    let stopped = stop.clone();
    let round = tokio::spawn(async move { job.round(&stopped).await });
    in_time(post.server.until_it_holds()).await;
    stop.cancel();

    assert_eq!(in_time(round).await.unwrap(), Round::Stopped);

    let letter = post.letter().await;
    assert_eq!((letter.attempts, letter.last_error.as_str()), (0, ""));
    assert!(letter.due_at <= post.app.clock.now().as_millis());
    post.mend_and_deliver().await;
    assert_eq!(post.readers(), ["ada@example.com"]);
}

#[tokio::test]
async fn a_service_that_stops_finishes_its_letter() {
    let server = SmtpServer::start(&[]);
    let url = format!("smtp://127.0.0.1:{}", server.port());
    let app = sending_by(&url, "10m").with_jobs().start().await;
    server.fault("wait:text");
    leak(&app, &["ada@example.com"]).await;
    in_time(server.until_it_holds()).await;
    let stopping = tokio::spawn(app.stop());
    server.fault("none");
    let database = in_time(stopping).await.unwrap();
    assert_eq!(server.received().len(), 1);
    let reader = sending_by(&url, "1s").database(database).start().await;
    assert!(letters(&reader).await[0].sent_at.is_some());
}
