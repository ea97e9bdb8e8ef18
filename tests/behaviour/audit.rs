//! The audit log: what is written into it, and that nobody changes it unnoticed.

mod rows;

use std::time::Duration;

use serde_json::Value;
use tokenward::domain::audit::{self, Anchor, Check, Flaw};
use tokenward::domain::retention::{self, Ended, Rest};
use tokenward::domain::tokens::{self, TokenReference};
use tokenward::domain::users;
use tokenward::model::{Clock, RevocationReason, TokenKind};

use crate::support::{START, TestApp, TestDatabase, address, is_postgres, report_at};

const DAY: Duration = Duration::from_secs(86_400);

async fn chained(app: &TestApp) -> Check {
    audit::chain(&app.ctx).await.unwrap();
    check(app, None).await
}

async fn check(app: &TestApp, expected: Option<Anchor>) -> Check {
    let checking = audit::check(&app.ctx.db, &app.ctx.hash_keys, expected);
    checking.await.unwrap()
}

/// A log of some rows, and its head.
async fn some_rows() -> (TestApp, Anchor) {
    let app = TestApp::start().await;
    let user = app.user("ada@example.com").await;
    for number in 0..4 {
        app.personal_token(&user, &format!("token {number}")).await;
    }
    let check = chained(&app).await;
    assert_eq!(check.flaws, []);
    assert!(check.rows > 4);
    (app, check.head.unwrap())
}

/// What whoever owns the database can do.
async fn by_hand(app: &TestApp, statements: &str) {
    let disarm = match is_postgres() {
        true => "DROP TRIGGER IF EXISTS audit_log_is_append_only ON audit_log;",
        false => "DROP TRIGGER IF EXISTS audit_log_is_append_only;",
    };
    app.database.execute(&format!("{disarm}{statements}")).await;
}

async fn names(app: &TestApp) -> Vec<String> {
    let rows = app
        .rows("SELECT event FROM audit_log WHERE event <> 'origin_keys.replaced' ORDER BY id")
        .await;
    rows.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_leak_is_told_with_its_origin_key_and_request() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let token = app.token_of(TokenKind::AccessToken, &cast).await;
    let sibling = app.token_of(TokenKind::RefreshToken, &cast).await;
    let url = "https://github.com/someone/repository";
    let sender = app.github();
    let answer = sender.report(&[report_at(token.token.reveal(), url)]).await;
    assert_eq!(answer.status, 200);

    let rows = app
        .rows(
            "SELECT event, actor_kind, actor, origin, key_id, detail FROM audit_log
             WHERE request_id IS NOT NULL ORDER BY event, detail",
        )
        .await;
    let told: Vec<(&str, &str)> = rows.iter().map(|row| (&*row[0], &*row[5])).collect();
    assert_eq!(
        told,
        [
            (
                "exposure.created",
                r#"{"decided_by":"default","decision":"revoke"}"#
            ),
            (
                "token.revoked",
                r#"{"kind":"access_token","reason":"exposed"}"#
            ),
            (
                "token.revoked",
                r#"{"kind":"refresh_token","reason":"relative_exposed"}"#
            ),
        ]
    );
    for row in &rows {
        assert_eq!(row[1..4], ["origin", "github", "github"]);
        assert!(!row[4].is_empty(), "the key is named");
    }
    let about = "SELECT count(*) FROM audit_log WHERE event = 'token.revoked' AND token_id IN
         (SELECT id FROM tokens WHERE revoked_at IS NOT NULL)";
    assert_eq!(
        app.number(about).await,
        2,
        "{} and {}",
        token.id,
        sibling.id
    );
    let everything = app
        .rows("SELECT actor, origin, detail FROM audit_log")
        .await;
    let everything = everything.into_iter().flatten().collect::<String>();
    assert!(!everything.contains("github.com") && !everything.contains("someone"));
}

#[tokio::test]
async fn what_is_done_by_hand_is_told() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let token = app.token_of(TokenKind::PersonalAccessToken, &cast).await;
    users::block(&app.ctx, &address("ada@example.com"))
        .await
        .unwrap();
    users::unblock(&app.ctx, &address("ada@example.com"))
        .await
        .unwrap();
    let reference = TokenReference::Id(token.id);
    let revoking = tokens::revoke(&app.ctx, &reference, RevocationReason::Operator);
    assert!(revoking.await.unwrap());
    let names = names(&app).await;
    for name in [
        "configuration.changed",
        "hash_key.admitted",
        "user.created",
        "organization.created",
        "token.issued",
        "user.blocked",
        "user.unblocked",
        "token.revoked",
    ] {
        assert!(names.iter().any(|one| one == name), "{name}: {names:?}");
    }
    app.everything_is_in_the_audit_log().await;
}

#[tokio::test]
async fn a_transaction_that_fails_leaves_no_row() {
    let app = TestApp::start().await;
    app.user("ada@example.com").await;
    let before = names(&app).await;
    let again = users::create(&app.ctx, address("ada@example.com")).await;
    assert!(again.is_err());
    assert_eq!(names(&app).await, before);
}

#[tokio::test]
async fn rows_are_only_ever_appended() {
    let (app, _) = some_rows().await;
    let database = app.database.clone();
    let edited = tokio::spawn(async move {
        let edit = "UPDATE audit_log SET actor = 'nobody' WHERE seq = 2";
        database.execute(edit).await;
    });
    assert!(edited.await.is_err(), "the database itself refuses");
    assert_eq!(check(&app, None).await.flaws, []);
}

#[tokio::test]
async fn an_edited_row_is_found_whatever_was_edited() {
    let (app, _) = some_rows().await;
    let id = match is_postgres() {
        true => "gen_random_uuid()",
        false => "randomblob(16)",
    };
    for edit in [
        "at = at + 1".to_owned(),
        "event = 'token.issued '".to_owned(),
        "actor_kind = 'user'".to_owned(),
        "actor = 'nobody'".to_owned(),
        "origin = 'github'".to_owned(),
        "key_id = 'k'".to_owned(),
        "detail = COALESCE(detail, '') || ' '".to_owned(),
        format!("request_id = {id}"),
        format!("token_id = {id}"),
        format!("exposure_id = {id}"),
        format!("user_id = {id}"),
        format!("organization_id = {id}"),
        format!("client_id = {id}"),
    ] {
        let save = "CREATE TABLE kept AS SELECT * FROM audit_log WHERE seq = 3;";
        by_hand(
            &app,
            &format!("{save} UPDATE audit_log SET {edit} WHERE seq = 3"),
        )
        .await;
        assert_eq!(check(&app, None).await.flaws, [Flaw::Altered(3)], "{edit}");
        let restore = "DELETE FROM audit_log WHERE seq = 3;
             INSERT INTO audit_log SELECT * FROM kept; DROP TABLE kept";
        by_hand(&app, restore).await;
        assert_eq!(check(&app, None).await.flaws, [], "{edit}");
    }
}

#[tokio::test]
async fn removed_and_moved_rows_are_found() {
    let (app, head) = some_rows().await;
    by_hand(&app, "DELETE FROM audit_log WHERE seq IN (2, 3)").await;
    assert_eq!(
        check(&app, None).await.flaws,
        [Flaw::Missing { from: 2, to: 3 }]
    );

    let (app, _) = some_rows().await;
    let swap = "UPDATE audit_log SET seq = -1 WHERE seq = 2;
         UPDATE audit_log SET seq = 2 WHERE seq = 3; UPDATE audit_log SET seq = 3 WHERE seq = -1";
    by_hand(&app, swap).await;
    let flaws = check(&app, None).await.flaws;
    assert!(flaws.contains(&Flaw::Altered(2)), "{flaws:?}");

    let (app, _) = some_rows().await;
    let last = format!("DELETE FROM audit_log WHERE seq = {}", head.seq);
    by_hand(&app, &last).await;
    let flaw = Flaw::Missing {
        from: head.seq,
        to: head.seq,
    };
    assert_eq!(check(&app, None).await.flaws, [flaw]);
}

#[tokio::test]
async fn a_row_that_was_put_in_is_found() {
    let (app, head) = some_rows().await;
    let id = if is_postgres() {
        "gen_random_uuid()"
    } else {
        "randomblob(16)"
    };
    let columns = "id, at, event, actor_kind, seq, link";
    let put_in = format!(
        "INSERT INTO audit_log ({columns})
         SELECT {id}, at, event, actor_kind, seq + 1, link FROM audit_log WHERE seq = {}",
        head.seq
    );
    by_hand(&app, &put_in).await;
    assert_eq!(
        check(&app, None).await.flaws,
        [Flaw::BehindTheEnd(head.seq + 1)]
    );
}

#[tokio::test]
async fn whoever_has_no_hash_key_cannot_move_the_head() {
    let (app, head) = some_rows().await;
    // A chain that is right in itself: its last row is gone, and the head names the one before.
    let cut = format!(
        "UPDATE audit_head SET seq = seq - 1,
             link = (SELECT link FROM audit_log WHERE seq = {0} - 1);
         DELETE FROM audit_log WHERE seq = {0}",
        head.seq
    );
    by_hand(&app, &cut).await;
    assert_eq!(check(&app, None).await.flaws, [Flaw::HeadForged]);
    // Nor does the service put its name to it when more happens.
    app.user("bob@example.com").await;
    assert_eq!(chained(&app).await.flaws, [Flaw::HeadForged]);
    by_hand(&app, "DELETE FROM audit_head").await;
    assert_eq!(check(&app, None).await.flaws, [Flaw::HeadMissing]);
}

/// The log as it was before anything had happened.
const EMPTIED: &str = "DELETE FROM audit_log; UPDATE audit_head SET seq = 0, pruned_seq = 0,
     link = NOTHING, pruned_link = NOTHING, hash_key = NULL, seal = NULL;";

async fn empty(app: &TestApp) {
    let nothing = match is_postgres() {
        true => "decode(repeat('00', 32), 'hex')",
        false => "zeroblob(32)",
    };
    by_hand(app, &EMPTIED.replace("NOTHING", nothing)).await;
}

#[tokio::test]
async fn a_log_that_was_emptied_is_found_and_stays_found() {
    let (app, _) = some_rows().await;
    empty(&app).await;
    assert_eq!(check(&app, None).await.flaws, [Flaw::HeadForged]);
    app.user("bob@example.com").await;
    assert_eq!(chained(&app).await.flaws, [Flaw::HeadForged]);
    let database = app.stop().await;
    let app = TestApp::builder().database(database).start().await;
    assert_eq!(chained(&app).await.flaws, [Flaw::HeadForged]);
}

/// A database that looks as if no hash key had ever been used with it gives itself away by what else the
/// service left in it.
#[tokio::test]
async fn forgetting_the_hash_keys_as_well_does_not_hide_it() {
    let (app, _) = some_rows().await;
    let cast = app.cast("bob").await;
    let token = app.personal_token(&cast.user, "seen").await;
    let url = "https://github.com/someone/repository";
    app.github()
        .report(&[report_at(token.token.reveal(), url)])
        .await;
    let database = app.stop().await;
    let app = TestApp::builder().database(database.clone()).start().await;
    empty(&app).await;
    by_hand(&app, "DELETE FROM hash_keys").await;
    app.stop().await;
    let app = TestApp::builder().database(database).start().await;
    assert_eq!(chained(&app).await.flaws, [Flaw::HeadForged]);
}

#[tokio::test]
async fn a_database_is_vouched_for_from_its_first_moment() {
    let app = TestApp::start().await;
    let found = check(&app, None).await;
    assert_eq!((found.flaws, found.rows), (vec![], 0));
    assert!(found.loose > 0, "nobody has chained yet");
    let sealed = "SELECT count(*) FROM audit_head WHERE seal IS NOT NULL AND seq = 0";
    assert_eq!(app.number(sealed).await, 1);
}

#[tokio::test]
async fn an_older_log_that_was_put_back_is_found_by_a_noted_head() {
    let (app, _) = some_rows().await;
    let copy = "CREATE TABLE old_head AS SELECT * FROM audit_head;
         CREATE TABLE old_log AS SELECT * FROM audit_log";
    by_hand(&app, copy).await;
    app.user("bob@example.com").await;
    let noted = chained(&app).await.head.unwrap();
    assert_eq!(check(&app, Some(noted)).await.flaws, []);
    let back = "DELETE FROM audit_head; DELETE FROM audit_log;
         INSERT INTO audit_head SELECT * FROM old_head; INSERT INTO audit_log SELECT * FROM old_log";
    by_hand(&app, back).await;
    assert_eq!(check(&app, None).await.flaws, [], "it is sound in itself");
    let flaws = check(&app, Some(noted)).await.flaws;
    assert_eq!(flaws, [Flaw::AnchorDiffers(noted.seq)]);
}

#[tokio::test]
async fn many_writers_and_two_chainers_make_one_chain() {
    let app = TestApp::start().await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let ctx = app.ctx.clone();
            tokio::spawn(async move {
                for number in 0..5 {
                    let email = address(&format!("u{writer}-{number}@example.com"));
                    users::create(&ctx, email).await.unwrap();
                    audit::chain(&ctx).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let check = chained(&app).await;
    assert_eq!((check.flaws, check.loose), (vec![], 0));
    let rows = app.number("SELECT count(*) FROM audit_log").await;
    assert_eq!(check.rows, u64::try_from(rows).unwrap());
    assert_eq!(check.head.unwrap().seq, rows);
}

/// Told to stop.
struct Stopped;

impl Rest for Stopped {
    async fn rest(&self, pause: Duration) -> bool {
        assert!(pause > Duration::ZERO);
        false
    }
}

#[tokio::test]
async fn a_service_that_stops_chains_a_few_rows_and_leaves_the_rest() {
    let app = TestApp::start().await;
    let user = app.user("ada@example.com").await;
    for number in 0..25 {
        app.personal_token(&user, &format!("token {number}")).await;
    }
    let loose = "SELECT count(*) FROM audit_log WHERE seq IS NULL";
    let waiting = app.number(loose).await;
    let chained = audit::chain_in_turns(&app.ctx, &Stopped).await.unwrap();
    assert_eq!(chained, 20);
    assert_eq!(app.number(loose).await, waiting - 20);
}

struct Steady;

impl Rest for Steady {
    async fn rest(&self, _: Duration) -> bool {
        true
    }
}

#[tokio::test]
async fn what_is_past_keeping_goes_and_the_rest_stays_proven() {
    let (app, old) = some_rows().await;
    app.clock.advance(DAY * 401);
    app.user("bob@example.com").await;
    let young = chained(&app).await.head.unwrap();
    let pruned = retention::prune(&app.ctx, Ended::AuditLog, &Steady).await;
    assert_eq!(pruned.unwrap().rows, u64::try_from(old.seq).unwrap());
    let after = chained(&app).await;
    assert_eq!((after.flaws, after.first), (vec![], old.seq + 1));
    assert_eq!(check(&app, Some(young)).await.flaws, []);
    let flaws = check(&app, Some(Anchor { seq: 1, ..old })).await.flaws;
    assert_eq!(flaws, [Flaw::AnchorPruned(1)]);
    let forged = "UPDATE audit_head SET pruned_seq = pruned_seq + 1,
         pruned_link = (SELECT link FROM audit_log WHERE seq = pruned_seq + 1)";
    by_hand(&app, forged).await;
    assert_eq!(check(&app, None).await.flaws, [Flaw::HeadForged]);
}

/// A clock that was ahead for a while, and was set back, keeps nothing for as long as it was ahead.
#[tokio::test]
async fn rows_of_the_future_go_with_those_around_them() {
    let ahead = Clock::manual(START.plus(DAY * 4_000));
    let app = TestApp::builder().clock(ahead).start().await;
    let user = app.user("ada@example.com").await;
    for number in 0..60 {
        app.personal_token(&user, &format!("token {number}")).await;
    }
    let future = chained(&app).await.head.unwrap();
    assert!(future.seq > 50, "more than a batch");
    let (database, github) = (app.database.clone(), std::sync::Arc::clone(app.origin()));
    app.stop().await;

    let builder = TestApp::builder().database(database).github(github);
    let app = builder.clock(Clock::manual(START)).start().await;
    chained(&app).await;
    // Nothing says yet how old they are but what came behind them.
    let prune = async || {
        let pruned = retention::prune(&app.ctx, Ended::AuditLog, &Steady).await;
        pruned.unwrap().rows
    };
    assert_eq!(prune().await, 0);
    app.user("eve@example.com").await;
    let old = chained(&app).await.head.unwrap();
    app.clock.advance(DAY * 401);
    app.user("bob@example.com").await;
    chained(&app).await;
    assert_eq!(prune().await, u64::try_from(old.seq).unwrap());
    let after = chained(&app).await;
    assert_eq!((after.flaws, after.first), (vec![], old.seq + 1));
}

const OTHER_KEY: &str = "[tokens]\nhash_keys = [\"another-key-of-32-characters-0002\", \
     \"a-hash-key-of-32-characters-0001\"]";

#[tokio::test]
async fn the_log_outlives_the_hash_key_that_vouched_for_it() {
    let first = "[tokens]\nhash_keys = [\"a-hash-key-of-32-characters-0001\"]";
    let builder = TestApp::builder().settings(first);
    let app = builder.start().await;
    app.user("ada@example.com").await;
    chained(&app).await;
    let database = app.stop().await;
    let builder = TestApp::builder().database(database).settings(OTHER_KEY);
    let app = builder.start().await;
    let sealed_by = "SELECT hash_key FROM audit_head";
    chained(&app).await;
    let by = app.rows(sealed_by).await;
    assert_eq!(by[0][0], app.ctx.hash_keys.current().id().as_str());
    assert_eq!(check(&app, None).await.flaws, []);
    by_hand(&app, "UPDATE audit_head SET hash_key = 'gone'").await;
    let flaws = check(&app, None).await.flaws;
    assert!(matches!(flaws[..], [Flaw::KeyMissing(_)]), "{flaws:?}");
}

#[tokio::test]
async fn a_changed_configuration_is_told_by_its_keys_and_not_by_its_values() {
    async fn start(database: TestDatabase, clock: &Clock, secret: &str) -> TestApp {
        let settings = format!(
            "[brand]\nname = \"Acme\"\n[origins.gitlab_revocation]\ntoken = [\"{secret}\"]"
        );
        let builder = TestApp::builder().database(database).settings(&settings);
        clock.advance(DAY);
        builder.clock(clock.clone()).start().await
    }
    async fn told(app: &TestApp) -> Vec<Value> {
        let rows = "SELECT detail FROM audit_log WHERE event = 'configuration.changed' ORDER BY id";
        let rows = app.rows(rows).await.into_iter().flatten();
        rows.map(|text| serde_json::from_str(&text).unwrap())
            .collect()
    }
    let secret = "a-secret-of-forty-characters-0123456789-1";
    let clock = Clock::manual(START);
    let app = start(TestDatabase::fresh().await, &clock, secret).await;
    assert_eq!(told(&app).await.len(), 1);
    let app = start(app.stop().await, &clock, secret).await;
    let ports = told(&app).await.len();
    let app = start(
        app.stop().await,
        &clock,
        "a-secret-of-forty-characters-0123456789-2",
    )
    .await;
    let all = told(&app).await;
    assert_eq!(all.len(), ports + 1);
    let last = all.last().unwrap();
    let changed = last["changed"].as_array().unwrap();
    assert!(
        changed.contains(&"origins.gitlab_revocation.token".into()),
        "{changed:?}"
    );
    assert!(!changed.contains(&"brand.name".into()), "{changed:?}");
    assert!(!last.to_string().contains("a-secret-of-forty"));
}
