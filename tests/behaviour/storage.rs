//! The database: brought up to date or refused, the same on both engines, and what each table
//! promises to those who use it.

mod schema;
mod tables;

use std::os::unix::fs::PermissionsExt;

use tokenward::storage::{MigrationError, newest_version};

use crate::support::{Child, Errand, TestApp, TestDatabase, fresh_path, is_postgres};

const BY_HAND: &str = "[database]\nmigrate_on_start = false";

/// Why the service does not start.
async fn refusal(database: &TestDatabase, settings: &str) -> anyhow::Error {
    let builder = TestApp::builder().database(database.clone());
    match builder.settings(settings).try_start().await {
        Ok(_) => panic!("the service was to refuse this database"),
        Err(error) => error,
    }
}

async fn start_on(database: &TestDatabase) -> TestApp {
    let builder = TestApp::builder().database(database.clone());
    builder.start().await
}

async fn applied(database: &TestDatabase) -> i64 {
    let rows = database
        .rows("SELECT count(*) FROM _sqlx_migrations WHERE success")
        .await;
    rows[0][0].parse().unwrap()
}

#[tokio::test]
async fn starting_migrates_an_empty_database_and_starting_again_changes_nothing() {
    let database = start_on(&TestDatabase::fresh().await).await.stop().await;
    assert_eq!(applied(&database).await, newest_version());
    let before = schema::columns(&database).await;

    let app = start_on(&database).await;
    app.user("ada@example.com").await;
    let database = app.stop().await;

    assert_eq!(applied(&database).await, newest_version());
    assert_eq!(schema::columns(&database).await, before);
}

#[tokio::test]
async fn processes_that_start_at_once_on_an_empty_database_all_start() {
    for _ in 0..5 {
        let errand = Errand::on(&TestDatabase::fresh().await);
        let all = tokio::join!(
            Child::try_start(&errand),
            Child::try_start(&errand),
            Child::try_start(&errand),
        );
        for child in [all.0, all.1, all.2] {
            child.expect("every replica starts").kill().await;
        }
        let database = TestDatabase::at(&errand.database);
        assert_eq!(applied(&database).await, newest_version());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_in_one_process_all_start() {
    for _ in 0..5 {
        let database = TestDatabase::fresh().await;
        let builder = || TestApp::builder().database(database.clone());
        let (one, two) = tokio::join!(builder().try_start(), builder().try_start());
        one.expect("the first replica starts");
        two.expect("the second replica starts");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_not_touched() {
    let database = start_on(&TestDatabase::fresh().await).await.stop().await;
    let checksum = if is_postgres() {
        "'\\x00'::bytea"
    } else {
        "x'00'"
    };
    let newer = format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'from the future', TRUE, {checksum}, 0)"
    );
    database.execute(&newer).await;

    for settings in ["", BY_HAND] {
        let error = refusal(&database, settings).await;
        let message = format!("{error:#}");
        assert!(
            matches!(
                error.downcast_ref(),
                Some(MigrationError::Newer { database: 999, .. })
            ),
            "{message}"
        );
        assert!(message.contains("has schema version 999"), "{message}");
        assert!(message.contains("or a newer one"), "{message}");
    }
    assert_eq!(applied(&database).await, newest_version() + 1);
}

#[tokio::test]
async fn where_only_operators_migrate_an_empty_or_older_database_is_refused() {
    let database = TestDatabase::fresh().await;
    let message = format!("{:#}", refusal(&database, BY_HAND).await);
    assert!(message.contains("has schema version 0"), "{message}");
    assert!(message.contains("run `tokenward migrate`"), "{message}");

    let database = start_on(&database).await.stop().await;
    let before_last = newest_version() - 1;
    // The last one does no harm when it is applied to what it made.
    let older = "DELETE FROM _sqlx_migrations
         WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
    database.execute(older).await;
    let message = format!("{:#}", refusal(&database, BY_HAND).await);
    assert!(
        message.contains(&format!("has schema version {before_last}")),
        "{message}"
    );

    let database = start_on(&database).await.stop().await;
    let builder = TestApp::builder().database(database).settings(BY_HAND);
    builder.start().await;
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind() {
    let database = TestDatabase::fresh().await;
    // In the way of the third statement of migration 4.
    database.execute("CREATE TABLE outbox (id BIGINT)").await;

    let error = refusal(&database, "").await;

    assert!(
        matches!(error.downcast_ref(), Some(MigrationError::Failed(_))),
        "{error:#}"
    );
    assert_eq!(applied(&database).await, 3);
    let columns = schema::columns(&database).await;
    assert!(columns.iter().any(|column| column.starts_with("tokens.")));
    assert!(
        !columns
            .iter()
            .any(|column| column.starts_with("deliveries.")),
        "{columns:?}"
    );

    database.execute("DROP TABLE outbox").await;
    let database = start_on(&database).await.stop().await;
    assert_eq!(applied(&database).await, newest_version());
}

/// Migration 37 changes types of columns on SQLite: of our tables only.
#[tokio::test]
async fn tables_of_others_in_the_same_database_stay_as_they_are() {
    let database = TestDatabase::fresh().await;
    database
        .execute("CREATE TABLE invoices (id UUID PRIMARY KEY)")
        .await;
    start_on(&database).await.stop().await;
    let of_column = match is_postgres() {
        true => "SELECT data_type FROM information_schema.columns WHERE table_name = 'invoices'",
        false => "SELECT lower(type) FROM pragma_table_info('invoices')",
    };
    assert_eq!(database.rows(of_column).await, [["uuid"]]);
}

#[tokio::test]
async fn a_migration_that_reads_differently_now_is_refused() {
    let database = start_on(&TestDatabase::fresh().await).await.stop().await;
    let checksum = if is_postgres() {
        "'\\x00'::bytea"
    } else {
        "x'00'"
    };
    let changed = format!("UPDATE _sqlx_migrations SET checksum = {checksum} WHERE version = 3");
    database.execute(&changed).await;
    let error = refusal(&database, "").await;
    assert!(
        matches!(error.downcast_ref(), Some(MigrationError::Changed(3))),
        "{error:#}"
    );
}

#[tokio::test]
async fn a_database_file_and_its_folder_belong_to_their_owner_alone() {
    if is_postgres() {
        return;
    }
    let folder = fresh_path("folder").join("data");
    let file = folder.join("tokenward.db");
    let database = TestDatabase::at(&format!("sqlite://{}", file.display()));
    let app = start_on(&database).await;
    app.user("ada@example.com").await;

    let mode = |path: &std::path::Path| {
        let permissions = std::fs::metadata(path).unwrap().permissions();
        permissions.mode() & 0o777
    };
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&folder.join("tokenward.db-wal")), 0o600);
    assert_eq!(app.rows("PRAGMA journal_mode").await[0][0], "wal");
}
