//! `tokenward exposure`.

use serde_json::json;

use super::{ADA, PLACE, Place, change, place_with_token, report, text};

/// Somebody tries a token that leaked, so many times, at a service that runs.
fn try_at_a_service(place: &Place, token: &str, times: usize) {
    let create = ["service-key", "create", "--name", "s", "--scopes"];
    let key = place.object(&[&create[..], &["tokens:introspect"]].concat());
    let service = place.serve();
    for _ in 0..times {
        let answer = service.introspect(text(&key["token"]), token);
        assert_eq!(answer["active"], false);
    }
    service.signal("TERM");
    assert_eq!(service.end(), 0);
}

#[test]
fn an_exposure_is_shown_with_who_tried_the_token_since() {
    let (place, _, token) = place_with_token();
    report(&place, &token);
    let seen = place.object(&["exposure", "list"]);
    let id = text(&seen["id"]);
    let mut shown = place.object(&["exposure", "show", id]);
    let members = shown.as_object_mut().unwrap();
    let total = members.remove("attempts_total");
    let attempts = members.remove("attempts");
    assert_eq!((total, attempts), (Some(json!(0)), Some(json!([]))));
    assert_eq!(shown, seen);

    try_at_a_service(&place, &token, 2);
    let shown = place.object(&["exposure", "show", id]);
    let attempt = &shown["attempts"][0];
    assert_eq!(
        (text(&attempt["via"]), &attempt["times"]),
        ("introspection", &2.into())
    );
    assert_eq!(shown["attempts_total"], 2);
    assert!(
        text(&attempt["first_at"]) <= text(&attempt["last_at"]),
        "{attempt}"
    );
    let hint = format!("\nThere may be more: --after {id}\n");
    let page = place.run(&["exposure", "list", "--limit", "1"]).out;
    assert!(page.ends_with(&hint), "{page}");
    let whole = place.run(&["exposure", "list"]).out;
    assert!(!whole.contains("There may be more"), "{whole}");

    let people = place.run(&["exposure", "show", id]).out;
    assert!(people.contains("\nTried since:\nLAST TRIED"), "{people}");
    assert!(people.contains("introspection"), "{people}");
}

#[test]
fn an_exposure_says_whose_token_it_is_and_what_was_decided() {
    let (place, _, token) = place_with_token();
    change(&place, &["UPDATE tokens SET customer = 'customer-17'"]);
    report(&place, &token);
    let seen = place.object(&["exposure", "list", "--customer", "customer-17"]);
    let hint = &token[token.len() - 4..];
    assert_eq!(
        [
            text(&seen["token_name"]),
            text(&seen["token_hint"]),
            text(&seen["user"]),
            text(&seen["customer"]),
        ],
        ["CI", hint, ADA, "customer-17"]
    );
    for absent in ["organization", "organization_id", "client", "client_id"] {
        assert!(seen[absent].is_null(), "{absent}");
    }
    let of_user = ["exposure", "list", "--user", text(&seen["user_id"])];
    assert_eq!(place.object(&of_user), seen);
    let nobodys = place.run(&["exposure", "list", "--customer", "customer-18"]);
    assert_eq!(nobodys.out.trim(), "No token was seen anywhere.");

    let list = place.run(&["exposure", "list"]).out;
    let show = place.run(&["exposure", "show", text(&seen["id"])]).out;
    for part in ["CI", hint, ADA, PLACE] {
        assert!(list.contains(part), "{part}: {list}");
        assert!(show.contains(part), "{part}: {show}");
    }
    for part in ["true_positive", "content"] {
        assert!(show.contains(part), "{part}: {show}");
    }
    assert!(show.contains(text(&seen["revoked_at"])), "{show}");
    assert!(show.contains("customer-17"), "{show}");
}

#[test]
fn an_exposure_says_what_the_token_could_do_and_when_it_was_used() {
    let (place, id, token) = place_with_token();
    // 2026-01-01T00:00:00Z
    let used = "UPDATE tokens SET last_used_at = 1767225600000";
    change(&place, &[used]);
    report(&place, &token);
    let inspected = place.object(&["token", "inspect", "--id", &id]);
    let seen = place.object(&["exposure", "list"]);
    let shown = place.object(&["exposure", "show", text(&seen["id"])]);
    for told in [&seen, &shown] {
        assert_eq!(told["token_scopes"], json!(["repo:read", "repo:write"]));
        assert_eq!(told["token_created_at"], inspected["created_at"]);
        assert_eq!(told["token_last_used_at"], "2026-01-01T00:00:00Z");
    }
    let people = || place.run(&["exposure", "show", text(&seen["id"])]).out;
    let all = people();
    assert_eq!(field(&all, "scopes"), "repo:read repo:write");
    assert_eq!(field(&all, "created"), text(&inspected["created_at"]));
    assert_eq!(field(&all, "last used"), "2026-01-01T00:00:00Z");
    change(&place, &["UPDATE tokens SET last_used_at = NULL"]);
    assert_eq!(field(&people(), "last used"), "never");
}

/// What stands behind a name in what people read of one thing.
fn field<'t>(shown: &'t str, name: &str) -> &'t str {
    let heading = format!("{name}  ");
    let line = shown.lines().find_map(|line| line.strip_prefix(&heading));
    line.unwrap_or(shown).trim_start()
}

#[test]
fn a_place_that_is_known_by_its_kind_only_is_listed_by_that() {
    let (place, _, token) = place_with_token();
    report(&place, &token);
    let id = text(&place.object(&["exposure", "list"])["id"]).to_owned();
    let listed = || {
        let list = place.run(&["exposure", "list"]).out;
        let row = list.lines().nth(1).unwrap_or_default();
        row.rsplit("  ").next().unwrap_or_default().to_owned()
    };
    let shown = || {
        let all = place.run(&["exposure", "show", &id]).out;
        [field(&all, "where"), field(&all, "source")].map(str::to_owned)
    };
    assert_eq!(listed(), PLACE);
    change(&place, &["UPDATE exposures SET url = NULL"]);
    assert_eq!(listed(), "content");
    assert_eq!(shown(), ["unknown", "content"]);
    change(&place, &["UPDATE exposures SET source = NULL"]);
    assert_eq!(listed(), "unknown");
    change(&place, &["UPDATE exposures SET scrubbed_at = 1"]);
    assert_eq!(listed(), "no longer kept");
    assert_eq!(shown(), ["no longer kept"; 2]);
}
