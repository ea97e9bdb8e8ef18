//! docs/shared-database.md, run as it is printed: what another service on the same database, in
//! another language, sees of our tokens.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokenward::domain::tokens::{Issued, NewTokenRequest, TokenReference, revoke};
use tokenward::domain::{organizations, users};
use tokenward::model::{
    Client, HashKey, Id, PlainToken, RevocationReason, Timestamp, TokenKind, User, random,
};
use tokenward::storage::{clients, grants};

use crate::support::{START, TestApp, is_postgres, report};

const PAGE: &str = include_str!("../../docs/shared-database.md");
const KEY: &str = "super secret jwt secret";

/// The page's code block that begins with this line.
fn block(language: &str, first_line: &str) -> &'static str {
    let start = format!("```{language}\n{first_line}");
    let at = PAGE.find(&start).expect("the page has this block") + language.len() + 4;
    PAGE[at..].split("\n```").next().unwrap()
}

/// Runs blocks of the page and then `main`, which finds `given` and prints JSON.
fn python(blocks: &[&str], main: &str, given: &Value) -> Result<Value, String> {
    let begin = "import json, sys\ngiven = json.load(sys.stdin)\n";
    let program = format!("{}\n{begin}{main}", blocks.join("\n"));
    // Debian's own, which has Debian's psycopg2.
    let mut process = Command::new("/usr/bin/python3")
        .args(["-c", &program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(given.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = process.wait_with_output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).expect("the program prints JSON"))
}

fn checking() -> [&'static str; 2] {
    let engine = match is_postgres() {
        true => "# check_postgres.py",
        false => "# check_sqlite.py",
    };
    [
        block("python", "# token_digest.py"),
        block("python", engine),
    ]
}

/// A service that reads the database of `app` in the role that the page makes.
struct Reader {
    target: String,
    role: Option<String>,
}

impl Reader {
    async fn new(app: &TestApp) -> Self {
        if let Some(file) = app.database.file() {
            let target = file.display().to_string();
            return Self { target, role: None };
        }
        // Roles belong to the whole server, so each test has its own.
        let role = format!("token_reader_{}", random::alphanumeric(12).to_lowercase());
        let statements = block("sql", "CREATE ROLE").replace("token_reader", &role);
        app.database.execute(&statements).await;
        let mut url = url::Url::parse(app.database.url()).unwrap();
        url.set_username(&role).unwrap();
        url.set_password(Some("choose a long one")).unwrap();
        Self {
            target: url.into(),
            role: Some(role),
        }
    }

    /// What `check` answers for each token, under these hash keys.
    fn check_under(&self, keys: &[&str], tokens: &[&str], after: Duration) -> Vec<Value> {
        let now = START.plus(after).as_millis();
        let given = json!({ "target": self.target, "tokens": tokens, "keys": keys, "now": now });
        let main = "connection = connect(given['target'])\n\
            answers = [check(connection, t, given['keys'], given['now']) for t in given['tokens']]\n\
            print(json.dumps([None if a is None else sorted(a) for a in answers]))";
        let answers = python(&checking(), main, &given).expect("the example runs");
        answers.as_array().unwrap().clone()
    }

    fn check(&self, tokens: &[&str]) -> Vec<Value> {
        self.check_under(&[KEY], tokens, Duration::ZERO)
    }

    /// Why the reader cannot do this.
    fn refusal(&self, statement: &str) -> String {
        let given = json!({ "target": self.target, "statement": statement });
        // Even one that forgets to connect as the page says.
        let main = match is_postgres() {
            true => "psycopg2.connect(given['target']).cursor().execute(given['statement'])",
            false => "connect(given['target']).execute(given['statement'])",
        };
        python(&checking(), main, &given).expect_err("the reader must not be able to do this")
    }

    async fn drop(self, app: &TestApp) {
        if let Some(role) = self.role {
            let statement = format!("DROP OWNED BY {role}; DROP ROLE {role}");
            app.database.execute(&statement).await;
        }
    }
}

#[test]
fn the_recipe_of_the_page_makes_its_vectors() {
    let vectors: Vec<[&str; 2]> = PAGE
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('`').collect();
            let (token, digest) = (*cells.get(1)?, *cells.get(3)?);
            (digest.len() == 64).then_some([token, digest])
        })
        .collect();
    assert_eq!(vectors.len(), 2);
    let tokens: Vec<_> = vectors.iter().map(|[token, _]| token).collect();
    let expected: Vec<_> = vectors.iter().map(|[_, digest]| digest).collect();
    let recipe = block("python", "# token_digest.py");
    let main = "print(json.dumps([digests(t, given['keys'])[0].hex() for t in given['tokens']]))";
    let made = python(&[recipe], main, &json!({ "tokens": tokens, "keys": [KEY] }));
    assert_eq!(made, Ok(json!(expected)));

    let bring_in = block("python", "# bring_in.py");
    let main = "print(json.dumps(hash_key_id(given['key'])))";
    let id = python(&[bring_in], main, &json!({ "key": KEY })).unwrap();
    let ours = HashKey::parse(KEY).unwrap();
    assert_eq!(id, ours.id().as_str());
    assert!(PAGE.contains(&format!("`{}`", ours.id())));
}

/// A token that lives for a minute.
async fn short_lived(app: &TestApp, user: &User) -> Issued {
    app.token(NewTokenRequest {
        user: Some(user.id),
        scopes: "orders:read".parse().unwrap(),
        lifetime: Some(Duration::from_secs(60)),
        ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
    })
    .await
}

#[tokio::test]
async fn another_service_refuses_a_token_from_its_last_moment_on() {
    let app = TestApp::start().await;
    let reader = Reader::new(&app).await;
    let ada = app.user("ada@example.com").await;
    let short = short_lived(&app, &ada).await.token;
    let at = |millis| {
        let after = Duration::from_millis(millis);
        reader.check_under(&[KEY], &[short.reveal()], after)
    };
    assert_eq!(at(59_999), [json!(["orders:read"])]);
    assert_eq!(at(60_000), [Value::Null]);
    reader.drop(&app).await;
}

#[tokio::test]
async fn another_service_accepts_what_works_and_refuses_what_does_not() {
    let app = TestApp::start().await;
    let reader = Reader::new(&app).await;
    let ada = app.user("ada@example.com").await;
    let eve = app.user("eve@example.com").await;
    let acme = app.organization("acme", &ada).await;
    let live = app.personal_token(&ada, "live").await.token;
    let of_acme = app
        .organization_token(acme.id, Some(&eve), "made by one who is blocked")
        .await
        .token;
    let leaked = app.personal_token(&ada, "leaked").await.token;
    let revoked = app.personal_token(&ada, "revoked").await;
    let of_blocked = app.personal_token(&eve, "of a blocked user").await.token;
    let short = short_lived(&app, &ada).await.token;
    let unknown = app.ctx.format.mint(TokenKind::PersonalAccessToken, false);
    let mut all = [&live, &of_acme, &leaked, &of_blocked, &short].map(|token| token.reveal());
    for answer in reader.check(&all) {
        assert!(answer.is_array(), "all of them work at first: {answer}");
    }

    app.github().report(&[report(&leaked)]).await;
    let reference = TokenReference::Id(revoked.id);
    revoke(&app.ctx, &reference, RevocationReason::Owner)
        .await
        .unwrap();
    users::block(&app.ctx, &eve.email).await.unwrap();

    let scopes = json!(["orders:read", "orders:write"]);
    all = [&live, &of_acme, &leaked, &of_blocked, &short].map(|token| token.reveal());
    let expected = [
        scopes.clone(),
        json!(["products:read"]),
        Value::Null,
        Value::Null,
        json!(["orders:read"]),
    ];
    assert_eq!(reader.check(&all), expected);
    let others = [revoked.token.reveal(), unknown.reveal(), "", "é' OR 1=1 --"];
    assert_eq!(reader.check(&others), vec![Value::Null; 4]);
    users::unblock(&app.ctx, &eve.email).await.unwrap();
    organizations::set_blocked(&app.ctx, &acme.slug, true)
        .await
        .unwrap();
    let expected = [
        scopes.clone(),
        Value::Null,
        Value::Null,
        scopes,
        json!(["orders:read"]),
    ];
    assert_eq!(reader.check(&all), expected);
    reader.drop(&app).await;
}

#[tokio::test]
async fn another_service_refuses_credentials_that_are_not_for_calling_an_api() {
    let app = TestApp::start().await;
    let reader = Reader::new(&app).await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    let key = app.service_key("tokens:introspect").await;
    let session = app
        .token(NewTokenRequest {
            user: Some(ada.id),
            ..NewTokenRequest::new(TokenKind::UserSessionToken)
        })
        .await;
    let tokens = [
        &family.access,
        &family.refresh,
        &family.code,
        &key,
        &session,
    ];
    let tokens = tokens.map(|issued| issued.token.reveal());
    let answers = reader.check(&tokens);
    assert!(answers[0].is_array(), "an access token is for that");
    assert_eq!(answers[1..], vec![Value::Null; 4]);

    // Whatever stops an access token from outside of it stops it for readers too.
    set_disabled(&app, family.client, Some(START)).await;
    assert_eq!(reader.check(&tokens[..1]), [Value::Null]);
    set_disabled(&app, family.client, None).await;
    assert!(reader.check(&tokens[..1])[0].is_array());
    let mut tx = app.ctx.db.begin().await.unwrap();
    grants::revoke(&mut tx, &[family.grant], START)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(reader.check(&tokens[..1]), [Value::Null]);
    reader.drop(&app).await;
}

async fn set_disabled(app: &TestApp, client: Id<Client>, since: Option<Timestamp>) {
    let mut tx = app.ctx.db.begin().await.unwrap();
    let done = clients::set_disabled(&mut tx, client, since).await.unwrap();
    assert!(done, "there is such a client");
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn another_service_refuses_the_whole_family_of_a_token_that_leaked() {
    let app = TestApp::start().await;
    let reader = Reader::new(&app).await;
    let ada = app.user("ada@example.com").await;
    let family = app.family(&ada).await;
    let tokens = [
        family.access.token.reveal(),
        family.rotated_access.token.reveal(),
    ];
    assert!(reader.check(&tokens).iter().all(Value::is_array));
    app.github().report(&[report(&family.refresh.token)]).await;
    assert_eq!(reader.check(&tokens), [Value::Null, Value::Null]);
    reader.drop(&app).await;
}

#[tokio::test]
async fn another_service_that_knows_both_hash_keys_notices_no_rotation() {
    let app = TestApp::builder()
        .settings(
            "[tokens]\nhash_keys = [\"the newer key of this test\", \"super secret jwt secret\"]",
        )
        .start()
        .await;
    let reader = Reader::new(&app).await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await.token;
    let both = [KEY, "the newer key of this test"];
    let check = |keys: &[&str]| reader.check_under(keys, &[token.reveal()], Duration::ZERO);
    assert!(check(&both)[0].is_array());
    assert!(check(&both[1..])[0].is_array());
    assert_eq!(check(&both[..1]), [Value::Null]);
    reader.drop(&app).await;
}

#[tokio::test]
async fn the_readers_role_reads_nothing_else_and_writes_nothing() {
    let app = TestApp::start().await;
    let reader = Reader::new(&app).await;
    let ada = app.user("ada@example.com").await;
    app.personal_token(&ada, "deploy").await;
    let writes = [
        "UPDATE usable_tokens SET scopes = 'everything'",
        "DELETE FROM usable_tokens",
        "DELETE FROM tokens",
        "UPDATE tokens SET revoked_at = NULL, revoked_reason = NULL",
        "INSERT INTO users SELECT * FROM users",
        "DROP VIEW usable_tokens",
        "CREATE TABLE mine (id BIGINT)",
    ];
    for statement in writes {
        let refusal = reader.refusal(statement);
        let expected = match is_postgres() {
            true => "InsufficientPrivilege",
            false => "attempt to write a readonly database",
        };
        let of_view = refusal.contains("cannot") && refusal.contains("view");
        assert!(
            refusal.contains(expected) || of_view,
            "{statement}: {refusal}"
        );
    }
    if is_postgres() {
        let tables = "clients deliveries exposures grants hash_keys organization_members \
            organizations origin_key_sets origin_keys outbox tokens users _sqlx_migrations";
        for table in tables.split_whitespace() {
            let refusal = reader.refusal(&format!("SELECT * FROM {table}"));
            assert!(
                refusal.contains("InsufficientPrivilege"),
                "{table}: {refusal}"
            );
        }
    }
    assert_eq!(app.number("SELECT count(*) FROM usable_tokens").await, 1);
    reader.drop(&app).await;
}

/// Writes a user and a token of theirs as the page says, from Python, and commits.
fn bring_in(app: &TestApp, text: &str, hint: &str) {
    let user = Id::<User>::new(START);
    let token = Id::<User>::new(START);
    let target = app.database.file();
    let target = target.map_or_else(
        || app.database.url().to_owned(),
        |f| f.display().to_string(),
    );
    let given = json!({
        "target": target, "user": user, "token": token, "text": text, "key": KEY,
        "hint": hint, "now": START.as_millis(),
    });
    let opened = match is_postgres() {
        true => {
            "import psycopg2\nconnection = psycopg2.connect(given['target'])\n\
             cursor, ident, sql = connection.cursor(), str, str\n"
        }
        false => {
            "import sqlite3, uuid\nconnection = sqlite3.connect(given['target'])\n\
             cursor = connection.cursor()\n\
             ident = lambda text: uuid.UUID(text).bytes\n\
             sql = lambda text: text.replace('%s', '?')\n"
        }
    };
    let main = format!(
        "{opened}\
        text, user, now = given['text'], ident(given['user']), given['now']\n\
        cursor.execute(sql(USER), (user, 'old@example.com', now))\n\
        cursor.execute(sql(TOKEN), (ident(given['token']), digests(text, [given['key']])[0],\n\
            hash_key_id(given['key']), 'personal_access_token', user, None, 'brought in',\n\
            'orders:read', given['hint'], now, None))\n\
        connection.commit()\n\
        print('true')"
    );
    let blocks = [
        block("python", "# token_digest.py"),
        block("python", "# bring_in.py"),
    ];
    python(&blocks, &main, &given).expect("the token can be brought in");
}

#[tokio::test]
async fn a_token_that_was_brought_in_works_and_dies_like_one_of_ours() {
    let app = TestApp::start().await;
    let token = app.ctx.format.mint(TokenKind::PersonalAccessToken, false);
    bring_in(&app, token.reveal(), &token.hint());
    assert!(app.is_active(&token).await);

    let answer = app.github().report(&[report(&token)]).await;

    assert_eq!(answer.labels(), ["true_positive"]);
    assert!(!app.is_active(&token).await);
    let mails = app.read_mail().await;
    assert_eq!(mails[0].to, "old@example.com");
    assert!(mails[0].text.contains("brought in"));
    assert!(mails[0].text.contains("Ends in"));
}

#[tokio::test]
async fn a_token_without_checksum_works_where_the_page_s_switch_says_that_such_exist() {
    let random = random::alphanumeric(41);
    let token = PlainToken::new(format!("polar_pat_{random}_-"));
    let strict = TestApp::start().await;
    bring_in(&strict, token.reveal(), "");
    assert!(!strict.is_active(&token).await);
    let (github, database) = (strict.origin().clone(), strict.stop().await);

    let switch = block("toml", "[tokens.legacy_without_checksum]");
    let app = TestApp::builder().settings(switch).database(database);
    let app = app.github(github).start().await;

    assert!(app.is_active(&token).await);
    let reader = Reader::new(&app).await;
    assert!(reader.check(&[token.reveal()])[0].is_array());
    let answer = app.github().report(&[report(&token)]).await;
    assert_eq!(answer.labels(), ["true_positive"]);
    assert_eq!(reader.check(&[token.reveal()]), [Value::Null]);
    let mails = app.read_mail().await;
    assert!(!mails[0].text.contains("Ends in"), "{}", mails[0].text);
    reader.drop(&app).await;
}
