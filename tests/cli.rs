//! The command line: the real binary, run in an empty folder on a fresh database.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

#[path = "cli/alert.rs"]
mod alert;
#[path = "cli/audit.rs"]
mod audit;
#[path = "cli/audit_rows.rs"]
mod audit_rows;
#[path = "cli/clients.rs"]
mod clients;
#[path = "cli/exposure.rs"]
mod exposure;
#[path = "cli/known.rs"]
mod known;
#[path = "cli/operators.rs"]
mod operators;
#[path = "support/place.rs"]
mod place;
#[path = "cli/policy.rs"]
mod policy;
#[path = "cli/quarantine.rs"]
mod quarantine;
#[path = "cli/retention.rs"]
mod retention;
#[path = "cli/revoke.rs"]
mod revoke;
#[path = "cli/stream.rs"]
mod stream;
#[path = "cli/webhooks.rs"]
mod webhooks;

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use place::Place;
use serde_json::{Value, json};
use tokenward::config::Settings;
use tokenward::domain::exposures;
use tokenward::model::letter::{Addressee, Letter, LetterToken, Outcome, TokenExposed};
use tokenward::model::{Clock, Delivery, Id, Origin, Report, ReportedText, Timestamp};
use tokenward::storage::outbox::{self, NewLetter, Settlement};
use tokenward::storage::{ConnectOptions, Db};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A place with a user and a token of theirs: its id and text.
fn place_with_token() -> (Place, String, String) {
    let place = Place::new();
    place.object(&["user", "create", "--email", ADA]);
    let made = place.object(&create_token("repo:read repo:write"));
    let (id, token) = (
        text(&made["id"]).to_owned(),
        text(&made["token"]).to_owned(),
    );
    (place, id, token)
}

fn create_token(scopes: &str) -> [&str; 10] {
    const KIND: &str = "personal_access_token";
    [
        "token", "create", "--kind", KIND, "--user", ADA, "--name", "CI", "--scopes", scopes,
    ]
}

#[test]
fn help_tells_the_exit_codes_and_version_the_version() {
    let place = Place::new();
    let help = place.run(&["help"]);
    assert!(help.code == 0 && help.out.contains("Exit codes:") && help.out.contains("130"));
    let version = place.run(&["--version"]);
    assert_eq!(
        version.out,
        concat!("tokenward ", env!("CARGO_PKG_VERSION"), "\n")
    );
    assert_eq!(place.run(&["dance"]).code, 2);
    let wrong = place.run(&["user", "create", "--json"]);
    let error: Value = serde_json::from_str(&wrong.err).unwrap();
    assert!(text(&error["error"]).contains("--email"), "{}", wrong.err);
}

#[test]
fn the_interface_is_described_without_a_configuration_that_works() {
    let mut place = Place::new();
    place.set("TOKENWARD__SERVER__LISTEN", "nowhere");
    let document = place.object(&["openapi"]);
    assert!(document["paths"]["/v1/oauth2/introspect"]["post"].is_object());
}

#[test]
fn a_token_is_shown_once_and_only_to_whoever_made_it() {
    let (place, id, token) = place_with_token();
    let people = place.run(&create_token(""));
    assert!(people.out.contains("polar_pat_") && people.out.contains("shown this once"));
    for arguments in [
        &["token", "list", "--user", ADA][..],
        &["token", "list", "--kind", "personal_access_token", "--json"],
        &["token", "inspect", "--id", &id],
        &["token", "inspect", "--id", &id, "--json"],
    ] {
        let said = place.run(arguments);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains(&id), "{}", said.out);
        assert!(!said.out.contains(&token[..20]), "{}", said.out);
    }
}

#[test]
fn a_token_is_inspected_and_revoked_by_its_text_and_dies_once() {
    let (place, id, token) = place_with_token();
    let input = format!("  {token}\r\n");
    let seen = place.feed(&input, &["token", "inspect", "--json"]).object();
    assert_eq!(
        (&seen["id"], &seen["state"], &seen["user"], &seen["scopes"]),
        (
            &json!(id),
            &json!("live"),
            &json!(ADA),
            &json!(["repo:read", "repo:write"])
        )
    );
    let first = place.feed(&input, &["token", "revoke", "--json"]).object();
    let second = place.feed(&input, &["token", "revoke", "--json"]).object();
    assert_eq!(
        (&first["revoked"], &second["revoked"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(first["revoked_at"], second["revoked_at"]);
    let third = place.run(&["token", "revoke", "--id", &id]);
    assert!(third.code == 0 && third.out.contains("was revoked already"));
    let seen = place.object(&["token", "inspect", "--id", &id]);
    assert_eq!(
        (&seen["state"], &seen["revoked_reason"], &seen["exposures"]),
        (&json!("revoked"), &json!("operator"), &json!([]))
    );
}

#[test]
fn what_is_no_token_of_ours_is_said_clearly() {
    let (mut place, ..) = place_with_token();
    let unknown = place.feed("polar_pat_unknown", &["token", "revoke"]);
    assert_eq!(
        (unknown.code, unknown.err.as_str()),
        (1, "error: there is no such token\n")
    );
    let empty = place.feed("\n", &["token", "inspect", "--json"]);
    let error: Value = serde_json::from_str(&empty.err).unwrap();
    assert!(empty.code == 1 && text(&error["error"]).contains("standard input is empty"));
    // As an argument a token is refused, and not repeated, whatever the brand's prefix is.
    place.set("TOKENWARD__TOKENS__PREFIX", "acme_");
    place.object(&["user", "create", "--email", BOB]);
    let secret = "0123456789abcdefghijABCDEFGHIJ0123456789abc";
    let token = format!("acme_pat_{secret}");
    for arguments in [
        &["token", "inspect", &token][..],
        &["token", "revoke", "--id", &token],
    ] {
        let said = place.run(arguments);
        assert_eq!(said.code, 2);
        assert!(said.err.contains("acme_pat_[redacted]"), "{}", said.err);
        assert!(!said.err.contains(secret));
    }
}

#[test]
fn organizations_have_members_and_tokens_and_can_be_shut_out() {
    let place = Place::new();
    let run = |line: &str| place.object(&line.split(' ').collect::<Vec<_>>());
    run("user create --email ada@example.com");
    run("user create --email bob@example.com");
    let new = "organization create --slug acme --name Acme --owner ada@example.com";
    assert!(run(new)["id"].is_string());
    let member = "organization add-member --slug acme --email bob@example.com --role admin";
    assert_eq!(run(member)["role"], "admin");
    run(
        "token create --kind organization_access_token --organization acme --user bob@example.com \
         --name deploy --scopes deploy --expires-in 30d",
    );
    let state = || {
        let listed = run("token list --organization acme");
        assert!(listed["expires_at"].is_string() && listed["user"] == BOB);
        text(&listed["state"]).to_owned()
    };
    assert_eq!(state(), "live");
    run("user block --email bob@example.com");
    assert_eq!(state(), "live", "its maker's account does not matter");
    run("organization block --slug acme");
    assert_eq!(state(), "suspended");
    run("organization unblock --slug acme");
    assert_eq!(state(), "live");
    let again = place.run(&new.split(' ').collect::<Vec<_>>());
    let taken = "error: there is an organization with this slug already\n";
    assert_eq!((again.code, again.err.as_str()), (1, taken));
}

#[test]
fn an_inspection_tells_where_a_token_was_seen() {
    let (place, id, token) = place_with_token();
    report(&place, &token);
    let seen = place.object(&["token", "inspect", "--id", &id]);
    assert_eq!(seen["revoked_reason"], "exposed");
    let exposure = &seen["exposures"][0];
    assert_eq!(
        (
            &exposure["url"],
            &exposure["reported_by"],
            &exposure["state_before"],
        ),
        (&json!(PLACE), &json!("github"), &json!("live"))
    );
    let people = place.run(&["token", "inspect", "--id", &id]).out;
    assert!(
        people.contains(PLACE) && people.contains("reason: exposed"),
        "{people}"
    );
}

const PLACE: &str = "https://github.com/acme/shop/blob/main/.env";

fn report(place: &Place, token: &str) {
    report_since(place, token, Duration::ZERO);
}

/// Handles a report as the service did so long ago, once a signature was proven. Tells when.
#[tokio::main(flavor = "current_thread")]
async fn report_since(place: &Place, token: &str, ago: Duration) -> Timestamp {
    let (at, new) = deliver(place, token, ago, "").await;
    assert_eq!(new, 1);
    at
}

/// The same under another configuration. Tells how many places were new.
#[tokio::main(flavor = "current_thread")]
async fn report_under(place: &Place, token: &str, settings: &str) -> usize {
    deliver(place, token, Duration::ZERO, settings).await.1
}

async fn deliver(place: &Place, token: &str, ago: Duration, more: &str) -> (Timestamp, usize) {
    let settings = Settings::from_overlay(&format!(
        "database.url = '{}'\ntokens.hash_key_file = '{}'\n{more}",
        place.database_url(),
        place.path().join("data/hash_keys").display()
    ));
    let ctx = tokenward::app::open(&settings.unwrap()).await.unwrap();
    let now = ctx.clock.now().minus(ago);
    let delivery = Delivery {
        id: Id::new(now),
        origin: Origin::GITHUB,
        key_id: "test".to_owned(),
        body_digest: Some([7; 32]),
        received_at: now,
        reports: vec![Report {
            text: ReportedText::new(token.as_bytes().to_vec()),
            url: Some(PLACE.to_owned()),
            source: Some("content".to_owned()),
        }],
    };
    let handled = exposures::handle(&ctx, &delivery).await.unwrap();
    ctx.db.close().await;
    (now, handled.new_exposures)
}

async fn open(place: &Place) -> Db {
    let options = ConnectOptions {
        url: place.database_url().parse().unwrap(),
        max_connections: 2,
        acquire_timeout: Duration::from_secs(5),
    };
    Db::connect(&options).await.unwrap()
}

/// Changes the database by hand.
#[tokio::main(flavor = "current_thread")]
async fn change(place: &Place, statements: &[&str]) {
    use sqlx::Connection as _;
    let url = place.database_url();
    let queries = statements
        .iter()
        .map(|statement| sqlx::AssertSqlSafe((*statement).to_owned()));
    if url.starts_with("sqlite:") {
        let mut c = sqlx::SqliteConnection::connect(&url).await.unwrap();
        for query in queries {
            sqlx::query(query).execute(&mut c).await.unwrap();
        }
        c.close().await.unwrap();
    } else {
        let mut c = sqlx::PgConnection::connect(&url).await.unwrap();
        for query in queries {
            sqlx::query(query).execute(&mut c).await.unwrap();
        }
        c.close().await.unwrap();
    }
}

#[test]
fn a_list_goes_on_behind_the_last_one_shown() {
    let (place, first, _) = place_with_token();
    place.object(&create_token(""));
    let page = ["token", "list", "--user", ADA, "--limit", "1"];
    assert_eq!(text(&place.object(&page)["id"]), first);
    let rest = place.object(&[&page[..], &["--after", &first]].concat());
    assert!(text(&rest["id"]) > first.as_str());
    assert!(place.run(&page).out.contains(&format!("--after {first}")));
}

#[test]
fn check_config_tells_every_problem_at_once() {
    let mut place = Place::new();
    let file = place.path().join("wrong.toml");
    std::fs::write(&file, "[server]\nlisen = 1\n[mail]\nfrom = 'nobody'\n").unwrap();
    place.set("TOKENWARD_CONFIG", file.to_str().unwrap());
    let said = place.run(&["check-config"]);
    assert_eq!(
        (said.code, said.out.lines().count()),
        (1, 2),
        "{}",
        said.out
    );
    assert!(said.out.contains("server.lisen") && said.out.contains("mail.from"));
    assert_eq!(said.err, "error: the configuration has 2 problems\n");
    let json = place.run(&["check-config", "--json"]);
    let lines = json.out.lines();
    let keys: Vec<Value> = lines.map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(keys[0]["key"], "server.lisen");
    // Every other command refuses with the same list.
    let refused = place.run(&["migrate", "--json"]);
    let error: Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!(
        (refused.code, error["problems"].as_array().unwrap().len()),
        (1, 2)
    );
}

#[test]
fn check_config_explains_every_key_without_secrets_and_makes_nothing() {
    let mut place = Place::new();
    place.set("TOKENWARD__MAIL__URL", "smtps://robot:hunter2@mail.example");
    let lines = place.run(&["check-config", "--json"]).objects();
    let mail = lines.iter().find(|line| line["key"] == "mail.url").unwrap();
    assert_eq!(mail["from"], "TOKENWARD__MAIL__URL");
    assert!(!mail.to_string().contains("hunter2") && !text(&mail["why"]).is_empty());
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn check_config_reads_the_files_that_the_configuration_names() {
    let mut place = Place::new();
    std::fs::write(place.path().join("dkim.pem"), "no key").unwrap();
    std::fs::write(place.path().join("hash_keys"), "short\n").unwrap();
    for (key, value) in [
        ("MAIL__DKIM_DOMAIN", "example.com"),
        ("MAIL__DKIM_SELECTOR", "s1"),
        ("MAIL__DKIM_KEY_FILE", "dkim.pem"),
        ("TOKENS__HASH_KEY_FILE", "hash_keys"),
    ] {
        place.set(&format!("TOKENWARD__{key}"), value);
    }
    let said = place.run(&["check-config"]);
    assert_eq!(
        (said.code, said.err.as_str()),
        (1, "error: the configuration has 2 problems\n")
    );
    assert!(said.out.contains("dkim.pem") && said.out.contains("a line of hash_keys"));
}

#[test]
fn that_nobody_reads_the_output_is_no_error() {
    let place = Place::new();
    let mut command = place.command(&["check-config"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

#[test]
fn migrate_tells_from_where_to_where_and_refuses_a_newer_database() {
    let place = Place::new();
    let first = place.object(&["migrate"]);
    assert!(first["from"] == 0 && first["to"].as_i64() > Some(0));
    assert_eq!(place.object(&["migrate"])["from"], first["to"]);
    pretend_to_be_newer(&place.database_url());
    let refused = place.run(&["migrate"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.contains("schema version 999"),
        "{}",
        refused.err
    );
    assert_eq!(place.run(&["user", "create", "--email", ADA]).code, 1);
}

#[tokio::main(flavor = "current_thread")]
async fn pretend_to_be_newer(url: &str) {
    use sqlx::Connection as _;
    const STATEMENT: &str = "INSERT INTO _sqlx_migrations
             (version, description, success, checksum, execution_time)
         SELECT 999, description, success, checksum, execution_time
         FROM _sqlx_migrations
         WHERE version = 1";
    if url.starts_with("sqlite:") {
        let mut c = sqlx::SqliteConnection::connect(url).await.unwrap();
        sqlx::query(STATEMENT).execute(&mut c).await.unwrap();
        c.close().await.unwrap();
    } else {
        let mut c = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query(STATEMENT).execute(&mut c).await.unwrap();
        c.close().await.unwrap();
    }
}

#[test]
fn rotating_the_hash_key_loses_no_token() {
    let (place, id, token) = place_with_token();
    let before = place.object(&["keys", "list"]);
    assert_eq!(
        (&before["current"], &before["tokens"]),
        (&json!(true), &json!(1))
    );
    // What leaked once may be reported again: a dead token needs its key as well.
    place.object(&["token", "revoke", "--id", &id]);
    assert_eq!(place.object(&["keys", "list"])["tokens"], json!(1));
    assert!(place.run(&["keys", "list"]).out.contains("  TOKENS\n"));
    let rotated = place.object(&["keys", "rotate"]);
    assert_ne!(rotated["current"], before["id"]);
    let seen = place.feed(&token, &["token", "inspect", "--json"]).object();
    assert_eq!(seen["id"], json!(id));
    let keys = place.run(&["keys", "list", "--json"]).objects();
    assert_eq!(keys.len(), 2);
    assert!(
        keys.iter()
            .any(|key| key["id"] == rotated["current"] && key["current"] == true)
    );
    assert!(
        keys.iter()
            .any(|key| key["id"] == before["id"] && key["current"] == false)
    );
    let kept = place.run(&["keys", "forget", text(&before["id"]), "--yes"]);
    assert!(
        kept.code == 1 && kept.err.contains("is configured here"),
        "{}",
        kept.err
    );
}

#[test]
fn losing_tokens_with_a_hash_key_must_be_said_out_loud() {
    let mut place = Place::new();
    let (old, new) = ("an old key of some length", "a new key of some length");
    place.set("TOKENWARD__TOKENS__HASH_KEYS", old);
    place.object(&["user", "create", "--email", ADA]);
    let token = place.object(&create_token(""));
    place.set("TOKENWARD__TOKENS__HASH_KEYS", &format!("{new},{old}"));
    place.object(&["user", "create", "--email", BOB]);
    place.set("TOKENWARD__TOKENS__HASH_KEYS", new);
    let refused = place.run(&["token", "list", "--user", ADA]);
    let keys = place.run(&["keys", "list", "--json"]).objects();
    let lost = keys.iter().find(|key| key["configured"] == false).unwrap();
    let lost = text(&lost["id"]);
    assert!(refused.code == 1 && refused.err.contains(&format!("keys forget {lost}")));
    let asked = place.run(&["keys", "forget", lost]);
    assert!(
        asked.code == 1
            && asked.err.contains("loses 1 of the stored tokens")
            && asked.err.contains("--yes")
    );
    let unknown = place.run(&["keys", "forget", "feedfeedfeedfeed", "--yes"]);
    assert!(unknown.code == 1 && unknown.err.contains("never used with"));
    assert_eq!(
        place.object(&["keys", "forget", lost, "--yes"])["lost_tokens"],
        1
    );
    let gone = place.feed(text(&token["token"]), &["token", "inspect"]);
    assert_eq!(gone.err, "error: there is no such token\n");
}

#[test]
fn keys_of_a_database_that_is_not_there_are_not_made() {
    let place = Place::new();
    let said = place.run(&["keys", "list"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.starts_with("error: "), "{}", said.err);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn dead_letters_are_listed_and_brought_back() {
    let (place, ..) = place_with_token();
    assert!(
        place
            .run(&["outbox", "list"])
            .out
            .contains("No letter waits")
    );
    let id = leave_a_dead_letter(&place.database_url());
    let listed = place.object(&["outbox", "list"]);
    assert_eq!(
        (
            &listed["id"],
            &listed["kind"],
            &listed["state"],
            &listed["recipient"],
            &listed["last_error"]
        ),
        (
            &json!(id),
            &json!("token_exposed"),
            &json!("dead"),
            &json!(ADA),
            &json!("550 no such mailbox")
        )
    );
    assert_eq!(
        place.object(&["outbox", "requeue", "--id", &id])["requeued"],
        1
    );
    let listed = place.object(&["outbox", "list"]);
    assert_eq!(
        (&listed["state"], &listed["attempts"]),
        (&json!("waiting"), &json!(0))
    );
    let again = place.run(&["outbox", "requeue", "--id", &id]);
    assert_eq!(again.err, "error: there is no dead letter with this id\n");
    assert_eq!(place.object(&["outbox", "requeue", "--all"])["requeued"], 0);
    assert_eq!(place.run(&["outbox", "requeue"]).code, 2);
}

#[tokio::main(flavor = "current_thread")]
async fn leave_a_dead_letter(url: &str) -> String {
    let options = ConnectOptions {
        url: url.parse().unwrap(),
        max_connections: 2,
        acquire_timeout: Duration::from_secs(5),
    };
    let db = Db::connect(&options).await.unwrap();
    let now = Clock::System.now();
    let new = NewLetter {
        id: Id::new(now),
        exposure: None,
        recipient: ADA.parse().unwrap(),
        letter: letter(now),
    };
    let id = new.id.to_string();
    let mut tx = db.begin().await.unwrap();
    outbox::insert(&mut tx, &[new], 0, now).await.unwrap();
    let until = now.plus(Duration::from_secs(60));
    let claimed = outbox::claim(&mut tx, 1, now, until).await.unwrap();
    let error = "550 no such mailbox".to_owned();
    let dead = Settlement::Dead { at: now, error };
    assert!(outbox::settle(&mut tx, &claimed[0], &dead).await.unwrap());
    tx.commit().await.unwrap();
    db.close().await;
    id
}

fn letter(at: tokenward::model::Timestamp) -> Letter {
    Letter::TokenExposed(Box::new(TokenExposed {
        token: LetterToken {
            id: "1".to_owned(),
            kind: "personal_access_token".to_owned(),
            name: None,
            hint: "wxyz".to_owned(),
            scopes: Vec::new(),
            organization: None,
            client: None,
            customer: None,
            created_at: at,
            expires_at: None,
            last_used_at: None,
            last_used_from: None,
        },
        addressee: Addressee::Owner,
        reported_by: "GitHub".to_owned(),
        url: None,
        source: None,
        seen_at: at,
        outcome: Outcome::Revoked { at },
        relatives_revoked: 0,
        leaked_before: None,
        copied_from: None,
    }))
}

#[test]
fn a_token_that_is_revoked_by_hand_is_dead_for_the_running_service() {
    let (place, id, token) = place_with_token();
    let service = place.serve();
    let scopes = "tokens:introspect tokens:revoke";
    let key = ["service-key", "create", "--name", "api", "--scopes", scopes];
    let key = place.object(&key);
    let key = text(&key["token"]);
    let answer = service.introspect(key, &token);
    assert_eq!(
        (&answer["active"], &answer["jti"]),
        (&json!(true), &json!(id))
    );
    place.object(&["token", "revoke", "--id", &id]);
    assert_eq!(service.introspect(key, &token), json!({ "active": false }));
    let inside = ["--network", "10.0.0.0/8", "--network", "::1"];
    let limited = [
        "service-key",
        "create",
        "--name",
        "gateway",
        "--scopes",
        scopes,
    ];
    let limited = place.object(&[&limited[..], &inside].concat());
    let shown = place.object(&["token", "inspect", "--id", text(&limited["id"])]);
    assert_eq!(shown["networks"], json!(["10.0.0.0/8", "::1"]));
    let wrong = [
        "--name",
        "x",
        "--scopes",
        scopes,
        "--network",
        "10.0.0.0/33",
    ];
    assert_eq!(
        place
            .run(&[&["service-key", "create"][..], &wrong].concat())
            .code,
        2
    );
    place.object(&["token", "revoke", "--id", text(&limited["id"])]);

    let listed = &place.run(&["service-key", "list", "--json"]).objects()[0];
    assert_eq!(
        (&listed["kind"], &listed["name"]),
        (&json!("service_key"), &json!("api"))
    );

    let url = format!("http://{}/healthz", service.address);
    assert_eq!(place.object(&["healthcheck", "--url", &url])["status"], 200);
    let elsewhere = format!("http://{}/nothing", service.address);
    let not_found = place.run(&["healthcheck", "--url", &elsewhere]);
    assert!(not_found.code == 1 && not_found.err.contains("answers 404"));
    service.signal("TERM");
    assert_eq!(service.end(), 0);
    assert_eq!(place.run(&["healthcheck", "--url", &url]).code, 1);
}

#[test]
fn service_keys_are_listed_with_what_they_may_do_from_where_and_when_they_were_used() {
    let place = Place::new();
    let scopes = "tokens:introspect tokens:revoke";
    let create = ["service-key", "create", "--scopes", scopes, "--name"];
    let key = place.object(&[&create[..], &["api"]].concat());
    let inside = ["gateway", "--network", "10.0.0.0/8", "--network", "::1"];
    place.object(&[&create[..], &inside].concat());
    let people = place.run(&["service-key", "list"]).out;
    for said in [
        "NAME     SCOPES ",
        "  WORKS FROM ",
        "api      tokens:introspect tokens:revoke  everywhere ",
        "gateway  tokens:introspect tokens:revoke  10.0.0.0/8 ::1 ",
    ] {
        assert!(people.contains(said), "{said}: {people}");
    }
    let ends = |people: &str| -> Vec<String> {
        let last = people
            .lines()
            .map(|line| line.rsplit("  ").next().unwrap_or_default());
        last.map(|cell| cell.trim().to_owned()).collect()
    };
    assert_eq!(ends(&people), ["LAST USED", "never", "never"]);

    let service = place.serve();
    service.introspect(text(&key["token"]), "unknown");
    // Uses are written down now and then, and at the stop.
    service.signal("TERM");
    assert_eq!(service.end(), 0);
    let keys = place.run(&["service-key", "list", "--json"]).objects();
    let used = format!("{} from 127.0.0.1", text(&keys[0]["last_used_at"]));
    let people = place.run(&["service-key", "list"]).out;
    assert_eq!(ends(&people), ["LAST USED", used.as_str(), "never"]);
}

#[test]
fn a_second_signal_does_not_wait_for_what_is_in_flight() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let place = Place::new();
        let mut service = place.serve();
        let mut unfinished = service.connect();
        let head = "POST /v1/oauth2/introspect HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\
                    Authorization: Bearer x\r\n\r\n";
        unfinished.write_all(head.as_bytes()).unwrap();
        // That the service asks for the body proves that the request is in flight.
        let mut asked = [0; 12];
        std::io::Read::read_exact(&mut unfinished, &mut asked).unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100");
        service.signal("TERM");
        service.wait_for_log("stopping");
        service.signal(name);
        assert_eq!(service.end(), code);
    }
}

#[test]
fn too_few_open_files_are_told() {
    let words = "fewer open files than server.max_connections";
    let mut place = Place::new();
    place.set("TOKENWARD__SERVER__WORKERS", "1");
    let (service, said) = place.serve_under("-n 300");
    assert!(
        said.contains(words) && said.contains("allowed=300"),
        "{said}"
    );
    drop(service);
    // It raises its own limit as far as it may.
    let (service, said) = place.serve_under("-Sn 300");
    assert!(!said.contains(words), "{said}");
    drop(service);
    place.set("TOKENWARD__SERVER__MAX_CONNECTIONS", "16");
    let (_service, said) = place.serve_under("-n 300");
    assert!(!said.contains(words), "{said}");
}
