//! Hash keys: changing them loses no token, and wrong ones are refused before users notice.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokenward::domain::hash_keys::{WrongHashKeys, forget, list};
use tokenward::domain::usage;
use tokenward::model::{HashKey, PlainToken};

use crate::support::{Child, Errand, TestApp, TestDatabase, artifacts, fresh_path, report};

const OLD: &str = "the older key of these tests";
const NEW: &str = "the newer key of these tests";
const WRONG: &str = "a key from some other place";

fn id(key: &str) -> String {
    HashKey::parse(key).unwrap().id().to_string()
}

fn configured(keys: &[&str]) -> String {
    format!("[tokens]\nhash_keys = {keys:?}")
}

async fn start_with(keys: &[&str], database: &TestDatabase) -> TestApp {
    let builder = TestApp::builder().database(database.clone());
    builder.settings(&configured(keys)).start().await
}

async fn refusal(settings: &str, database: &TestDatabase) -> anyhow::Error {
    let builder = TestApp::builder().database(database.clone());
    match builder.settings(settings).try_start().await {
        Ok(_) => panic!("these keys were to be refused"),
        Err(error) => error,
    }
}

/// A database on which three tokens were made under the old key: two of Ada's and a service key.
async fn used() -> (TestDatabase, [PlainToken; 2], PlainToken) {
    let app = start_with(&[OLD], &TestDatabase::fresh().await).await;
    let ada = app.user("ada@example.com").await;
    let one = app.personal_token(&ada, "one").await.token;
    let two = app.personal_token(&ada, "two").await.token;
    let key = app.service_key("tokens:introspect").await.token;
    (app.stop().await, [one, two], key)
}

async fn is_active(app: &TestApp, key: &PlainToken, token: &PlainToken) -> bool {
    app.introspect(key, token.reveal()).await["active"] == true
}

/// How many tokens are stored under a key.
async fn stored_under(database: &TestDatabase, key: &str) -> i64 {
    let of_key = format!("SELECT count(*) FROM tokens WHERE hash_key = '{}'", id(key));
    database.rows(&of_key).await[0][0].parse().unwrap()
}

#[tokio::test]
async fn rotating_the_hash_key_loses_no_token() {
    let (database, tokens, key) = used().await;

    let app = start_with(&[NEW, OLD], &database).await;
    for token in &tokens {
        assert!(is_active(&app, &key, token).await);
    }
    assert_eq!(stored_under(&database, OLD).await, 3);
    usage::flush(&app.ctx).await.unwrap();
    assert_eq!(stored_under(&database, OLD).await, 0);
    assert_eq!(stored_under(&database, NEW).await, 3);
    for token in &tokens {
        assert!(is_active(&app, &key, token).await);
    }
    app.stop().await;

    let app = start_with(&[NEW], &database).await;
    for token in &tokens {
        assert!(is_active(&app, &key, token).await);
    }
}

#[tokio::test]
async fn a_key_can_be_made_known_to_every_replica_before_it_becomes_the_current_one() {
    let (database, tokens, key) = used().await;
    let behind = start_with(&[OLD, NEW], &database).await;
    let ahead = start_with(&[NEW, OLD], &database).await;
    let admitted = "SELECT detail FROM audit_log WHERE event = 'hash_key.admitted' ORDER BY detail";
    let mut told = [OLD, NEW].map(|key| format!(r#"{{"hash_key":"{}"}}"#, id(key)));
    told.sort();
    assert_eq!(database.rows(admitted).await.concat(), told, "each once");
    assert!(is_active(&ahead, &key, &tokens[0]).await);
    usage::flush(&ahead.ctx).await.unwrap();
    assert_eq!(stored_under(&database, NEW).await, 2);
    assert!(is_active(&behind, &key, &tokens[0]).await);
    assert!(is_active(&behind, &key, &tokens[1]).await);
}

#[tokio::test]
async fn a_token_that_leaks_during_a_rotation_dies_and_moves_to_the_current_key() {
    let before = start_with(&[OLD], &TestDatabase::fresh().await).await;
    let github = Arc::clone(before.origin());
    let ada = before.user("ada@example.com").await;
    let leaked = before.personal_token(&ada, "leaked").await.token;
    let kept = before.personal_token(&ada, "kept").await.token;
    let key = before.service_key("tokens:introspect").await.token;
    let database = before.stop().await;
    let builder = TestApp::builder().database(database.clone()).github(github);
    let app = builder.settings(&configured(&[NEW, OLD])).start().await;

    let answer = app.github().report(&[report(&leaked)]).await;

    assert_eq!(answer.labels(), ["true_positive"]);
    assert!(!is_active(&app, &key, &leaked).await);
    assert!(is_active(&app, &key, &kept).await);
    assert_eq!(stored_under(&database, NEW).await, 1);
    let again = app.github().report(&[report(&leaked)]).await;
    assert_eq!(again.labels(), ["true_positive"]);
}

#[tokio::test]
async fn a_key_that_tokens_need_cannot_be_left_out() {
    let (database, tokens, key) = used().await;
    let app = start_with(&[NEW, OLD], &database).await;
    assert!(is_active(&app, &key, &tokens[0]).await);
    usage::flush(&app.ctx).await.unwrap();
    app.stop().await;

    let error = refusal(&configured(&[NEW]), &database).await;

    match error.downcast_ref() {
        Some(WrongHashKeys::WouldLose {
            id: missing,
            tokens,
        }) => {
            assert_eq!((missing.as_str(), *tokens), (id(OLD).as_str(), 1));
        }
        _ => panic!("{error:#}"),
    }
    let message = format!("{error:#}");
    assert!(message.contains("1 of the stored tokens"), "{message}");
    assert!(
        !message.contains(OLD) && !message.contains(NEW),
        "{message}"
    );
}

#[tokio::test]
async fn a_key_that_was_forgotten_may_be_left_out_and_its_tokens_are_lost() {
    let (database, tokens, key) = used().await;
    let app = start_with(&[NEW, OLD], &database).await;
    assert!(is_active(&app, &key, &tokens[0]).await);
    usage::flush(&app.ctx).await.unwrap();
    let known = list(&app.ctx.db, Some(&app.ctx.hash_keys)).await.unwrap();
    let old = known.iter().find(|one| one.id.as_str() == id(OLD)).unwrap();
    assert_eq!((old.tokens, old.current, old.configured), (1, false, true));
    forget(&app.ctx.db, &old.id, app.clock.now()).await.unwrap();
    assert!(forget(&app.ctx.db, &old.id, app.clock.now()).await.is_err());
    app.stop().await;

    let app = start_with(&[NEW], &database).await;

    assert!(is_active(&app, &key, &tokens[0]).await);
    assert!(!is_active(&app, &key, &tokens[1]).await);
}

#[tokio::test]
async fn keys_of_another_database_are_refused() {
    let (database, tokens, key) = used().await;

    let error = refusal(&configured(&[WRONG]), &database).await;

    match error.downcast_ref() {
        Some(WrongHashKeys::NoneKnown { configured, known }) => {
            assert_eq!((configured, known), (&id(WRONG), &id(OLD)));
        }
        _ => panic!("{error:#}"),
    }
    // Nothing was written, so the right key is the only one that this database knows.
    let app = start_with(&[OLD], &database).await;
    assert_eq!(
        list(&app.ctx.db, Some(&app.ctx.hash_keys))
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(is_active(&app, &key, &tokens[0]).await);
}

/// A place for a key file, in a folder that does not exist yet, and the settings that name it.
fn key_file() -> (PathBuf, String) {
    let file = fresh_path("keys").join("hash_keys");
    let settings = format!(
        "[tokens]\nhash_keys = []\nhash_key_file = \"{}\"\n",
        file.display()
    );
    (file, settings)
}

fn keys_in(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_first_start_makes_a_private_key_file_and_the_next_one_reads_it() {
    let (file, settings) = key_file();
    let app = TestApp::builder().settings(&settings).start().await;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    let keys = keys_in(&file);
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].len(), 64);
    let log = std::fs::read_to_string(artifacts().join("service.log")).unwrap();
    assert!(log.contains("made a hash key"), "the start says so");
    assert!(!log.contains(&keys[0]), "the key is in the log");

    let ada = app.user("ada@example.com").await;
    let issued = app.personal_token(&ada, "deploy").await;
    let database = app.stop().await;
    let builder = TestApp::builder().settings(&settings).database(database);
    let app = builder.start().await;
    assert!(app.is_active(&issued.token).await);
    assert_eq!(keys_in(&file), keys);
}

#[tokio::test]
async fn a_missing_key_file_of_a_used_database_is_not_replaced() {
    let (file, settings) = key_file();
    let app = TestApp::builder().settings(&settings).start().await;
    let database = app.stop().await;
    let kept = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();

    let message = format!("{:#}", refusal(&settings, &database).await);

    assert!(message.contains("restore the file"), "{message}");
    assert!(!file.exists());
    std::fs::write(&file, kept).unwrap();
    let builder = TestApp::builder().settings(&settings).database(database);
    builder.start().await;
}

#[tokio::test]
async fn processes_that_make_the_key_file_at_once_end_up_with_one_key() {
    for _ in 0..5 {
        let (file, settings) = key_file();
        let errand = Errand::on(&TestDatabase::fresh().await).settings(&settings);
        let (one, two, three) = tokio::join!(
            Child::try_start(&errand),
            Child::try_start(&errand),
            Child::try_start(&errand),
        );
        for child in [one, two, three] {
            child.expect("every replica starts").kill().await;
        }
        let keys = keys_in(&file);
        assert_eq!(keys.len(), 1);
        let database = TestDatabase::at(&errand.database);
        let known = database.rows("SELECT id FROM hash_keys").await;
        assert_eq!(known, [[id(&keys[0])]]);
        let folder = std::fs::read_dir(file.parent().unwrap()).unwrap();
        assert_eq!(folder.count(), 1, "nothing is left beside the key file");
    }
}
