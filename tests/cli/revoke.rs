//! `tokenward revoke`: everything of an owner, a client or a kind.

use serde_json::json;

use crate::{create_token, place_with_token, text};

#[test]
fn everything_of_a_user_is_counted_and_revoked() {
    let (place, id, _) = place_with_token();
    place.object(&create_token("orders:read"));
    let counted = place.object(&["revoke", "--user", "ada@example.com", "--dry-run"]);
    assert_eq!(counted, json!({"dry_run": true, "counted": 2}));
    let inspect = ["token", "inspect", "--id", &id];
    assert_eq!(place.object(&inspect)["state"], "live");

    let done = place.object(&["revoke", "--user", "ada@example.com"]);
    assert_eq!((&done["counted"], &done["revoked"]), (&json!(2), &json!(2)));
    assert_eq!(text(&place.object(&inspect)["revoked_reason"]), "operator");
    place.object(&create_token("orders:read"));
    let urgent = place.object(&["revoke", "--user", "ada@example.com", "--urgent"]);
    assert_eq!(urgent["revoked"], 1);
    let again = place.run(&["revoke", "--user", "ada@example.com"]);
    assert_eq!(
        (again.code, again.out.trim()),
        (0, "0 tokens are revoked for good")
    );
}

#[test]
fn what_is_not_said_is_not_revoked() {
    let (place, id, _) = place_with_token();
    for (wrong, why) in [
        (&["revoke"][..], "say whose or which tokens are meant"),
        (
            &["revoke", "--user", "nobody@example.com"],
            "no user with this e-mail address",
        ),
        (
            &["revoke", "--client", "polar_ci_x"],
            "no client with this client_id",
        ),
    ] {
        let said = place.run(wrong);
        assert_eq!(said.code, 1, "{}", said.out);
        assert!(said.err.contains(why), "{}", said.err);
    }
    for wrong in [
        &["revoke", "--kind", "everything"][..],
        &["revoke", "--created-before", "today"],
    ] {
        assert_eq!(place.run(wrong).code, 2);
    }
    let inspect = ["token", "inspect", "--id", &id];
    assert_eq!(place.object(&inspect)["state"], "live");
}
