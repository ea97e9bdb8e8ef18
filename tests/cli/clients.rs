//! `tokenward client`.

use serde_json::{Value, json};

use crate::place::Place;
use crate::{ADA, text};

const CALLBACK: &str = "https://app.example/callback";

fn create<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let all = ["client", "create", "--name", "Acme"].into_iter();
    all.chain(more.iter().copied()).collect()
}

/// The `client_id` of a client that was just made, and its secret.
fn made(place: &Place, more: &[&str]) -> (String, Value) {
    let made = place.object(&create(more));
    (
        text(&made["client_id"]).to_owned(),
        made["client_secret"].clone(),
    )
}

fn shown(place: &Place, client_id: &str) -> Value {
    place.object(&["client", "show", "--client-id", client_id])
}

#[test]
fn a_client_is_made_with_a_secret_that_is_shown_once() {
    let place = Place::new();
    let (client_id, secret) = made(&place, &["--redirect-uri", CALLBACK]);
    assert!(client_id.starts_with("polar_ci_") && text(&secret).starts_with("polar_cs_"));
    let people = place.run(&create(&["--redirect-uri", CALLBACK]));
    assert!(people.out.contains("client_secret") && people.out.contains("shown this once"));
    let shown = shown(&place, &client_id);
    assert_eq!(shown["redirect_uris"], json!([CALLBACK]));
    assert_eq!(shown["secrets"].as_array().unwrap().len(), 1);
    for arguments in [
        &["client", "list"][..],
        &["client", "list", "--json"],
        &["client", "show", "--client-id", &client_id],
    ] {
        let said = place.run(arguments);
        assert!(
            said.code == 0 && said.out.contains(&client_id),
            "{}",
            said.err
        );
        assert!(!said.out.contains("polar_cs_"));
    }
}

#[test]
fn a_public_client_has_no_secret_and_gets_none() {
    let place = Place::new();
    let (client_id, secret) = made(&place, &["--redirect-uri", CALLBACK, "--public"]);
    assert_eq!(secret, Value::Null);
    let refused = place.run(&["client", "secret", "add", "--client-id", &client_id]);
    assert!(
        refused.code == 1 && refused.err.contains("public"),
        "{}",
        refused.err
    );
    for change in ["--require-pkce=false", "--introspects-all=true"] {
        let refused = place.run(&["client", "update", "--client-id", &client_id, change]);
        assert_eq!(refused.code, 1, "{}", refused.err);
    }
    let contradiction = place.run(&create(&[
        "--redirect-uri",
        CALLBACK,
        "--public",
        "--no-pkce",
    ]));
    assert_eq!(contradiction.code, 2);
}

#[test]
fn everything_that_was_said_about_a_client_is_kept() {
    let place = Place::new();
    place.object(&["user", "create", "--email", ADA]);
    let (client_id, _) = made(
        &place,
        &[
            "--redirect-uri",
            "com.example.app:/callback",
            "--redirect-uri",
            CALLBACK,
            "--native",
            "--scopes",
            "openid orders:read",
            "--auth-method",
            "client_secret_post",
            "--first-party",
            "--introspects-all",
            "--no-pkce",
            "--owner",
            ADA,
            "--grant-type",
            "authorization_code",
            "--grant-type",
            "web",
            "--post-logout-redirect-uri",
            "https://app.example/bye",
            "--backchannel-logout-uri",
            "https://app.example/logout",
            "--id-token-alg",
            "ES256",
            "--sub-type",
            "organization",
        ],
    );
    let shown = shown(&place, &client_id);
    for (name, value) in [
        (
            "redirect_uris",
            json!(["com.example.app:/callback", CALLBACK]),
        ),
        ("application_type", json!("native")),
        ("scope", json!("openid orders:read")),
        ("auth_method", json!("client_secret_post")),
        ("grant_types", json!(["authorization_code", "web"])),
        (
            "post_logout_redirect_uris",
            json!(["https://app.example/bye"]),
        ),
        (
            "backchannel_logout_uri",
            json!("https://app.example/logout"),
        ),
        ("id_token_alg", json!("ES256")),
        ("sub_type", json!("organization")),
        ("first_party", json!(true)),
        ("introspects_all", json!(true)),
        ("require_pkce", json!(false)),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    assert!(shown["owner_user_id"].is_string());
}

#[test]
fn what_operators_decided_can_be_changed() {
    let place = Place::new();
    let (client_id, _) = made(&place, &["--redirect-uri", CALLBACK]);
    let update = ["client", "update", "--client-id", &client_id];
    assert_eq!(place.run(&update).code, 2);
    let changed = place.object(&[&update[..], &["--first-party", "true"]].concat());
    assert_eq!(changed["first_party"], true);
    let changed = place.object(&[&update[..], &["--require-pkce", "false"]].concat());
    assert_eq!(
        (&changed["first_party"], &changed["require_pkce"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(shown(&place, &client_id)["require_pkce"], false);
}

#[test]
fn secrets_overlap_and_are_revoked_one_by_one() {
    let place = Place::new();
    let (client_id, _) = made(&place, &["--redirect-uri", CALLBACK]);
    let add = ["client", "secret", "add", "--client-id", &client_id];
    assert!(text(&place.object(&add)["client_secret"]).starts_with("polar_cs_"));
    let third = place.run(&add);
    assert!(
        third.code == 1 && third.err.contains("two secrets"),
        "{}",
        third.err
    );
    let secrets = shown(&place, &client_id)["secrets"].clone();
    let first = text(&secrets[0]["id"]);
    let revoke = [
        "client",
        "secret",
        "revoke",
        "--client-id",
        &client_id,
        "--id",
        first,
    ];
    assert_eq!(place.object(&revoke)["revoked"], true);
    assert_eq!(place.run(&revoke).code, 1);
    assert_eq!(
        shown(&place, &client_id)["secrets"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_client_is_shut_out_let_in_and_deleted() {
    let place = Place::new();
    let (client_id, _) = made(&place, &["--redirect-uri", CALLBACK]);
    let act = |verb: &str| place.object(&["client", verb, "--client-id", &client_id]);
    assert_eq!(act("disable")["disabled"], true);
    assert!(act("show")["disabled_at"].is_string());
    assert_eq!(act("enable")["disabled"], false);
    assert_eq!(act("show")["disabled_at"], Value::Null);
    assert_eq!(act("delete")["deleted"], true);
    let gone = place.run(&["client", "show", "--client-id", &client_id]);
    assert!(
        gone.code == 1 && gone.err.contains("there is no client"),
        "{}",
        gone.err
    );
}

#[test]
fn what_cannot_be_a_client_is_refused_with_its_reason() {
    let place = Place::new();
    for (more, reason) in [
        (
            &["--redirect-uri", "javascript:alert(1)"][..],
            "redirect_uris",
        ),
        (&["--public"], "redirect_uris"),
        (&["--redirect-uri", CALLBACK, "--scopes", "root"], "scope"),
        (
            &["--redirect-uri", CALLBACK, "--grant-type", "implicit"],
            "grant_types",
        ),
        (
            &["--redirect-uri", CALLBACK, "--auth-method", "magic"],
            "token_endpoint_auth_method",
        ),
    ] {
        let refused = place.run(&create(more));
        assert!(
            refused.code == 1 && refused.err.contains(reason),
            "{}",
            refused.err
        );
    }
}
