//! `tokenward exposure`.

use super::{Place, place_with_token, report, text};

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
    let attempts = shown.as_object_mut().unwrap().remove("attempts");
    assert_eq!((&shown, attempts), (&seen, Some(serde_json::json!([]))));

    try_at_a_service(&place, &token, 2);
    let shown = place.object(&["exposure", "show", id]);
    let attempt = &shown["attempts"][0];
    assert_eq!(
        (text(&attempt["via"]), &attempt["times"]),
        ("introspection", &2.into())
    );
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
