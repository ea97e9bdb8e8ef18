//! `tokenward alert send` as an internal service.

use serde_json::json;

use super::{Place, create_token, place_with_token, text};

/// A place with the text of a token, and a file with a key that may revoke it.
fn place_with_key() -> (Place, String) {
    let (place, _, token) = place_with_token();
    let create = ["service-key", "create", "--name", "ci", "--scopes"];
    let key = place.object(&[&create[..], &["tokens:revoke"]].concat());
    std::fs::write(place.path().join("key"), text(&key["token"])).unwrap();
    (place, token)
}

#[test]
fn an_internal_service_is_played_with_its_key() {
    let (place, token) = place_with_key();
    let service = place.serve();
    let to = format!("http://{}", service.address);
    let send = ["alert", "send", "--origin", "internal", "--to", &to];
    let with_key = [&send[..], &["--secret-file", "key"]].concat();
    let misbehave = |how: &'static str| {
        let arguments = [&with_key[..], &["--misbehave", how]].concat();
        place.feed(&token, &arguments)
    };
    let keyless = place.feed(&token, &send);
    assert_eq!(keyless.err, "error: --secret-file is missing\n");

    let bad = misbehave("bad-signature");
    assert_eq!(bad.code, 0, "{}{}", bad.out, bad.err);
    assert!(
        bad.out.starts_with("401 Unauthorized: invalid_service_key"),
        "{}",
        bad.out
    );
    let flood = misbehave("flood");
    assert_eq!(flood.code, 0, "{}{}", flood.out, flood.err);
    assert!(
        flood
            .out
            .contains("body.items: Input should have at most 1000 items"),
        "{}",
        flood.out
    );

    // The same request under the same name is answered as it was: the token died once.
    let replay = misbehave("replay");
    assert_eq!(replay.code, 0, "{}{}", replay.out, replay.err);
    assert!(replay.out.contains("1  revoked "), "{}", replay.out);
    let again = place
        .feed(&token, &[&with_key[..], &["--json"]].concat())
        .object();
    assert_eq!(text(&again["status"]), "already_revoked");
    assert_eq!(again.get("dry_run"), None);
    service.signal("TERM");
    assert_eq!(service.end(), 0);
}

#[test]
fn a_dry_run_as_an_internal_service_says_that_it_was_one() {
    let (place, _) = place_with_key();
    let service = place.serve();
    let to = format!("http://{}", service.address);
    let send = ["alert", "send", "--origin", "internal", "--to", &to];
    let with_key = [&send[..], &["--secret-file", "key"]].concat();
    let other = place.object(&create_token(""));
    let id = text(&other["id"]);
    let body = json!({ "items": [{ "id": id }], "dry_run": true }).to_string();

    let people = place.feed(&body, &with_key);
    let said = people.out.split_once(", ").unwrap_or_default().1;
    let kind = "personal_access_token";
    let line = format!("1  {:<15}  {kind:<36}  {id}", "revoked");
    let whole = format!("1 report, a dry run: nothing was changed\n{line}\n");
    assert_eq!(said, whole, "{}{}", people.out, people.err);
    let item = place.feed(&body, &[&with_key[..], &["--json"]].concat());
    let whole = json!({
        "dry_run": true,
        "status": "revoked",
        "token_id": id,
        "kind": kind,
        "state_before": "live",
        "revoked_with_it": 0,
    });
    assert_eq!(item.object(), whole);
    let inspected = place.object(&["token", "inspect", "--id", id]);
    assert_eq!(inspected["state"], "live");
    service.signal("TERM");
    assert_eq!(service.end(), 0);
}
