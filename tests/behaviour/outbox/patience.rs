//! How long a letter is tried, and by what it dies.

use std::time::Duration;

use tokenward::jobs::Round;

use super::post::{Post, Row};

const ADA: &[&str] = &["ada@example.com"];
const WEEK: Duration = Duration::from_secs(7 * 86_400);

impl Post {
    /// Tries the only letter again as soon as it is due.
    async fn try_again(&self) -> Row {
        let (due_at, now) = (self.letter().await.due_at, self.app.clock.now().as_millis());
        let pause = u64::try_from(due_at - now).unwrap_or_default();
        self.app.clock.advance(Duration::from_millis(pause));
        assert_eq!(self.app.deliver_mail().await, Round::Done);
        self.letter().await
    }
}

#[tokio::test]
async fn pauses_grow_up_to_an_hour_until_the_letter_has_been_tried_for_a_week() {
    let post = Post::start().await;
    post.leak(ADA).await;
    post.server.fault("refuse:rcpt:450 not now");
    let written_at = post.app.clock.now();
    let mut letter = post.letter().await;
    let mut previous = 0;
    while letter.dead_at.is_none() {
        letter = post.try_again().await;
        let now = post.app.clock.now();
        let pause = letter.due_at - now.as_millis();
        let age = now.since(written_at);
        if letter.dead_at.is_some() {
            assert!(age >= WEEK, "{age:?}");
            break;
        }
        assert!(age < WEEK && pause <= 3_600_000 * 6 / 5, "{age:?} {pause}");
        if letter.attempts < 8 {
            assert!(pause > previous, "{pause} after {previous}");
        }
        previous = pause;
        // The hours between are all alike.
        if letter.attempts == 12 {
            post.app
                .clock
                .advance(WEEK - age - Duration::from_secs(9_000));
        }
    }
    assert!(letter.attempts >= 14, "{}", letter.attempts);
    assert!(post.readers().is_empty());
    let dead = post
        .app
        .number("SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL");
    assert_eq!(dead.await, 1);
}

#[tokio::test]
async fn an_outage_longer_than_that_kills_no_letter() {
    let post = Post::start().await;
    post.leak(ADA).await;
    post.server.fault("refuse:greeting:554 closed for holidays");
    for _ in 0..20 {
        assert_eq!(post.app.deliver_mail().await, Round::Trouble);
        post.app.clock.advance(Duration::from_secs(86_400));
    }
    post.mend_and_deliver().await;
    assert_eq!(post.readers(), ADA);
}

#[tokio::test]
async fn a_letter_that_waited_through_an_outage_does_not_die_of_greylisting() {
    let post = Post::start().await;
    post.leak(ADA).await;
    post.app.clock.advance(WEEK * 2);
    post.server.fault("refuse:rcpt:450 4.2.0 greylisted");
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    assert_eq!(post.letter().await.dead_at, None);
    post.mend_and_deliver().await;
    assert_eq!(post.readers(), ADA);
}

#[tokio::test]
async fn a_letter_that_an_operator_brought_back_gets_new_tries() {
    let post = Post::start().await;
    post.leak(ADA).await;
    post.server.fault("refuse:rcpt:550 unknown");
    assert_eq!(post.app.deliver_mail().await, Round::Done);
    post.app.clock.advance(WEEK * 2);
    assert_eq!(post.requeue().await, 1);
    post.server.fault("refuse:rcpt:450 4.2.0 greylisted");
    for attempts in 1..=3 {
        let letter = post.try_again().await;
        assert_eq!((letter.attempts, letter.dead_at), (attempts, None));
    }
    post.server.fault("none");
    post.try_again().await;
    assert_eq!(post.readers(), ADA);
}
