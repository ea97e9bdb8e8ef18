//! `POST /v1/tokens`: services have tokens issued.

use serde_json::{Value, json};
use tokenward::domain::users;
use tokenward::model::{PlainToken, Role};

use crate::support::{Answer, TestApp, report};

async fn issue(app: &TestApp, key: &PlainToken, body: &Value) -> Answer {
    let request = app.http.post(format!("{}/v1/tokens", app.url)).json(body);
    let answer = request.bearer_auth(key.reveal()).send().await;
    Answer::read(answer.expect("the service answers")).await
}

const ALL: &str = "[tokens]\nissued_to_services = [\"personal_access_token\", \
     \"organization_access_token\", \"access_token\", \"customer_session_token\"]";

#[tokio::test]
async fn a_service_gets_tokens_of_each_kind_for_whoever_it_says() {
    let app = TestApp::builder().settings(ALL).start().await;
    let cast = app.cast("ada").await;
    let key = app.service_key("tokens:issue").await.token;
    let reader = app.service_key("tokens:introspect").await.token;
    let (user, organization) = (cast.user.id.to_string(), cast.organization.id.to_string());
    for (body, sub_type, sub) in [
        (
            json!({"kind": "personal_access_token", "user_id": user, "name": "n"}),
            "user",
            &user,
        ),
        (
            json!({"kind": "organization_access_token", "organization_id": organization}),
            "organization",
            &organization,
        ),
        (
            json!({"kind": "access_token", "user_id": user, "expires_in": 60}),
            "user",
            &user,
        ),
        (
            json!({"kind": "access_token", "organization_id": organization}),
            "organization",
            &organization,
        ),
        (
            json!({"kind": "customer_session_token", "customer": "customer-17"}),
            "customer",
            &"customer-17".to_owned(),
        ),
    ] {
        let mut body = body;
        body["scopes"] = json!(["orders:read"]);
        let answer = issue(&app, &key, &body).await;
        assert_eq!(answer.status, 201, "{body} {}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let made = answer.json();
        assert_eq!(made["kind"], body["kind"]);
        let text = made["token"].as_str().unwrap();
        let told = app.introspect(&reader, text).await;
        assert_eq!(
            (&told["sub_type"], &told["sub"]),
            (&json!(sub_type), &json!(sub))
        );
        assert_eq!(told["scope"], "orders:read");
        assert_eq!(told["jti"], made["id"]);
        let lives = made["expires_at"].is_string();
        assert_eq!(
            lives,
            body["kind"] == "access_token" || sub_type == "customer"
        );
        let leaked = PlainToken::new(text.to_owned());
        assert_eq!(
            app.github().report(&[report(&leaked)]).await.labels(),
            ["true_positive"]
        );
    }
    // The customer's leak is told to whoever runs the service: nobody nearer is known.
    assert_eq!(app.read_mail().await.len(), 5);
}

#[tokio::test]
async fn what_operators_do_not_want_issued_is_not() {
    let app = TestApp::start().await;
    let cast = app.cast("ada").await;
    let key = app.service_key("tokens:issue").await.token;
    let user = cast.user.id.to_string();
    let body = json!({"kind": "access_token", "user_id": user});
    let answer = issue(&app, &key, &body).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (403, &json!("kind_not_issued"))
    );
    // Nobody is let in, and nothing is proven, by what a service may ask for.
    for kind in [
        "service_key",
        "user_session_token",
        "client_secret",
        "refresh_token",
        "x",
        "",
    ] {
        let answer = issue(&app, &key, &json!({"kind": kind, "user_id": user})).await;
        assert_eq!(answer.status, 422, "{kind}");
    }
    let other = app
        .service_key("tokens:introspect tokens:revoke")
        .await
        .token;
    let body = json!({"kind": "personal_access_token", "user_id": user});
    assert_eq!(issue(&app, &other, &body).await.status, 403);
    assert_eq!(issue(&app, &app.never_issued(), &body).await.status, 401);
    assert_eq!(issue(&app, &key, &body).await.status, 201);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_told_what_is_wrong() {
    let settings = format!("{ALL}\nmax_lifetime = \"30d\"");
    let app = TestApp::builder().settings(&settings).start().await;
    let (ada, bob) = (app.cast("ada").await, app.cast("bob").await);
    let key = app.service_key("tokens:issue").await.token;
    users::block(&app.ctx, &bob.user.email).await.unwrap();
    let (user, blocked) = (ada.user.id.to_string(), bob.user.id.to_string());
    let organization = bob.organization.id.to_string();
    let nobody = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11";
    let token = app.never_issued();
    let pat = |more: Value| {
        let mut body = json!({"kind": "personal_access_token", "user_id": user, "expires_in": 60});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    for wrong in [
        json!({}),
        pat(json!({"expires_in": null})),
        pat(json!({"expire_in": 60})),
        pat(json!({"expires_in": "P31D"})),
        pat(json!({"expires_in": 0})),
        pat(json!({"user_id": nobody})),
        pat(json!({"user_id": blocked})),
        pat(json!({"user_id": null})),
        pat(json!({"customer": "c"})),
        pat(json!({"organization_id": organization})),
        pat(json!({"scopes": "orders:read"})),
        pat(json!({"name": token.reveal()})),
        pat(json!({"name": "two\nlines"})),
        json!({"kind": "organization_access_token", "organization_id": nobody, "expires_in": 60}),
        json!({"kind": "customer_session_token", "customer": ""}),
        json!({"kind": "customer_session_token", "customer": token.reveal()}),
        json!({"kind": "customer_session_token", "user_id": user}),
        json!({"kind": "access_token"}),
        json!({"kind": "access_token", "user_id": user, "organization_id": organization}),
    ] {
        let answer = issue(&app, &key, &wrong).await;
        assert_eq!(answer.status, 422, "{wrong} {}", answer.text);
        assert!(!answer.text.contains(token.reveal()));
    }
    assert_eq!(issue(&app, &key, &pat(json!({}))).await.status, 201);
    app.member(&bob.organization, &ada.user, Role::Member).await;
    let body = json!({"kind": "access_token", "user_id": user, "organization_id": organization});
    assert_eq!(issue(&app, &key, &body).await.status, 201);
}

#[tokio::test]
async fn an_owner_has_as_many_as_operators_allow_whoever_asks() {
    let app = TestApp::builder()
        .settings("[tokens]\nmax_per_owner = 2")
        .start()
        .await;
    let cast = app.cast("ada").await;
    let key = app.service_key("tokens:issue").await.token;
    let (user, organization) = (cast.user.id.to_string(), cast.organization.id.to_string());
    for body in [
        json!({"kind": "personal_access_token", "user_id": user, "name": "n"}),
        json!({"kind": "organization_access_token", "organization_id": organization}),
    ] {
        let asked = (0..4).map(|_| issue(&app, &key, &body));
        let answers = futures_util::future::join_all(asked).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 201, 409, 409], "{body}");
        let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
        assert_eq!(refused.json()["error"], "too_many_tokens");
    }
    let customers = json!({"kind": "customer_session_token", "customer": "customer-17"});
    for _ in 0..3 {
        assert_eq!(issue(&app, &key, &customers).await.status, 201);
    }
}
