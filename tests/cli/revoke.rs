//! `tokenward revoke`: everything of an owner, a client or a kind.

use serde_json::json;
use tokenward::model::{Clock, Id, RevocationReason, Selection, Timestamp, TokenKind};
use tokenward::storage::bulk_revocations::{self, BulkRevocation};

use crate::{Place, change, create_token, place_with_token, text};

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
fn everything_of_a_customer_is_revoked_and_nothing_else() {
    let (place, id, _) = place_with_token();
    change(&place, &["UPDATE tokens SET customer = 'customer-17'"]);
    let other = place.object(&create_token("orders:read"));
    let nobodys = place.object(&["revoke", "--customer", "customer-1", "--dry-run"]);
    assert_eq!(nobodys["counted"], 0);
    let done = place.object(&["revoke", "--customer", "customer-17"]);
    assert_eq!((&done["counted"], &done["revoked"]), (&json!(1), &json!(1)));
    let state = |id: &str| place.object(&["token", "inspect", "--id", id])["state"].clone();
    assert_eq!(state(&id), "revoked");
    assert_eq!(state(text(&other["id"])), "live");
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

/// Whoever revokes by hand does what they asked for, and nothing in their name that others did.
#[test]
fn what_another_one_asked_for_is_left_to_the_service() {
    let (place, id, _) = place_with_token();
    place.object(&["user", "create", "--email", "bob@example.com"]);
    let of_others = begin(&place);
    let done = place.object(&["revoke", "--user", "bob@example.com"]);
    assert_eq!((&done["counted"], &done["revoked"]), (&json!(0), &json!(0)));
    let inspect = ["token", "inspect", "--id", &id];
    assert_eq!(place.object(&inspect)["state"], "live");
    let begun = place.run(&[
        "audit",
        "list",
        "--event",
        "bulk_revocation.begun",
        "--json",
    ]);
    let begun = begun.objects();
    let details: Vec<_> = begun.iter().map(|row| text(&row["detail"])).collect();
    assert_eq!(details.len(), 1);
    assert!(
        details[0].contains("\"selection\"") && details[0].contains("operator"),
        "{details:?}"
    );
    let finished = place.run(&[
        "revoke",
        "--kind",
        "personal_access_token",
        "--dry-run",
        "--json",
    ]);
    assert_eq!(
        finished.objects()[0]["counted"],
        1,
        "{of_others} has not begun"
    );
}

/// Begins to revoke everything of a kind, as a service does, and leaves it there.
#[tokio::main(flavor = "current_thread")]
async fn begin(place: &Place) -> String {
    let db = crate::open(place).await;
    let new = BulkRevocation {
        id: Id::new(Clock::System.now()),
        service_key: None,
        selection: Selection {
            kind: Some(TokenKind::PersonalAccessToken),
            ..Selection::default()
        },
        reason: RevocationReason::Operator,
        requested_at: Clock::System.now(),
        counted: 1,
        revoked: 0,
        position: Id::new(Timestamp::from_millis(0)),
        finished_at: None,
    };
    let mut tx = db.begin().await.unwrap();
    assert!(bulk_revocations::insert(&mut tx, &new).await.unwrap());
    tx.commit().await.unwrap();
    db.close().await;
    new.id.to_string()
}
