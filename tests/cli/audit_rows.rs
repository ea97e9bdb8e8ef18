//! What operators do at the command line is in the audit log, in their name.

use std::collections::HashSet;

use serde_json::Value;

use super::{ADA, BOB, Place, text};

/// The account that operators use.
const OPERATOR: &str = "grace";

/// A place and what its audit log said until now.
struct Watched {
    place: Place,
    seen: HashSet<String>,
}

impl Watched {
    fn new() -> Self {
        let mut place = Place::new();
        place.set("USER", OPERATOR);
        let mut watched = Self {
            place,
            seen: HashSet::new(),
        };
        watched.does(&["user", "create", "--email", ADA]);
        watched
    }

    /// Does something that goes well; the one object it prints, if it is one, and the events that were written
    /// down meanwhile, sorted.
    fn does(&mut self, arguments: &[&str]) -> (Value, Vec<String>) {
        let said = self.place.run(&[arguments, &["--json"]].concat());
        let mut printed = said.objects();
        (printed.pop().unwrap_or_default(), self.events())
    }

    /// The events that are new in the audit log, sorted. Each is an operator's, by the name of their account.
    fn events(&mut self) -> Vec<String> {
        let list = ["audit", "list", "--limit", "1000", "--json"];
        let mut events = Vec::new();
        for row in self.place.run(&list).objects() {
            if self.seen.insert(text(&row["id"]).to_owned()) {
                let by = (&row["actor_kind"], &row["actor"]);
                assert_eq!(by, (&"operator".into(), &OPERATOR.into()), "{row}");
                assert_eq!(row["request_id"], Value::Null, "{row}");
                events.push(text(&row["event"]).to_owned());
            }
        }
        events.sort_unstable();
        events
    }

    /// Does each of these, and compares what is written down of it.
    fn does_each(&mut self, all: &[(&[&str], &[&str])]) {
        for (arguments, expected) in all {
            let (_, events) = self.does(arguments);
            assert_eq!(&events, expected, "{arguments:?}");
        }
    }
}

#[test]
fn what_is_done_about_people_and_organizations_is_written_down() {
    let mut watched = Watched::new();
    let create = [
        "organization",
        "create",
        "--slug",
        "acme",
        "--name",
        "Acme",
        "--owner",
        ADA,
    ];
    let member = [
        "organization",
        "add-member",
        "--slug",
        "acme",
        "--email",
        BOB,
        "--role",
        "admin",
    ];
    watched.does_each(&[
        (&create, &["organization.created"]),
        (&["user", "create", "--email", BOB], &["user.created"]),
        (&member, &["organization.member_set"]),
        (
            &["organization", "block", "--slug", "acme"],
            &["organization.blocked"],
        ),
        (
            &["organization", "unblock", "--slug", "acme"],
            &["organization.unblocked"],
        ),
        (&["user", "promote", "--email", ADA], &["operator.promoted"]),
        (&["user", "demote", "--email", ADA], &["operator.demoted"]),
        // There is nothing left to take away.
        (&["user", "demote", "--email", ADA], &[]),
    ]);
}

#[test]
fn what_is_done_about_clients_is_written_down() {
    let mut watched = Watched::new();
    let create = [
        "client",
        "create",
        "--name",
        "Acme",
        "--redirect-uri",
        "https://app.example/callback",
    ];
    let (made, events) = watched.does(&create);
    assert_eq!(events, ["client.created", "token.issued"]);
    let id = text(&made["client_id"]);
    let update = [
        "client",
        "update",
        "--client-id",
        id,
        "--first-party",
        "true",
    ];
    watched.does_each(&[
        (&update, &["client.standing_set"]),
        (
            &["client", "disable", "--client-id", id],
            &["client.disabled"],
        ),
        (
            &["client", "enable", "--client-id", id],
            &["client.enabled"],
        ),
        (
            &["client", "delete", "--client-id", id],
            &["client.deleted", "token.revoked"],
        ),
    ]);
}

#[test]
fn what_is_done_about_webhooks_is_written_down() {
    let mut watched = Watched::new();
    let (made, events) = watched.does(&["webhook", "create", "--url", "https://hooks.example/in"]);
    assert_eq!(events, ["webhook.created"]);
    let id = text(&made["id"]);
    watched.does_each(&[
        (
            &["webhook", "rotate-secret", "--id", id],
            &["webhook.secret_rotated"],
        ),
        (&["webhook", "disable", "--id", id], &["webhook.disabled"]),
        (&["webhook", "enable", "--id", id], &["webhook.enabled"]),
    ]);
    let (test, events) = watched.does(&["webhook", "test", "--id", id]);
    assert_eq!(events, [""; 0]);
    let message = text(&test["message_id"]);
    let replay = ["webhook", "replay", "--id", id];
    watched.does_each(&[
        (
            &[&replay[..], &["--message", message]].concat(),
            &["webhook.replayed"],
        ),
        (
            &[&replay[..], &["--since", "2020-01-01T00:00:00Z"]].concat(),
            &["webhook.replayed"],
        ),
        // Nothing is that new.
        (
            &[&replay[..], &["--since", "2100-01-01T00:00:00Z"]].concat(),
            &[],
        ),
        (&["webhook", "delete", "--id", id], &["webhook.deleted"]),
    ]);
}

#[test]
fn what_is_done_about_signing_keys_is_written_down() {
    const MADE: &str = "signing_key.made";
    const RESCHEDULED: &str = "signing_key.rescheduled";
    const DELETED: &str = "signing_key.deleted";
    let mut watched = Watched::new();
    let rotate = ["signing-key", "rotate"];
    let compromised = [&rotate[..], &["--compromised"]].concat();
    watched.does_each(&[
        // One of each algorithm that signs, and one that follows it.
        (&rotate, &[MADE; 4]),
        (&rotate, &[RESCHEDULED; 2]),
        (
            &compromised,
            &[DELETED, DELETED, DELETED, DELETED, MADE, MADE],
        ),
    ]);
}

#[test]
fn that_a_hash_key_was_forgotten_is_written_down() {
    let (old, new) = ("an old key of some length", "a new key of some length");
    let mut place = Place::new();
    place.set("USER", OPERATOR);
    place.set("TOKENWARD__TOKENS__HASH_KEYS", old);
    place.object(&["user", "create", "--email", ADA]);
    let id = text(&place.object(&["keys", "list"])["id"]).to_owned();
    place.set("TOKENWARD__TOKENS__HASH_KEYS", &format!("{new},{old}"));
    place.object(&["user", "create", "--email", BOB]);
    place.set("TOKENWARD__TOKENS__HASH_KEYS", new);
    place.object(&["keys", "forget", &id, "--yes"]);
    let list = ["audit", "list", "--event", "hash_key.forgotten"];
    let row = place.object(&list);
    assert_eq!(
        (text(&row["actor_kind"]), text(&row["actor"])),
        ("operator", OPERATOR)
    );
    let detail: Value = serde_json::from_str(text(&row["detail"])).unwrap();
    assert_eq!(detail, serde_json::json!({ "hash_key": id }));
}
