//! Any number of senders at once, senders that disappear, and a database that does.

use rstest::rstest;
use tokenward::jobs::Round;
use tokenward::storage::outbox::{self, Settlement};
use tokio_util::sync::CancellationToken;

use super::post::{Post, in_time, sending_to};
use crate::smtp::SmtpServer;
use crate::support::{TestApp, is_postgres, report};

/// Another replica of the same service.
async fn replica(app: &TestApp, server: &SmtpServer) -> TestApp {
    sending_to(server)
        .database(app.database.clone())
        .clock(app.clock.clone())
        .github(app.origin().clone())
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_the_work_and_send_each_letter_once() {
    let post = Post::start().await;
    let (second, third) = (
        replica(&post.app, &post.server).await,
        replica(&post.app, &post.server).await,
    );
    post.leak_everywhere("ada@example.com", 300).await;

    let rounds = tokio::join!(
        post.app.deliver_mail(),
        second.deliver_mail(),
        third.deliver_mail()
    );

    assert_eq!(rounds, (Round::Done, Round::Done, Round::Done));
    let copies = post.copies();
    assert_eq!(copies.len(), 300);
    assert!(copies.values().all(|copies| *copies == 1));
    let letters = post.letters().await;
    assert!(
        letters
            .iter()
            .all(|row| row.sent_at.is_some() && row.attempts == 1)
    );
    let mut connections: Vec<_> = post
        .server
        .received()
        .iter()
        .map(|one| one.envelope["connection"].as_i64())
        .collect();
    connections.sort_unstable();
    connections.dedup();
    assert!(connections.len() > 1, "one replica did all the work");
}

#[tokio::test]
async fn letters_of_a_sender_that_disappears_go_out_when_its_claim_ends() {
    let post = Post::start().await;
    let second = replica(&post.app, &post.server).await;
    post.leak_everywhere("ada@example.com", 5).await;
    post.server.fault("hang:data");
    let job = post.app.mail.clone();
    let doomed = tokio::spawn(async move { job.round(&CancellationToken::new()).await });
    in_time(post.server.until_it_holds()).await;
    doomed.abort();
    assert!(doomed.await.unwrap_err().is_cancelled());
    post.server.fault("none");

    assert_eq!(second.deliver_mail().await, Round::Done);
    assert_eq!(post.readers().len(), 0, "the claim still holds");
    post.app.clock.advance(post.app.mail.pace.claim);
    assert_eq!(second.deliver_mail().await, Round::Done);

    let copies = post.copies();
    assert_eq!(copies.len(), 5);
    assert!(copies.values().all(|copies| *copies == 1));
}

#[tokio::test]
async fn a_sender_whose_claim_ended_meanwhile_leaves_the_rest_to_the_next() {
    let post = Post::patient().await;
    post.leak_everywhere("ada@example.com", 5).await;
    post.server.fault("wait:text");
    let job = post.app.mail.clone();
    let round = tokio::spawn(async move { job.round(&CancellationToken::new()).await });
    in_time(post.server.until_it_holds()).await;
    post.app.clock.advance(post.app.mail.pace.claim);
    let (now, db) = (post.app.clock.now(), &post.app.ctx.db);
    let ends = now.plus(post.app.mail.pace.claim);
    let mut tx = db.begin().await.unwrap();
    let next = outbox::claim(&mut tx, 10, now, ends).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(next.len(), 5);

    post.server.fault("none");
    assert_eq!(in_time(round).await.unwrap(), Round::Done);

    assert_eq!(post.readers().len(), 1, "the others are the next one's");
    assert!(post.letters().await.iter().all(|row| row.sent_at.is_none()));
}

#[tokio::test]
async fn a_sender_that_comes_back_after_its_claim_changes_nothing() {
    let post = Post::start().await;
    post.leak(&["ada@example.com"]).await;
    let (db, clock) = (&post.app.ctx.db, &post.app.clock);
    let (now, ends) = (clock.now(), clock.now().plus(post.app.mail.pace.claim));
    let mut tx = db.begin().await.unwrap();
    let slow = outbox::claim(&mut tx, 10, now, ends).await.unwrap();
    tx.commit().await.unwrap();
    clock.advance(post.app.mail.pace.claim);
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    let settled = post.letter().await;

    let mut tx = db.begin().await.unwrap();
    let dead = Settlement::Dead {
        at: clock.now(),
        error: "too slow".to_owned(),
    };
    assert!(!outbox::settle(&mut tx, &slow[0], &dead).await.unwrap());
    outbox::release(&mut tx, slow[0].claim, clock.now(), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(post.letter().await, settled);
}

/// Makes the database refuse to hear that a letter was sent.
async fn forbid_settling(app: &TestApp) {
    let trigger = if is_postgres() {
        "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql
         AS 'BEGIN RAISE EXCEPTION ''away''; END';
         CREATE TRIGGER away BEFORE UPDATE OF sent_at ON outbox
         FOR EACH ROW WHEN (NEW.sent_at IS NOT NULL) EXECUTE FUNCTION away()"
    } else {
        "CREATE TRIGGER away BEFORE UPDATE OF sent_at ON outbox WHEN NEW.sent_at IS NOT NULL
         BEGIN SELECT RAISE(ABORT, 'away'); END"
    };
    app.database.execute(trigger).await;
}

async fn allow_settling(app: &TestApp) {
    let on = if is_postgres() { " ON outbox" } else { "" };
    let drop = format!("DROP TRIGGER away{on}");
    app.database.execute(&drop).await;
}

#[tokio::test]
async fn a_short_absence_of_the_database_sends_nothing_twice() {
    let post = Post::start().await;
    post.leak_everywhere("ada@example.com", 3).await;
    forbid_settling(&post.app).await;
    let job = post.app.mail.clone();
    let round = tokio::spawn(async move { job.round(&CancellationToken::new()).await });
    super::post::until(async || !post.server.received().is_empty()).await;
    allow_settling(&post.app).await;

    assert_eq!(in_time(round).await.unwrap(), Round::Done);

    assert!(post.copies().values().all(|copies| *copies == 1));
    let letters = post.letters().await;
    assert!(letters.len() == 3 && letters.iter().all(|row| row.sent_at.is_some()));
}

#[tokio::test]
async fn letters_that_could_not_be_settled_are_sent_again_and_alone() {
    let post = Post::start().await;
    post.leak_everywhere("ada@example.com", 5).await;
    forbid_settling(&post.app).await;
    let (job, stop) = (post.app.mail.clone(), CancellationToken::new());
    let stopped = stop.clone();
    let round = tokio::spawn(async move { job.round(&stopped).await });
    super::post::until(async || !post.server.received().is_empty()).await;
    stop.cancel();
    in_time(round).await.unwrap();
    // One that could not be written down, and the one that crossed the wire meanwhile.
    let in_hand = post.readers().len();
    assert!((1..=2).contains(&in_hand), "{in_hand}");
    allow_settling(&post.app).await;
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    assert_eq!(post.readers().len(), in_hand, "the claim still holds");

    post.app.clock.advance(post.app.mail.pace.claim);
    assert_eq!(post.app.deliver_mail().await, Round::Done);

    let copies: Vec<_> = post.copies().into_values().collect();
    assert_eq!(copies.len(), 5);
    assert_eq!(
        copies.iter().filter(|copies| **copies == 2).count(),
        in_hand
    );
    assert_eq!(
        copies.iter().filter(|copies| **copies == 1).count(),
        5 - in_hand
    );
    assert!(post.letters().await.iter().all(|row| row.sent_at.is_some()));
}

#[rstest]
#[tokio::test]
async fn nobody_waits_for_the_mail_server(
    #[values("greeting", "mail", "data", "text")] stage: &str,
) {
    let post = Post::patient().await;
    post.leak(&["ada@example.com"]).await;
    let bob = post.app.user("bob@example.com").await;
    let token = post.app.personal_token(&bob, "laptop").await.token;
    post.server.fault(&format!("hang:{stage}"));
    let job = post.app.mail.clone();
    let round = tokio::spawn(async move { job.round(&CancellationToken::new()).await });
    in_time(post.server.until_it_holds()).await;

    let delivery = post.app.github();
    let answer = in_time(delivery.report(&[report(&token)])).await;

    assert_eq!(answer.labels(), ["true_positive"]);
    round.abort();
    let _ = round.await;
}

#[tokio::test]
async fn a_claim_outlasts_the_most_patient_configuration() {
    let post = Post::patient().await;
    post.leak(&["ada@example.com"]).await;
    assert_eq!(in_time(post.app.deliver_mail()).await, Round::Done);
    assert_eq!(post.readers().len(), 1);
}
