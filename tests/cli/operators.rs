//! `tokenward user promote | demote | list`: who operates the service.

use serde_json::{Value, json};

use crate::place::Place;
use crate::{ADA, text};

#[test]
fn the_role_is_given_shown_and_taken() {
    let place = Place::new();
    place.object(&["user", "create", "--email", ADA]);
    let list = || place.object(&["user", "list"]);
    assert_eq!(list()["operator_since"], Value::Null);
    for _ in 0..2 {
        let promoted = place.object(&["user", "promote", "--email", ADA]);
        assert_eq!(promoted, json!({"email": ADA, "operator": true}));
    }
    assert!(text(&list()["operator_since"]).ends_with('Z'));
    for _ in 0..2 {
        let demoted = place.object(&["user", "demote", "--email", ADA]);
        assert_eq!(demoted, json!({"email": ADA, "operator": false}));
    }
    assert_eq!(list()["operator_since"], Value::Null);
    let unknown = place.run(&["user", "promote", "--email", "nobody@example.com"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("no user with this e-mail address"));
}
