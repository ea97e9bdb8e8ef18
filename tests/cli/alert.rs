//! `tokenward alert send` as an internal service.

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

    let other = place.object(&create_token(""));
    let body = serde_json::json!({ "items": [{ "id": other["id"] }], "dry_run": true });
    let dry = place.feed(&body.to_string(), &with_key);
    assert!(
        dry.out.contains("1 report\n1  revoked "),
        "{}{}",
        dry.out,
        dry.err
    );
    service.signal("TERM");
    assert_eq!(service.end(), 0);
}
