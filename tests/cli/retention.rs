//! `tokenward retention`

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection};
use tokenward::model::Timestamp;
use tokenward::storage::outbox::{self, Settlement};

use super::{PLACE, Place, place_with_token, report_since, text};

/// The token leaked so long ago, and its owner was told at once.
#[tokio::main(flavor = "current_thread")]
async fn told(place: &Place, at: Timestamp) {
    let db = super::open(place).await;
    let mut tx = db.begin().await.unwrap();
    let claimed = outbox::claim(&mut tx, 10, at, at).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let sent = Settlement::Sent { at };
    assert!(outbox::settle(&mut tx, &claimed[0], &sent).await.unwrap());
    tx.commit().await.unwrap();
    db.close().await;
}

#[test]
fn what_is_kept_is_proven_and_removed_when_its_time_is_over() {
    let (place, id, token) = place_with_token();
    let none = place.run(&["retention", "report"]);
    assert_eq!(none.out, "No leak was ever reported.\n", "{}", none.err);
    let at = report_since(&place, &token, Duration::from_secs(40 * 86_400));
    told(&place, at);

    let before = place.object(&["retention", "report"]);
    assert_eq!(
        (text(&before["origin"]), &before["with_place"]),
        ("github", &1.into())
    );
    assert_eq!(text(&before["oldest_with_place"]), at.to_string());
    assert_eq!(before["kept_for_seconds"], 25 * 86_400);

    let run = place.run(&["retention", "run", "--json"]).objects();
    for what in ["places", "places in letters", "letters", "deliveries"] {
        let one = run.iter().find(|one| one["what"] == what);
        assert_eq!(one.unwrap()["removed"], 1, "{what}");
    }
    let people = place.run(&["retention", "run"]).out;
    assert!(
        people.contains("access_token") && people.contains("REMOVED"),
        "{people}"
    );

    let after = place.object(&["retention", "report"]);
    assert_eq!(
        (&after["exposures"], &after["scrubbed"]),
        (&1.into(), &1.into())
    );
    assert_eq!(
        (&after["with_place"], &after["letters_with_place"]),
        (&0.into(), &0.into())
    );
    let inspected = place.object(&["token", "inspect", "--id", &id]);
    let exposure = &inspected["exposures"][0];
    assert!(exposure["url"].is_null() && exposure["scrubbed_at"].is_string());
    let people = place.run(&["token", "inspect", "--id", &id]).out;
    assert!(
        !people.contains(PLACE) && people.contains("no longer kept"),
        "{people}"
    );
}

#[test]
fn what_is_collected_for_a_digest_is_listed_by_reader() {
    let (place, id, token) = place_with_token();
    let none = place.run(&["outbox", "digests"]);
    assert_eq!(
        none.out, "Nothing is collected for a digest.\n",
        "{}",
        none.err
    );
    place.object(&["token", "revoke", "--id", &id]);
    let at = report_since(&place, &token, Duration::from_secs(86_400));
    let collected = place.object(&["outbox", "digests"]);
    assert_eq!(
        (text(&collected["recipient"]), &collected["places"]),
        (super::ADA, &1.into())
    );
    assert_eq!(text(&collected["since"]), at.to_string());
    let due = at.plus(Duration::from_secs(7 * 86_400));
    assert_eq!(text(&collected["due_at"]), due.to_string());
    let letters = place.run(&["outbox", "list"]);
    assert_eq!(
        letters.out, "No letter waits and none is dead.\n",
        "{}",
        letters.err
    );
}

/// Turns a server's clock, for one database; `false` where there is none.
#[tokio::main(flavor = "current_thread")]
async fn turn_clock_of(place: &Place) -> bool {
    let url = place.database_url();
    if !url.starts_with("postgres") {
        return false;
    }
    let name = url.rsplit_once('/').unwrap().1;
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    for statement in [
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
         AS $$ SELECT pg_catalog.clock_timestamp() - interval '2 days' $$",
        &format!("ALTER DATABASE {name} SET search_path = public, pg_catalog"),
    ] {
        let query = sqlx::query(AssertSqlSafe(statement.to_owned()));
        query.execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    true
}

#[test]
fn nothing_is_removed_by_a_clock_that_is_not_the_servers() {
    let (place, _, token) = place_with_token();
    report_since(&place, &token, Duration::from_secs(40 * 86_400));
    let turned = turn_clock_of(&place);
    let run = place.run(&["retention", "run", "--json"]);
    if turned {
        assert_eq!((run.code, run.out.as_str()), (1, ""));
        assert!(run.err.contains("differ by"), "{}", run.err);
        let report = place.object(&["retention", "report"]);
        assert_eq!(report["with_place"], 1);
    } else {
        assert_eq!(run.code, 0, "{}", run.err);
    }
}
