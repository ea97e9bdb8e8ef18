//! `tokenward exposure`.

use serde_json::json;

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
    let people = place.run(&["exposure", "show", id]).out;
    assert!(people.contains("\nTried since:\nLAST TRIED"), "{people}");
    assert!(people.contains("introspection"), "{people}");
}
