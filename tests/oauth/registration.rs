//! Clients that register themselves, and look after their registration (RFC 7591, RFC 7592).

use serde_json::{Value, json};
use tokenward::model::{AuthMethod, GrantType};

use crate::browser::Browser;
use crate::desk::{Answer, CALLBACK, Party};
use crate::support::TestApp;

pub(crate) const REGISTER: &str = "/v1/oauth2/register";

impl TestApp {
    /// Registers a client as a program does.
    pub(crate) async fn register(&self, body: &Value) -> Answer {
        let request = self.http.post(format!("{}{REGISTER}", self.url));
        Answer::of(request.json(body).send().await.unwrap()).await
    }

    /// Looks after a registration as a program does.
    async fn manage(&self, method: &str, client: &Registered, body: Option<&Value>) -> Answer {
        self.manage_with(method, &client.id, &client.token, body)
            .await
    }

    async fn manage_with(
        &self,
        method: &str,
        id: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Answer {
        let url = format!("{}{REGISTER}/{id}", self.url);
        let method = method.parse().unwrap();
        let request = self.http.request(method, url).bearer_auth(token);
        let request = match body {
            Some(body) => request.json(body),
            // Some clients say so of nothing.
            None => request.header("content-type", "application/json"),
        };
        Answer::of(request.send().await.unwrap()).await
    }
}

impl Browser<'_> {
    /// Calls the API from a page, with this browser's cookies.
    pub(crate) async fn call(
        &mut self,
        app: &TestApp,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let method = method.parse().unwrap();
        let request = app.http.request(method, format!("{}{path}", app.url));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = self
            .send(request.header("sec-fetch-site", "same-origin"))
            .await;
        Answer {
            status: answer.status,
            headers: answer.headers,
            text: answer.text,
        }
    }
}

/// What a client keeps of its registration.
struct Registered {
    id: String,
    token: String,
    answer: Value,
}

impl Registered {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
        Self {
            id: answer.member("client_id"),
            token: answer.member("registration_access_token"),
            answer: answer.json(),
        }
    }
}

pub(crate) fn minimal() -> Value {
    json!({ "client_name": "Acme", "redirect_uris": [CALLBACK] })
}

#[tokio::test]
async fn a_stranger_registers_a_client_that_works_at_once() {
    let app = TestApp::start().await;
    let client = Registered::of(&app.register(&minimal()).await);
    let answer = &client.answer;
    assert!(client.id.starts_with("polar_ci_") && client.token.starts_with("polar_crt_"));
    assert_eq!(answer["client_secret_expires_at"], 0);
    assert_eq!(answer["client_id_issued_at"], 1_790_000_000);
    assert_eq!(answer["created_at"], "2026-09-21T14:13:20Z");
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_basic");
    let types = json!(["authorization_code", "refresh_token"]);
    assert_eq!(answer["grant_types"], types);
    assert_eq!(answer["response_types"], json!(["code"]));
    let all = app.ctx.policy.oauth.scopes.all().to_string();
    assert_eq!(answer["scope"], all);
    let at = format!("{}{REGISTER}/{}", app.url, client.id);
    assert_eq!(answer["registration_client_uri"], at);
    for nullable in [
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "modified_at",
        "backchannel_logout_uri",
    ] {
        let member = answer.as_object().unwrap().get(nullable);
        assert_eq!(member, Some(&Value::Null), "{nullable}");
    }
    // It did not say how it proves who it is, so either way does.
    let secret = answer["client_secret"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", "none")];
    let post = app.http.post(format!("{}/v1/oauth2/token", app.url));
    let basic = crate::desk::form(post, &form).basic_auth(&client.id, Some(secret));
    let basic = Answer::of(basic.send().await.unwrap()).await;
    assert_eq!(basic.error(), "invalid_grant");
    let mut form = form.to_vec();
    form.extend([("client_id", client.id.as_str()), ("client_secret", secret)]);
    let post = app.http.post(format!("{}/v1/oauth2/token", app.url));
    let post = crate::desk::form(post, &form).send().await.unwrap();
    assert_eq!(Answer::of(post).await.error(), "invalid_grant");
}

#[tokio::test]
async fn what_a_client_says_is_kept_and_what_means_nothing_is_ignored() {
    let app = TestApp::start().await;
    let said = json!({
        "client_name": "Acme Reports",
        "redirect_uris": [CALLBACK, "com.example.app:/callback"],
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "scope": "openid orders:read",
        "client_uri": "https://acme.example/",
        "logo_uri": "https://acme.example/logo.png",
        "tos_uri": "https://acme.example/tos",
        "policy_uri": "https://acme.example/privacy",
        "contacts": ["help@acme.example"],
        "application_type": "native",
        "default_sub_type": "organization",
        "id_token_signed_response_alg": "ES256",
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "backchannel_logout_uri": "https://app.example/logout",
        "backchannel_logout_session_required": true,
        "software_id": "acme",
        "software_version": "1.0",
    });
    let mut body = said.clone();
    body["jwks_uri"] = json!(null);
    body["default_max_age"] = json!(60);
    body["client_name#ja"] = json!({ "odd": [1] });
    let client = Registered::of(&app.register(&body).await);
    for (name, value) in said.as_object().unwrap() {
        assert_eq!(&client.answer[name], value, "{name}");
    }
    let read = app.manage("GET", &client, None).await;
    assert_eq!(read.status, 200, "{}", read.text);
    for (name, value) in said.as_object().unwrap() {
        assert_eq!(&read.json()[name], value, "{name}");
    }
    assert_eq!(read.member("registration_access_token"), client.token);
    assert_eq!(read.json()["client_secret"], Value::Null);
}

#[tokio::test]
async fn a_public_client_has_no_members_about_secrets() {
    let app = TestApp::start().await;
    let mut body = minimal();
    body["token_endpoint_auth_method"] = json!("none");
    body["redirect_uris"] = json!(["http://127.0.0.1/callback"]);
    let client = Registered::of(&app.register(&body).await);
    let members = client.answer.as_object().unwrap();
    assert!(!members.contains_key("client_secret"));
    assert!(!members.contains_key("client_secret_expires_at"));
}

#[tokio::test]
async fn metadata_that_cannot_be_had_is_refused_as_the_standard_says() {
    let app = TestApp::start().await;
    for (member, value, error) in [
        ("redirect_uris", json!([]), "invalid_redirect_uri"),
        (
            "redirect_uris",
            json!(["javascript:alert(1)"]),
            "invalid_redirect_uri",
        ),
        (
            "redirect_uris",
            json!(["http://app.example/"]),
            "invalid_redirect_uri",
        ),
        ("scope", json!("openid root"), "invalid_client_metadata"),
        ("grant_types", json!(["web"]), "invalid_client_metadata"),
        (
            "grant_types",
            json!(["client_credentials"]),
            "invalid_client_metadata",
        ),
        (
            "response_types",
            json!(["token"]),
            "invalid_client_metadata",
        ),
        (
            "logo_uri",
            json!("javascript:alert(1)"),
            "invalid_client_metadata",
        ),
        (
            "backchannel_logout_uri",
            json!("http://app.example/"),
            "invalid_client_metadata",
        ),
        ("client_name", json!("a\u{0}b"), "invalid_client_metadata"),
    ] {
        let mut body = minimal();
        body[member] = value;
        let refused = app.register(&body).await;
        assert_eq!(
            (refused.status, refused.error()),
            (400, error.to_owned()),
            "{member}"
        );
        assert!(!refused.member("error_description").is_empty());
    }
}

#[tokio::test]
async fn a_name_that_holds_a_token_is_refused_without_repeating_it() {
    let app = TestApp::start().await;
    let client = Registered::of(&app.register(&minimal()).await);
    let mut body = minimal();
    body["client_name"] = json!(client.token);
    let refused = app.register(&body).await;
    assert_eq!(refused.error(), "invalid_client_metadata");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_part_by_part() {
    let app = TestApp::start().await;
    let body =
        json!({ "client_name": 1, "redirect_uris": [CALLBACK, 2], "scope": ["openid"], "x": 1 });
    let refused = app.register(&body).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let detail = refused.json()["detail"].clone();
    let wrong = json!({
        "loc": ["body", "client_name"], "msg": "Input should be a valid string",
        "type": "string_type",
    });
    assert_eq!(detail[0], wrong);
    assert_eq!(detail[1]["loc"], json!(["body", "redirect_uris"]));
    assert_eq!(detail.as_array().unwrap().len(), 3);
    for (kind, body, status) in [
        ("application/json", "{", 422),
        ("application/json", "[]", 422),
        ("application/json", "", 422),
        ("text/plain", "{}", 415),
        ("application/json", &*" ".repeat(65_537), 413),
    ] {
        let request = app.http.post(format!("{}{REGISTER}", app.url));
        let request = request.header("content-type", kind).body(body.to_owned());
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_token_are_answered_alike() {
    let app = TestApp::start().await;
    let client = Registered::of(&app.register(&minimal()).await);
    let other = Registered::of(&app.register(&minimal()).await);
    let secret = client.answer["client_secret"].as_str().unwrap();
    let wrong = client.token.replace("polar_crt_", "polar_crt_x");
    let mut answers = Vec::new();
    for (id, token) in [
        (&*client.id, &*other.token),
        (&client.id, &wrong),
        (&client.id, secret),
        ("polar_ci_unknown", &client.token),
        ("%00", &client.token),
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let body = (method == "PUT").then(minimal);
            let answer = app.manage_with(method, id, token, body.as_ref()).await;
            assert_eq!(answer.status, 401, "{}", answer.text);
            assert_eq!(answer.error(), "invalid_token");
            let challenge = answer.headers["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer "));
            answers.push(answer.text);
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let url = format!("{}{REGISTER}/{}", app.url, client.id);
    let nothing = Answer::of(app.http.get(url).send().await.unwrap()).await;
    assert_eq!(
        (nothing.status, nothing.error()),
        (401, "invalid_token".to_owned())
    );
}

#[tokio::test]
async fn a_registration_is_replaced_as_a_whole() {
    let app = TestApp::start().await;
    let mut body = minimal();
    body["logo_uri"] = json!("https://acme.example/logo.png");
    let client = Registered::of(&app.register(&body).await);
    let mut new = json!({
        "client_id": client.id,
        "client_name": "Acme 2",
        "redirect_uris": ["https://new.example/callback"],
        "client_secret": client.answer["client_secret"],
        "registration_access_token": client.token,
    });
    let replaced = app.manage("PUT", &client, Some(&new)).await;
    assert_eq!(replaced.status, 200, "{}", replaced.text);
    let answer = replaced.json();
    assert_eq!(answer["client_name"], "Acme 2");
    assert_eq!(answer["logo_uri"], Value::Null);
    assert_eq!(answer["client_secret"], Value::Null);
    assert_eq!(answer["modified_at"], "2026-09-21T14:13:20Z");
    let read = app.manage("GET", &client, None).await.json();
    assert_eq!(read, answer);

    for (member, value, error) in [
        ("client_id", json!("other"), "invalid_client_metadata"),
        ("client_id", json!(null), "invalid_client_metadata"),
        ("client_secret", json!("other"), "invalid_request"),
        ("redirect_uris", json!(["x"]), "invalid_redirect_uri"),
    ] {
        let before = new[member].clone();
        new[member] = value;
        let refused = app.manage("PUT", &client, Some(&new)).await;
        assert_eq!((refused.status, refused.error()), (400, error.to_owned()));
        new[member] = before;
    }
    assert_eq!(app.manage("GET", &client, None).await.json(), answer);
}

#[tokio::test]
async fn a_public_client_that_is_public_no_longer_gets_a_secret() {
    let app = TestApp::start().await;
    let mut body = minimal();
    body["token_endpoint_auth_method"] = json!("none");
    let client = Registered::of(&app.register(&body).await);
    body["client_id"] = json!(client.id);
    body["token_endpoint_auth_method"] = json!("client_secret_basic");
    let replaced = app.manage("PUT", &client, Some(&body)).await;
    assert!(replaced.member("client_secret").starts_with("polar_cs_"));
}

#[tokio::test]
async fn a_deleted_client_is_gone_and_its_registration_token_with_it() {
    let app = TestApp::start().await;
    let mut body = minimal();
    body["contacts"] = json!(["grace@example.org"]);
    let client = Registered::of(&app.register(&body).await);
    let contacts = "SELECT count(*) FROM clients WHERE metadata LIKE '%grace@example.org%'";
    assert_eq!(app.number(contacts).await, 1);
    let deleted = app.manage("DELETE", &client, None).await;
    assert_eq!((deleted.status, &*deleted.text), (204, ""));
    assert_eq!(app.number(contacts).await, 0);
    // Whoever proved to look after it did it, and no stranger.
    let actors = app
        .rows("SELECT DISTINCT actor_kind FROM audit_log WHERE event = 'client.deleted'")
        .await;
    assert_eq!(actors, [["client"]]);
    for method in ["GET", "DELETE"] {
        let again = app.manage(method, &client, None).await;
        assert_eq!(
            (again.status, again.error()),
            (401, "invalid_token".to_owned())
        );
    }
    let party = Party {
        id: tokenward::model::Id::new(app.clock.now()),
        client_id: client.id,
        secret: None,
    };
    let form = [("grant_type", "refresh_token"), ("refresh_token", "none")];
    let refused = app.post_as(&party, "token", &form).await;
    assert_eq!(refused.error(), "invalid_client");
}

#[tokio::test]
async fn who_is_signed_in_owns_the_client_and_looks_after_it_without_its_token() {
    let app = TestApp::start().await;
    let mut alice = app.browser();
    alice.sign_in("alice@example.com").await;
    let mut body = minimal();
    body["grant_types"] = json!(["authorization_code", "client_credentials"]);
    let made = alice.call(&app, "POST", REGISTER, Some(&body)).await;
    let client = Registered::of(&made);
    let path = format!("{REGISTER}/{}", client.id);
    let read = alice.call(&app, "GET", &path, None).await;
    assert_eq!(read.status, 200, "{}", read.text);
    assert_eq!(read.json()["registration_access_token"], Value::Null);
    assert_eq!(read.json()["client_secret"], Value::Null);
    body["client_id"] = json!(client.id);
    let replaced = alice.call(&app, "PUT", &path, Some(&body)).await;
    assert_eq!(replaced.status, 200, "{}", replaced.text);

    let mut bob = app.browser();
    bob.sign_in("bob@example.com").await;
    for method in ["GET", "DELETE"] {
        let refused = bob.call(&app, method, &path, None).await;
        assert_eq!(refused.error(), "invalid_token");
    }
    let deleted = alice.call(&app, "DELETE", &path, None).await;
    assert_eq!(deleted.status, 204, "{}", deleted.text);
}

#[tokio::test]
async fn pages_of_other_sites_register_and_delete_nothing_for_who_is_signed_in() {
    let app = TestApp::start().await;
    let mut alice = app.browser();
    alice.sign_in("alice@example.com").await;
    let made = alice.call(&app, "POST", REGISTER, Some(&minimal())).await;
    let client = Registered::of(&made);
    let post = app.http.post(format!("{}{REGISTER}", app.url));
    let delete = app
        .http
        .delete(format!("{}{REGISTER}/{}", app.url, client.id));
    for request in [post.json(&minimal()), delete] {
        let request = request.header("origin", "https://evil.example");
        let refused = alice.send(request).await;
        assert_eq!(refused.status, 403, "{}", refused.text);
        assert!(refused.text.contains("cross_site"));
    }
}

#[tokio::test]
async fn a_person_lists_their_own_clients_without_secrets() {
    let app = TestApp::start().await;
    let mut alice = app.browser();
    alice.sign_in("alice@example.com").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let made = alice.call(&app, "POST", REGISTER, Some(&minimal())).await;
        ids.push(Registered::of(&made).id);
    }
    app.register(&minimal()).await;
    ids.sort();
    let mut listed = Vec::new();
    for page in [1, 2] {
        let path = format!("/v1/oauth2/?page={page}&limit=2");
        let answer = alice.call(&app, "GET", &path, None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let json = answer.json();
        let pagination = json!({ "total_count": 3, "max_page": 2 });
        assert_eq!(json["pagination"], pagination);
        for item in json["items"].as_array().unwrap() {
            assert_eq!(item["client_secret"], Value::Null);
            assert_eq!(item["registration_access_token"], Value::Null);
            listed.push(item["client_id"].as_str().unwrap().to_owned());
        }
    }
    listed.sort();
    assert_eq!(listed, ids);
    let wrong = alice.call(&app, "GET", "/v1/oauth2/?limit=0", None).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.json()["detail"][0]["loc"], json!(["query", "limit"]));
    let nobody = app.http.get(format!("{}/v1/oauth2/", app.url)).send();
    assert_eq!(nobody.await.unwrap().status(), 401);
}

#[tokio::test]
async fn what_operators_gave_a_client_survives_its_owners_changes() {
    let app = TestApp::start().await;
    let mut alice = app.browser();
    alice.sign_in("alice@example.com").await;
    let email = "alice@example.com".parse().unwrap();
    let user = tokenward::domain::users::find(&app.ctx, &email)
        .await
        .unwrap();
    let client = app.client("Front").owner(&user);
    let client = client
        .auth_method(AuthMethod::ClientSecretBasic)
        .grant_types(&[GrantType::Web])
        .register()
        .await;
    let path = format!("{REGISTER}/{}", client.client_id);
    let mut body =
        json!({ "client_id": client.client_id, "grant_types": ["web"], "client_name": "F" });
    let kept = alice.call(&app, "PUT", &path, Some(&body)).await;
    assert_eq!(kept.status, 200, "{}", kept.text);
    body["grant_types"] = json!(["client_credentials"]);
    let given = alice.call(&app, "PUT", &path, Some(&body)).await;
    assert_eq!(given.status, 200, "{}", given.text);
    body["grant_types"] = json!(["web"]);
    let lost = alice.call(&app, "PUT", &path, Some(&body)).await;
    assert_eq!(lost.error(), "invalid_client_metadata");
}
