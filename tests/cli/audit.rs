//! `tokenward audit`

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tokenward::model::audit::EVENTS;

use super::{Place, change, place_with_token, text};

fn rows(place: &Place) -> Vec<Value> {
    place.run(&["audit", "export"]).objects()
}

/// What `docs/operations.md` says about a link.
fn link(row: &Value, previous: &[u8]) -> Vec<u8> {
    let columns = [
        "seq",
        "id",
        "at_ms",
        "event",
        "actor_kind",
        "actor",
        "origin",
        "key_id",
        "request_id",
        "token_id",
        "exposure_id",
        "user_id",
        "organization_id",
        "client_id",
        "detail",
    ];
    let columns: Vec<_> = columns.iter().map(|name| row[*name].clone()).collect();
    let text = Value::Array(columns).to_string();
    Sha256::digest([previous, text.as_bytes()].concat()).to_vec()
}

#[test]
fn an_export_proves_itself_to_whoever_has_only_the_export() {
    let (place, id, _) = place_with_token();
    let rows = rows(&place);
    assert!(rows.len() >= 3, "{rows:?}");
    let mut previous = vec![0; 32];
    for (row, seq) in rows.iter().zip(1..) {
        assert_eq!(row["seq"], seq);
        assert_eq!(text(&row["link"]), hex::encode(link(row, &previous)));
        previous = link(row, &previous);
    }
    let issued = rows.iter().find(|row| row["token_id"] == id.as_str());
    let issued = issued.unwrap();
    assert_eq!(issued["event"], "token.issued");
    assert_eq!(issued["actor_kind"], "operator");
    let after = place.run(&["audit", "export", "--after", "2"]).objects();
    assert_eq!(after, rows[2..]);
}

#[test]
fn a_log_that_was_edited_by_hand_is_caught() {
    let (place, id, _) = place_with_token();
    let people = place.run(&["audit", "verify"]);
    assert_eq!(people.code, 0, "{}", people.err);
    assert!(people.out.contains("sound") && people.out.contains("Note the head"));
    let sound = place.object(&["audit", "verify"]);
    assert_eq!(
        (&sound["sound"], &sound["waiting"]),
        (&true.into(), &0.into())
    );
    let head = text(&sound["head"]).to_owned();
    place.object(&["token", "revoke", "--id", &id]);
    let expect = place.run(&["audit", "verify", "--expect", &head]);
    assert_eq!(expect.code, 0, "{}", expect.err);
    edit(
        &place,
        "UPDATE audit_log SET actor = 'nobody' WHERE seq = 3",
    );
    let caught = place.run(&["audit", "verify", "--json"]);
    assert_eq!(caught.code, 1);
    let check: Value = serde_json::from_str(caught.out.trim()).unwrap();
    assert_eq!(check["sound"], false);
    assert!(text(&check["flaws"][0]).contains("row 3"), "{check}");
    assert_eq!(place.run(&["audit", "verify", "--expect", "soon"]).code, 2);
}

/// Does what whoever owns the database can do.
fn edit(place: &Place, statement: &str) {
    let disarm = match place.database_url().starts_with("postgres") {
        true => "DROP TRIGGER audit_log_is_append_only ON audit_log",
        false => "DROP TRIGGER audit_log_is_append_only",
    };
    change(place, &[disarm, statement]);
}

/// What is spelled like an event where events are written down is one that can be asked for.
#[test]
fn every_event_that_is_written_down_can_be_asked_for() {
    let mut named = BTreeSet::new();
    for room in ["domain", "storage"] {
        let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
        collect_events(&room, &mut named);
    }
    let known = EVENTS.map(str::to_owned);
    assert_eq!(named, BTreeSet::from(known));
}

fn collect_events(folder: &Path, named: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_events(&path, named);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        // Names of spans are attributes.
        let lines = source.lines().filter(|line| !line.contains("name = \""));
        let texts = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
        named.extend(texts.filter(|text| is_event(text)).map(str::to_owned));
    }
}

fn is_event(text: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let both = text.split_once('.');
    both.is_some_and(|(what, done)| word(what) && word(done) && done != "db")
}

#[test]
fn what_happened_is_listed_by_what_is_asked_for() {
    let (place, id, _) = place_with_token();
    place.object(&["token", "revoke", "--id", &id]);
    let of_token = place
        .run(&["audit", "list", "--token", &id, "--json"])
        .objects();
    let names: Vec<_> = of_token.iter().map(|row| text(&row["event"])).collect();
    assert_eq!(names, ["token.revoked", "token.issued"]);
    let made = ["audit", "list", "--event", "user.created", "--json"];
    assert_eq!(place.run(&made).objects().len(), 1);
    let nobody = place.run(&["audit", "list", "--actor", "origin"]);
    assert_eq!(nobody.out, "Nothing of the kind happened.\n");
    let late = ["audit", "list", "--since", "2100-01-01T00:00:00Z", "--json"];
    assert_eq!(place.run(&late).objects().len(), 0);
    let early = [
        "audit",
        "list",
        "--until",
        "2100-01-01T00:00:00Z",
        "--json",
        "--limit",
        "2",
    ];
    assert_eq!(place.run(&early).objects().len(), 2);
    let people = place.run(&["audit", "list"]);
    assert!(people.out.contains("token.revoked"), "{}", people.out);
}
