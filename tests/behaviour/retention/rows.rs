//! Rows that are over are deleted in time, in small batches that are found by an index.

use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tokenward::domain::exposures::owned;
use tokenward::domain::retention::{self, Ended, Pruned};
use tokenward::domain::streams::polling::{self, PollRequest};
use tokenward::domain::streams::subjects::{self, Change};
use tokenward::domain::streams::{self, WantedStream, operating};
use tokenward::domain::tokens::{TokenReference, inspect};
use tokenward::domain::webhooks::{self, Reach};
use tokenward::jobs::RevokeInBulk;
use tokenward::model::stream::{Holder, Receiver, View};
use tokenward::model::{EventTypes, Owner, PageWindow, TokenKind};
use tokenward::storage::streams as storage;
use tokenward::storage::tokens::kept;
use tokio_util::sync::CancellationToken;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::{Batches, DAY, everything};
use crate::support::{Cast, TestApp, is_postgres, report};

const SHORT_LIVED: [TokenKind; 5] = [
    TokenKind::AccessToken,
    TokenKind::RefreshToken,
    TokenKind::AuthorizationCode,
    TokenKind::CustomerSessionToken,
    TokenKind::UserSessionToken,
];

async fn prune(app: &TestApp, what: Ended) -> Pruned {
    retention::prune(&app.ctx, what, &Batches::all())
        .await
        .unwrap()
}

async fn prune_all(app: &TestApp) {
    for what in Ended::ALL {
        prune(app, what).await;
    }
}

/// How much waits, by its name.
async fn waiting(app: &TestApp, what: &str) -> u64 {
    let all = retention::backlog(&app.ctx).await.unwrap();
    let one = all.iter().find(|one| one.what == what);
    one.expect("it is counted").waiting
}

/// A token of Ada's leaks, and everybody is told.
async fn leak(app: &TestApp, cast: &Cast) {
    let token = app.personal_token(&cast.user, "deploy").await;
    app.github().report(&[report(&token.token)]).await;
    app.read_mail().await;
}

#[tokio::test]
async fn letters_and_deliveries_go_a_month_after_they_came() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    leak(&app, &cast).await;
    app.clock.advance(DAY * 29);
    prune_all(&app).await;
    let rows = async |table: &str| app.number(&format!("SELECT count(*) FROM {table}")).await;
    assert_eq!((rows("outbox").await, rows("deliveries").await), (1, 1));

    app.clock.advance(DAY * 2);
    assert_eq!(
        (
            waiting(&app, "letters").await,
            waiting(&app, "deliveries").await
        ),
        (1, 1)
    );
    let page = app.get("/metrics").await.text().await.unwrap();
    assert!(
        page.contains("tokenward_retention_backlog{what=\"letters\"} 1\n"),
        "{page}"
    );
    prune_all(&app).await;
    assert_eq!((rows("outbox").await, rows("deliveries").await), (0, 0));
    assert_eq!(
        (
            waiting(&app, "letters").await,
            waiting(&app, "deliveries").await
        ),
        (0, 0)
    );
    // What it was about stays.
    assert_eq!(rows("exposures").await, 1);
}

#[tokio::test]
async fn answers_that_may_be_asked_for_again_go_after_a_day_and_orders_much_later() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    app.personal_token(&cast.user, "deploy").await;
    let key = app.service_key("tokens:revoke").await.token;
    let request = app.http.post(format!("{}/v1/revocations/bulk", app.url));
    let request = request.header("idempotency-key", "one");
    let order = serde_json::json!({ "user_id": cast.user.id.to_string() });
    let answer = request.bearer_auth(key.reveal()).json(&order).send().await;
    assert_eq!(answer.unwrap().status(), 202);
    let job = RevokeInBulk {
        ctx: app.ctx.clone(),
        metrics: app.metrics.clone(),
    };
    job.round(&CancellationToken::new()).await.unwrap();
    let rows = async |table: &str| app.number(&format!("SELECT count(*) FROM {table}")).await;
    for (days, answers, orders) in [(0, 1, 1), (2, 0, 1), (89, 0, 0)] {
        app.clock.advance(DAY * days);
        let over = (
            waiting(&app, "idempotency_keys").await,
            waiting(&app, "bulk_revocations").await,
        );
        assert_eq!(over, ((days == 2).into(), (days == 89).into()), "{days}");
        prune_all(&app).await;
        let left = (
            rows("idempotency_keys").await,
            rows("bulk_revocations").await,
        );
        assert_eq!(left, (answers, orders), "{days}");
        assert_eq!(rows("bulk_revocation_actors").await, orders);
    }
}

#[tokio::test]
async fn endpoints_that_were_deleted_and_secrets_that_sign_no_more_are_counted() {
    let app = TestApp::start().await;
    let url = "https://hooks.example/in";
    let reach = Reach::Everything;
    // The secrets of one that is deleted go at once.
    for number in 0..=60 {
        let made = webhooks::create(&app.ctx, reach, None, url, EventTypes::all()).await;
        let id = made.unwrap().endpoint.id;
        webhooks::rotate_secret(&app.ctx, reach, id).await.unwrap();
        if number > 0 {
            webhooks::delete(&app.ctx, reach, id).await.unwrap();
        }
    }
    assert_eq!(waiting(&app, "webhooks").await, 0);
    app.clock.advance(DAY * 31);
    assert_eq!(waiting(&app, "webhooks").await, 61);
    // More than a batch, in one round.
    prune(&app, Ended::Webhooks).await;
    assert_eq!(waiting(&app, "webhooks").await, 0);
    let rows = async |table: &str| app.number(&format!("SELECT count(*) FROM {table}")).await;
    let left = (
        rows("webhook_endpoints").await,
        rows("former_webhook_secrets").await,
    );
    assert_eq!(left, (1, 0));
}

#[tokio::test]
async fn a_letter_that_waits_stays_and_a_dead_one_stays_longer() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "deploy").await;
    app.github().report(&[report(&token.token)]).await;
    app.clock.advance(DAY * 400);
    prune_all(&app).await;
    assert_eq!(app.number("SELECT count(*) FROM outbox").await, 1);
    let now = app.clock.now().as_millis();
    app.database
        .execute(&format!("UPDATE outbox SET dead_at = {now}"))
        .await;
    for (days, left) in [(89, 1), (2, 0)] {
        app.clock.advance(DAY * days);
        prune_all(&app).await;
        assert_eq!(app.number("SELECT count(*) FROM outbox").await, left);
    }
}

#[tokio::test]
async fn a_delivery_with_more_exposures_than_a_batch_goes_in_several() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let token = app.personal_token(&cast.user, "deploy").await;
    let reports: Vec<_> = (0..120)
        .map(|number| {
            let url = format!("https://github.com/acme/app/blob/main/{number}");
            crate::support::report_at(token.token.reveal(), &url)
        })
        .collect();
    app.github().report(&reports).await;
    leak(&app, &cast).await;
    app.clock.advance(DAY * 31);
    let attached = "SELECT count(*) FROM exposures WHERE delivery_id IS NOT NULL";
    let once = retention::prune(&app.ctx, Ended::Deliveries, &Batches::at_most(1)).await;
    assert_eq!((once.unwrap().rows, app.number(attached).await), (0, 91));
    assert_eq!(prune(&app, Ended::Deliveries).await.rows, 2);
    assert_eq!(app.number(attached).await, 0);
}

#[tokio::test]
async fn requests_to_sign_in_go_when_no_limit_looks_back_to_them() {
    let app = TestApp::start().await;
    let now = app.clock.now().as_millis();
    let blob = if is_postgres() {
        "'\\x00'::bytea"
    } else {
        "x'00'"
    };
    let id = if is_postgres() {
        "gen_random_uuid()"
    } else {
        "randomblob(16)"
    };
    let request = format!(
        "INSERT INTO login_codes (id, browser_digest, email, answerable, hash_key, created_at,
             expires_at, attempts)
         VALUES ({id}, {blob}, 'a@b.example', TRUE, 'x', {now}, {now}, 0)"
    );
    app.database.execute(&request).await;
    for (hours, rows) in [(2, 0), (1, 1)] {
        app.clock.advance(DAY / 24 * hours);
        assert_eq!(prune(&app, Ended::LoginCodes).await.rows, rows);
    }
}

#[tokio::test]
async fn figures_of_an_hour_go_with_it() {
    let app = TestApp::start().await;
    let counts = [(tokenward::model::Figure::Revocations, 3)].into();
    for _ in 0..2 {
        tokenward::domain::figures::note(&app.ctx, &counts)
            .await
            .unwrap();
        app.clock.advance(DAY * 300);
    }
    assert_eq!(waiting(&app, "figures").await, 1);
    assert_eq!(prune(&app, Ended::Figures).await.rows, 1);
    app.clock.advance(DAY * 200);
    assert_eq!(prune(&app, Ended::Figures).await.rows, 1);
}

#[tokio::test]
async fn what_works_and_tokens_of_other_kinds_stay_whole_however_old() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let tokens = app.tokens_of(TokenKind::ALL, &cast).await;
    app.clock.advance(DAY * 10_000);
    prune_all(&app).await;
    let kinds = app.rows("SELECT kind FROM tokens").await.concat();
    for kind in TokenKind::ALL {
        // The refresh token has no end, so it did not come to it.
        let gone = SHORT_LIVED.contains(&kind) && kind != TokenKind::RefreshToken;
        assert_eq!(
            kinds.iter().any(|kept| kept == kind.name()),
            !gone,
            "{kind}"
        );
    }
    // Either way they are known.
    let reports: Vec<_> = tokens.iter().map(report).collect();
    let labels = app.github().report(&reports).await.labels();
    assert_eq!(labels, ["true_positive"; TokenKind::ALL.len()]);
    assert_eq!(app.number("SELECT count(*) FROM spent_tokens").await, 0);
}

#[tokio::test]
async fn a_spent_token_is_inspected_by_its_text() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let token = app.token_of(TokenKind::AccessToken, &cast).await;
    let reference = TokenReference::Text(token.token);
    let before = inspect(&app.ctx, &reference).await.unwrap().known;
    app.clock.advance(DAY * 40);
    assert_eq!(
        prune(&app, Ended::Tokens(TokenKind::AccessToken))
            .await
            .rows,
        1
    );
    let after = inspect(&app.ctx, &reference).await.unwrap().known;
    assert_eq!(
        (after.token.id, after.token.kind),
        (before.token.id, before.token.kind)
    );
    assert_eq!((after.user, after.client), (before.user, before.client));
    assert_eq!(after.token.created_at, before.token.created_at);
    assert_eq!(after.token.expires_at, before.token.expires_at);
    assert_eq!(after.token.hint, before.token.hint);
    assert!(
        !everything(&app.database)
            .await
            .contains("orders:read\norders")
    );
}

#[tokio::test]
async fn hash_keys_of_spent_tokens_are_needed() {
    let old = "[tokens]\nhash_keys = ['the older key of these tests']";
    let app = TestApp::builder().settings(old).start().await;
    let cast = app.cast("ada").await;
    app.token_of(TokenKind::AccessToken, &cast).await;
    app.clock.advance(DAY * 40);
    prune_all(&app).await;
    app.database.execute("DELETE FROM tokens").await;
    let database = app.stop().await;
    let new = "[tokens]\nhash_keys = ['the newer key of these tests']";
    let builder = TestApp::builder().settings(new).database(database);
    assert!(builder.try_start().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_prune_at_once_delete_everything_once() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let kinds = std::iter::repeat_n(TokenKind::AccessToken, 230);
    let tokens = app.tokens_of(kinds, &cast).await;
    app.clock.advance(DAY * 40);
    assert_eq!(waiting(&app, "access_token").await, 230);
    let what = Ended::Tokens(TokenKind::AccessToken);
    let first = retention::prune(&app.ctx, what, &Batches::at_most(1)).await;
    assert_eq!(first.unwrap().rows, 30);
    let all = tokio::join!(prune(&app, what), prune(&app, what), prune(&app, what));
    assert_eq!(all.0.rows + all.1.rows + all.2.rows, 200);
    assert_eq!(app.number("SELECT count(*) FROM spent_tokens").await, 230);
    let reports: Vec<_> = tokens.iter().step_by(10).map(report).collect();
    let labels = app.github().report(&reports).await.labels();
    assert!(labels.iter().all(|label| label == "true_positive"));
}

/// Deliveries come while tokens are being pruned: each is answered, and truly.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_leaks_while_it_is_pruned_is_neither_lost_nor_called_false() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let kinds = std::iter::repeat_n(TokenKind::AccessToken, 600);
    let tokens = app.tokens_of(kinds, &cast).await;
    app.clock.advance(DAY * 40);
    let deliveries = async {
        for some in tokens.chunks(100) {
            let reports: Vec<_> = some.iter().map(report).collect();
            let labels = app.github().report(&reports).await.labels();
            assert!(labels.iter().all(|label| label == "true_positive"));
        }
    };
    let what = Ended::Tokens(TokenKind::AccessToken);
    tokio::join!(deliveries, prune(&app, what), prune(&app, what));
    prune(&app, what).await;
    let exposures = "SELECT count(DISTINCT token_id) FROM exposures";
    assert_eq!(app.number(exposures).await, 600);
    assert_eq!(app.number("SELECT count(*) FROM spent_tokens").await, 0);
}

/// Somebody receives events, and streams are tended.
async fn stream_events(app: &TestApp, cast: &Cast) {
    let key = app.service_key("events:receive").await;
    let receiver = Receiver {
        holder: Holder::Token(key.id),
        view: View::Everything,
        audience: key.id.to_string(),
    };
    let made = streams::create(&app.ctx, &receiver, WantedStream::default()).await;
    let stream = made.unwrap();
    let token = app.personal_token(&cast.user, "deploy").await;
    app.github().report(&[report(&token.token)]).await;
    let waiting = storage::waiting(&app.ctx.db, stream.id, 10).await.unwrap();
    assert!(!waiting.is_empty());
    let heard = PollRequest {
        acks: waiting.into_iter().map(|signal| signal.id).collect(),
        ..PollRequest::default()
    };
    polling::hear(&app.ctx, stream.id, &heard).await.unwrap();
    let subject = serde_json::json!({ "format": "opaque", "id": cast.user.id });
    let asked = (Change::Remove, &subject);
    subjects::change(&app.ctx, &receiver, stream.id, asked)
        .await
        .unwrap();
    operating::tend(&app.ctx).await.unwrap();
    operating::depth(&app.ctx).await.unwrap();
    app.deliver_events().await;
    streams::delete(&app.ctx, &receiver, stream.id)
        .await
        .unwrap();
    app.clock.advance(DAY * 100);
    prune(app, Ended::Events).await;
}

static STATEMENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static LISTENING: AtomicBool = AtomicBool::new(false);

/// Writes down what the engines are told.
struct Listener;

struct Statement(Option<String>);

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        let longer = self
            .0
            .as_ref()
            .is_none_or(|known| known.len() < value.len());
        if matches!(field.name(), "summary" | "db.statement") && longer {
            self.0 = Some(value.trim().to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Listener {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" && LISTENING.load(Ordering::SeqCst) {
            let mut statement = Statement(None);
            event.record(&mut statement);
            STATEMENTS.lock().unwrap().extend(statement.0);
        }
    }
}

/// Set where a process is there to listen, so that nobody else's statements are heard.
const CHILD: &str = "TOKENWARD_TEST_EXPLAINS_STATEMENTS";

#[test]
fn no_statement_of_retention_reads_a_table_from_end_to_end() {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "retention::rows::child_explains_statements",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let complained = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}\n{complained}");
    assert!(said.contains("1 passed"), "{said}\n{complained}");
}

/// What pages ask of the database for a person and for their organization.
async fn look_at_ones_own(app: &TestApp, cast: &Cast) {
    let (db, now) = (&app.ctx.db, app.clock.now());
    let window = PageWindow { page: 1, limit: 25 };
    for owner in [
        Owner::User(cast.user.id),
        Owner::Organization(cast.organization.id),
    ] {
        owned::list(&app.ctx, owner, None, 20).await.unwrap();
        kept::list_standing(db, owner, now, window).await.unwrap();
        kept::count_standing(db, owner, now).await.unwrap();
        let since = now.minus(DAY * 90);
        kept::list_ended(db, owner, since, now, 100).await.unwrap();
    }
}

/// Parts of what retention says at least once.
const HEARD: [&str; 23] = [
    "UPDATE exposures\n         SET url = NULL",
    "UPDATE outbox\n         SET letter",
    "INSERT INTO spent_tokens",
    "DELETE FROM tokens",
    "DELETE FROM grants",
    "DELETE FROM sessions",
    "DELETE FROM outbox",
    "DELETE FROM deliveries",
    "DELETE FROM event_messages",
    "DELETE FROM event_streams",
    "DELETE FROM event_stream_subjects",
    "INSERT INTO event_messages",
    "event_stream_subjects AS e",
    "DELETE FROM limit_uses",
    "DELETE FROM login_codes",
    "DELETE FROM logout_notices",
    "DELETE FROM leaked_uses",
    "DELETE FROM former_webhook_secrets",
    "SET registered_from = NULL",
    "type = 'exposure.attempted'",
    "SET needed_at",
    "DELETE FROM spent_tokens",
    "UNION ALL",
];

#[tokio::test]
async fn child_explains_statements() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    tracing_subscriber::registry()
        .with(Listener)
        .try_init()
        .unwrap();
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    leak(&app, &cast).await;
    let tokens = app.tokens_of(SHORT_LIVED, &cast).await;
    let leaked = app.token_of(TokenKind::AccessToken, &cast).await;
    app.github().report(&[report(&leaked.token)]).await;
    app.tokens_of(SHORT_LIVED, &cast).await;
    app.read_mail().await;
    app.clock.advance(DAY * 100);
    LISTENING.store(true, Ordering::SeqCst);
    retention::scrub(&app.ctx, &Batches::all()).await.unwrap();
    prune_all(&app).await;
    stream_events(&app, &cast).await;
    retention::backlog(&app.ctx).await.unwrap();
    app.github().report(&[report(&tokens[0])]).await;
    look_at_ones_own(&app, &cast).await;
    // SQLite's threads tell of a statement a little after its answer.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    LISTENING.store(false, Ordering::SeqCst);
    let mut statements = STATEMENTS.lock().unwrap().clone();
    statements.sort_unstable();
    statements.dedup();
    for part in HEARD {
        assert!(
            statements.iter().any(|one| one.contains(part)),
            "{part} was not heard"
        );
    }
    let mut offences = String::new();
    for statement in &statements {
        offences.push_str(&offence(&app, statement).await);
    }
    assert!(offences.is_empty(), "{offences}");
}

/// What may be read from end to end: sets that we pass, what a statement made itself, an index that
/// holds only what is to be read, and endpoints of webhooks, which are few, where none is active.
const HARMLESS: [&str; 12] = [
    "json_each",
    "CONSTANT ROW",
    "exposures_unsealed",
    "exposures_unowned",
    "event_streams_active",
    "event_streams_push",
    "event_messages_waiting",
    "webhook_endpoints_active",
    "webhook_endpoints_failing",
    "SCAN due",
    "SCAN step",
    "SCAN (",
];

/// What a statement reads from end to end, with its plan.
async fn offence(app: &TestApp, statement: &str) -> String {
    let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
    let is_one = verbs.iter().any(|verb| statement.starts_with(verb));
    // What revokes is written for few rows and for many: docs/performance.md.
    let not_ours = ["pg_advisory", "doomed"];
    if !is_one || not_ours.iter().any(|part| statement.contains(part)) {
        return String::new();
    }
    let plan = plan(app, statement).await;
    let guilty = plan.iter().enumerate().find(|(number, line)| {
        let own = plan.iter().skip(number + 1);
        let mut own = own.take_while(|line| !line.contains("->") && !line.contains("Plan"));
        let reads_all = match is_postgres() {
            true => {
                let by_index = line.contains("Index") && line.contains(" Scan using ");
                let unbounded = by_index && !own.any(|line| line.contains("Index Cond:"));
                line.contains("Seq Scan on") || unbounded
            }
            false => line.starts_with("SCAN "),
        };
        reads_all && !HARMLESS.iter().any(|known| line.contains(known))
    });
    guilty.map_or_else(String::new, |(_, line)| {
        format!("{line}\nof\n{}\nfor\n{statement}\n\n", plan.join("\n"))
    })
}

/// How the engine means to do it.
async fn plan(app: &TestApp, statement: &str) -> Vec<String> {
    if !is_postgres() {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let rows = app.rows(&explain).await;
        return rows.into_iter().map(|mut row| row.remove(3)).collect();
    }
    let most = (1..=20)
        .rev()
        .find(|number| statement.contains(&format!("${number}")));
    let nulls = vec!["NULL"; most.unwrap_or_default()].join(", ");
    let arguments = if nulls.is_empty() {
        nulls
    } else {
        format!("({nulls})")
    };
    app.database
        .rows_after(
            &[
                "SET enable_seqscan = off",
                "SET plan_cache_mode = force_generic_plan",
                &format!("PREPARE asked AS {statement}"),
            ],
            &format!("EXPLAIN EXECUTE asked{arguments}"),
        )
        .await
        .concat()
}
