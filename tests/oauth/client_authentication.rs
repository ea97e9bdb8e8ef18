//! Who is this client, and is it? (RFC 6749 2.3)

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokenward::model::{
    AuthMethod, ClientMetadata, ClientStanding, GrantType, PlainToken, TokenKind,
};

use crate::desk::{Answer, Party, form, metadata};
use crate::support::TestApp;

async fn worker(app: &TestApp, method: AuthMethod) -> Party {
    let metadata = ClientMetadata {
        token_endpoint_auth_method: method,
        grant_types: vec![GrantType::ClientCredentials],
        ..metadata("Worker")
    };
    app.party(metadata, ClientStanding::default()).await
}

async fn ask(app: &TestApp, authorization: Option<&str>, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![("grant_type", "client_credentials")];
    parameters.extend(more);
    let request = app.http.post(format!("{}/v1/oauth2/token", app.url));
    let request = match authorization {
        Some(value) => request.header("authorization", value),
        None => request,
    };
    Answer::of(form(request, &parameters).send().await.unwrap()).await
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

#[tokio::test]
async fn a_client_proves_itself_in_the_way_it_registered() {
    let app = TestApp::start().await;
    let by_header = worker(&app, AuthMethod::ClientSecretBasic).await;
    let by_body = worker(&app, AuthMethod::ClientSecretPost).await;
    for party in [&by_header, &by_body] {
        let secret = party.secret.as_ref().unwrap().reveal();
        let header = basic(&party.client_id, secret);
        let body = [
            ("client_id", party.client_id.as_str()),
            ("client_secret", secret),
        ];
        let header = ask(&app, Some(&header), &[]).await;
        let body = ask(&app, None, &body).await;
        let (right, wrong) = match party.client_id == by_header.client_id {
            true => (header, body),
            false => (body, header),
        };
        assert_eq!(right.status, 200, "{}", right.text);
        assert_eq!(
            (wrong.status, wrong.error().as_str()),
            (401, "invalid_client")
        );
    }
}

/// Abuse cases 43 and 47.
#[tokio::test]
async fn unknown_client_wrong_secret_and_everything_else_are_answered_the_same() {
    let app = TestApp::start().await;
    let party = worker(&app, AuthMethod::ClientSecretBasic).await;
    let other = worker(&app, AuthMethod::ClientSecretBasic).await;
    let gone = worker(&app, AuthMethod::ClientSecretBasic).await;
    let statement = format!(
        "UPDATE clients SET disabled_at = 1, deleted_at = 1 WHERE client_id = '{}'",
        gone.client_id
    );
    app.database.execute(&statement).await;
    let secret = |party: &Party| party.secret.as_ref().unwrap().reveal().to_owned();
    let never = app.ctx.format.mint(TokenKind::ClientSecret, false);
    let mut answers = Vec::new();
    for header in [
        basic("polar_ci_unknown", &secret(&party)),
        basic("", ""),
        basic(&party.client_id, "nonsense"),
        basic(&party.client_id, ""),
        basic(&party.client_id, never.reveal()),
        basic(&party.client_id, &secret(&other)),
        basic(&gone.client_id, &secret(&gone)),
        basic(&party.client_id, &"x".repeat(4_000)),
        "Basic".to_owned(),
        "Basic é".to_owned(),
        "Digest abc".to_owned(),
    ] {
        let answer = ask(&app, Some(&header), &[]).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (401, "invalid_client"),
            "{header}"
        );
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Basic "), "{challenge}");
        answers.push(answer.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);

    let in_body = [
        ("client_id", party.client_id.as_str()),
        ("client_secret", "wrong"),
    ];
    let answer = ask(&app, None, &in_body).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (401, "invalid_client")
    );
    assert!(answer.headers.get("www-authenticate").is_none());
}

/// Abuse cases 39 to 42.
#[tokio::test]
async fn a_client_proves_itself_once_and_says_one_name() {
    let app = TestApp::start().await;
    let party = worker(&app, AuthMethod::ClientSecretBasic).await;
    let secret = party.secret.as_ref().unwrap().reveal();
    let header = basic(&party.client_id, secret);
    let both = [("client_secret", secret)];
    let answer = ask(&app, Some(&header), &both).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (400, "invalid_request")
    );
    let other = [("client_id", "polar_ci_other")];
    let answer = ask(&app, Some(&header), &other).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (400, "invalid_request")
    );
    let same = [("client_id", party.client_id.as_str())];
    assert_eq!(ask(&app, Some(&header), &same).await.status, 200);
    let nameless = ask(&app, None, &[]).await;
    assert_eq!(
        (nameless.status, nameless.error().as_str()),
        (401, "invalid_client")
    );
    let silent = ask(&app, None, &same).await;
    assert_eq!(
        (silent.status, silent.error().as_str()),
        (401, "invalid_client")
    );

    let public = app.public("App").await;
    let talkative = [
        ("client_id", public.client_id.as_str()),
        ("client_secret", secret),
    ];
    let answer = ask(&app, None, &talkative).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (401, "invalid_client")
    );
    // Credentials in the query are none (abuse case 44).
    let url = format!(
        "{}/v1/oauth2/token?client_id={}&client_secret={secret}",
        app.url, party.client_id
    );
    let request = form(app.http.post(url), &[("grant_type", "client_credentials")]);
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (401, "invalid_client")
    );
}

/// Abuse case 40 (RFC 6749 2.3.1).
#[tokio::test]
async fn basic_credentials_are_form_decoded() {
    let app = TestApp::start().await;
    let party = worker(&app, AuthMethod::ClientSecretBasic).await;
    let secret = party.secret.as_ref().unwrap().reveal().replace('_', "%5F");
    let header = basic(&party.client_id.replace('_', "%5f"), &secret);
    assert_eq!(ask(&app, Some(&header), &[]).await.status, 200);
    let header = header.replacen("Basic", "bAsIC", 1);
    assert_eq!(ask(&app, Some(&header), &[]).await.status, 200);
}

/// Abuse case 48.
#[tokio::test]
async fn two_secrets_overlap_and_each_is_revoked_by_itself() {
    let app = TestApp::start().await;
    let party = worker(&app, AuthMethod::ClientSecretBasic).await;
    let second = app.client_secret(party.id).await;
    let first = party.secret.clone().unwrap();
    let works = |secret: PlainToken| {
        let header = basic(&party.client_id, secret.reveal());
        let app = &app;
        async move { ask(app, Some(&header), &[]).await.status == 200 }
    };
    assert!(works(first.clone()).await && works(second.clone()).await);
    let leaked = [crate::support::report(&first)];
    assert_eq!(app.github().report(&leaked).await.status, 200);
    assert!(!works(first).await);
    assert!(works(second).await);
}

#[tokio::test]
async fn a_secret_under_an_older_hash_key_works() {
    let app = TestApp::start().await;
    let party = worker(&app, AuthMethod::ClientSecretBasic).await;
    let database = app.stop().await;
    let newer = "[tokens]\nhash_keys = [\"the newest key of them\", \"super secret jwt secret\"]";
    let app = TestApp::builder()
        .database(database)
        .settings(newer)
        .start()
        .await;
    let answer = ask(
        &app,
        Some(&basic(
            &party.client_id,
            party.secret.as_ref().unwrap().reveal(),
        )),
        &[],
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    tokenward::domain::usage::flush(&app.ctx).await.unwrap();
    let keys = app
        .rows("SELECT hash_key FROM tokens WHERE kind = 'client_secret'")
        .await;
    assert_eq!(keys, [[app.ctx.hash_keys.current().id().to_string()]]);
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let app = TestApp::start().await;
    let party = worker(&app, AuthMethod::ClientSecretBasic).await;
    let header = basic(&party.client_id, party.secret.as_ref().unwrap().reveal());
    let url = format!("{}/v1/oauth2/token", app.url);
    let json = app.http.post(&url).header("authorization", &header);
    let json = json.header("content-type", "application/json").body("{}");
    let answer = Answer::of(json.send().await.unwrap()).await;
    assert_eq!(answer.error(), "invalid_request");
    let twice = [("scope", "orders:read"), ("scope", "orders:write")];
    assert_eq!(
        ask(&app, Some(&header), &twice).await.error(),
        "invalid_request"
    );
    let request = form(app.http.post(&url).header("authorization", &header), &[]);
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!(answer.error(), "invalid_request");
    let other = [("grant_type", "password")];
    let request = form(app.http.post(&url).header("authorization", &header), &other);
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!(answer.error(), "unsupported_grant_type");
    let get = app.http.get(&url).send().await.unwrap();
    assert_eq!(get.status(), 405);
}
