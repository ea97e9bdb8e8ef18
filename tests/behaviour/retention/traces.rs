//! What is left of a place where nobody asks the database for it: pages, the log, samples.

use std::time::Duration;

use tokenward::domain::webhooks::{self, Reach};
use tokenward::model::EventTypes;

use super::DAY;
use super::places::{PLACE, leak, scrub, see};
use crate::support::{TestApp, TestDatabase, is_postgres, report_at};

/// Whether the files of a database hold this text, whatever the database itself can still read.
pub(super) async fn is_on_disk(database: &TestDatabase, text: &str) -> bool {
    let Some(file) = database.file() else {
        // What a row was before it changed goes when the table is written anew: operations.md.
        outlive_transactions(database).await;
        database.execute("VACUUM FULL").await;
        database.execute("CHECKPOINT").await;
        let held = format!(
            "SELECT count(*) FROM pg_class
             WHERE relkind IN ('r', 't', 'i') AND relnamespace IN (
                 'public'::regnamespace, 'pg_toast'::regnamespace
             ) AND position('{text}'::bytea IN pg_read_binary_file(pg_relation_filepath(oid))) > 0"
        );
        return database.rows(&held).await[0][0] != "0";
    };
    ["", "-wal"].iter().any(|end| {
        let mut name = file.clone().into_os_string();
        name.push(end);
        let bytes = std::fs::read(name).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

/// Waits until whatever is open now on the server has ended. A transaction that began before a row
/// changed keeps what it was, also in a table that is written anew, and also from another database:
/// another test's, for example.
async fn outlive_transactions(database: &TestDatabase) {
    let next = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text";
    let next = &database.rows(next).await[0][0];
    let open = format!(
        "SELECT 'open'::text WHERE pg_snapshot_xmin(pg_current_snapshot()) < '{next}'::xid8 OR EXISTS (
             SELECT 1 FROM pg_stat_activity
             WHERE datname = current_database() AND age(backend_xmin) > age('{next}'::xid)
         )"
    );
    let ended = async {
        while !database.rows(&open).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let most = Duration::from_secs(60);
    let outcome = tokio::time::timeout(most, ended).await;
    outcome.expect("every transaction ends");
}

/// Pages that become free when rows become short are overwritten as well.
#[tokio::test]
async fn long_addresses_leave_nothing_in_pages_that_became_free() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let reports: Vec<_> = (0..100)
        .map(|number| {
            let url = format!("{PLACE}/{}/{number}", "x".repeat(1_500));
            report_at(token.token.reveal(), &url)
        })
        .collect();
    app.github().report(&reports).await;
    assert_eq!(app.read_mail().await.len(), 100);
    app.clock.advance(DAY * 31);
    assert_eq!(scrub(&app).await.exposures, 100);
    assert!(!is_on_disk(&app.database, "secret-plans").await);
}

#[tokio::test]
async fn the_files_are_searched_where_places_are() {
    let app = TestApp::start().await;
    leak(&app).await;
    assert!(is_on_disk(&app.database, "secret-plans").await);
}

/// Whoever reads keeps what the log remembers, and the round that comes to it later has nothing else to do.
#[tokio::test]
async fn the_log_is_emptied_once_nobody_is_in_the_way() {
    if is_postgres() {
        return;
    }
    let app = TestApp::start().await;
    leak(&app).await;
    app.read_mail().await;
    app.clock.advance(DAY * 31);
    let reader = app.database.read_on().await;
    assert_eq!(scrub(&app).await.exposures, 1);
    assert!(is_on_disk(&app.database, "secret-plans").await);
    drop(reader);
    assert_eq!(scrub(&app).await.exposures, 0);
    assert!(!is_on_disk(&app.database, "secret-plans").await);
}

/// As the tests beside this one do, for as long as a machine that is busy makes them.
#[tokio::test]
async fn what_is_open_in_another_database_hides_nothing_and_is_waited_for() {
    if !is_postgres() {
        return;
    }
    let app = TestApp::start().await;
    let other = TestDatabase::migrated().await;
    leak(&app).await;
    app.read_mail().await;
    app.clock.advance(DAY * 31);
    let open = other.hold_open().await;
    assert_eq!(scrub(&app).await.exposures, 1);
    let (held, ()) = tokio::join!(is_on_disk(&app.database, "secret-plans"), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(open);
    });
    assert!(!held);
}

/// The columns that hold a place at first.
const PLACED: [(&str, &str); 6] = [
    ("exposures", "url"),
    ("exposures", "source"),
    ("outbox", "letter"),
    ("outbox", "last_error"),
    ("digest_entries", "letter"),
    ("webhook_messages", "body"),
];

/// How many of those columns PostgreSQL keeps samples of, out of which places can be read.
async fn sampled(database: &TestDatabase) -> usize {
    database.execute("ANALYZE").await;
    let samples = "SELECT s.tablename, s.attname FROM pg_stats AS s
        WHERE schemaname = 'public' AND s::text LIKE '%secret-plans%'";
    let samples = database.rows(samples).await;
    let is_known =
        |sample: &Vec<String>| PLACED.contains(&(sample[0].as_str(), sample[1].as_str()));
    assert!(samples.iter().all(is_known), "{samples:?}");
    samples.len()
}

/// A place that stood in one of them would stay in it when the row is rid of it.
#[tokio::test]
async fn postgres_samples_no_places_and_an_upgrade_removes_those_it_has() {
    if !is_postgres() {
        return;
    }
    let settings = "[webhooks]\nprivate_endpoints = true";
    let app = TestApp::builder().settings(settings).start().await;
    let all = EventTypes::all();
    let endpoint = webhooks::create(
        &app.ctx,
        Reach::Everything,
        None,
        "http://127.0.0.1:9/in",
        all,
    )
    .await;
    endpoint.unwrap();
    let token = leak(&app).await;
    for (days, lines) in [(0, 1..4), (8, 4..8)] {
        app.clock.advance(DAY * days);
        for line in lines {
            see(&app, &token, &format!("{PLACE}#L{line}")).await;
        }
    }
    let failed = format!("UPDATE outbox SET last_error = '554 {PLACE}'");
    app.database.execute(&failed).await;
    assert_eq!(sampled(&app.database).await, 0);
    let clock = app.clock.clone();
    let database = app.stop().await;

    for (table, column) in PLACED {
        let earlier = format!("ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1");
        database.execute(&earlier).await;
    }
    let earlier = "UPDATE exposures SET source = url;
        DELETE FROM _sqlx_migrations WHERE version = 32";
    database.execute(earlier).await;
    assert_eq!(sampled(&database).await, PLACED.len());

    let builder = TestApp::builder().clock(clock).database(database);
    let app = builder.start().await;
    assert_eq!(sampled(&app.database).await, 0);
}
