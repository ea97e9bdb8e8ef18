//! `tokenward policy`, `quarantine`, `exposure` and `origin`, and a policy that changes while the service
//! runs.

use serde_json::{Value, json};

use super::place::Service;
use super::{Place, place_with_token, report_under, text};

fn configure(place: &mut Place, policy: &str) {
    let file = place.path().join("tokenward.toml");
    std::fs::write(&file, format!("[policy]\n{policy}\n")).unwrap();
    place.set("TOKENWARD_CONFIG", file.to_str().unwrap());
}

#[test]
fn the_policy_is_shown_for_each_origin_and_kind() {
    let mut place = Place::new();
    configure(&mut place, "rules = ['internal service_key notify']");
    let cells = place.run(&["policy", "show", "--json"]).objects();
    let of = |origin: &str, kind: &str| {
        let cell = cells
            .iter()
            .find(|c| c["origin"] == origin && c["kind"] == kind);
        let cell = cell.unwrap();
        (
            text(&cell["reaction"]).to_owned(),
            text(&cell["rule"]).to_owned(),
        )
    };
    let own = (
        "notify".to_owned(),
        "internal service_key notify".to_owned(),
    );
    assert_eq!(of("internal", "service_key"), own);
    let usual = ("revoke".to_owned(), "default".to_owned());
    assert_eq!(of("possession", "service_key"), usual);
    let explained = place.run(&["check-config"]);
    assert!(
        explained.out.contains("internal service_key notify"),
        "{}",
        explained.err
    );

    configure(&mut place, "breaker_share = '20%'");
    for command in [&["policy", "show"][..], &["check-config"][..]] {
        let explained = place.run(command);
        let sentence = "more than 5000 working tokens or 20 % of all that work";
        assert!(explained.out.contains(sentence), "{}", explained.out);
    }

    configure(&mut place, "rules = ['interna * notify']");
    let refused = place.run(&["check-config"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.out.contains("did you mean `internal`?"),
        "{}",
        refused.out
    );
}

#[test]
fn the_settings_of_breaker_and_quarantine_are_shown_behind_the_cells() {
    let mut place = Place::new();
    let cells = place.run(&["policy", "show", "--json"]).objects();
    let policy = cells.last().unwrap();
    assert_eq!(policy["breaker_share_percent"], Value::Null);
    configure(
        &mut place,
        "breaker_share = '20%'\nbreaker_quiet_for = '2h'\nquarantine_ends_with = 'release'\n\
         rules = ['github  * notify']",
    );
    let cells = place.run(&["policy", "show", "--json"]).objects();
    let whole = json!({
        "default": "revoke",
        "rules": ["github * notify"],
        "quarantine_seconds": 259_200,
        "quarantine_ends_with": "release",
        "breaker_revocations": 5_000,
        "breaker_share_percent": 20,
        "breaker_window_seconds": 3_600,
        "breaker_quiet_seconds": 7_200,
    });
    assert_eq!(cells.last(), Some(&whole));
    // What explains the whole configuration has the same behind its keys.
    let lines = place.run(&["check-config", "--json"]).objects();
    let keys = lines.iter().filter(|line| line["key"].is_string()).count();
    assert_eq!(lines[keys..], cells);
    let people = place.run(&["policy", "show"]).out;
    assert!(
        people.contains("What is in quarantine works again after 3d"),
        "{people}"
    );
}

#[test]
fn configured_durations_are_shown_exactly() {
    let mut place = Place::new();
    configure(&mut place, "quarantine_for = '36h'\nbreaker_window = '90m'");
    let people = place.run(&["policy", "show"]).out;
    for sentence in [
        "is revoked for good after 1d 12h, unless",
        "revoked within 1h 30m opens its breaker",
    ] {
        assert!(people.contains(sentence), "{people}");
    }
    let explained = place.run(&["check-config"]).out;
    assert!(explained.contains("within 1h 30m opens"), "{explained}");
}

#[test]
fn an_operator_brings_back_what_is_in_quarantine_or_finishes_it() {
    let (place, id, token) = place_with_token();
    let origins = place.run(&["origin", "list", "--json"]).objects();
    assert!(
        origins
            .iter()
            .any(|one| one["origin"] == "internal" && one["breaker"] == "closed")
    );
    assert_eq!(
        place.object(&["origin", "reset", "internal"])["was_open"],
        false
    );
    assert_eq!(place.run(&["origin", "reset", "nobody"]).code, 2);

    const QUARANTINE: &str = "policy.default = 'quarantine'";
    assert_eq!(report_under(&place, &token, QUARANTINE), 1);
    let open = place.object(&["quarantine", "list"]);
    assert_eq!(
        (text(&open["token_id"]), text(&open["ends_with"])),
        (id.as_str(), "finish")
    );
    let seen = place.object(&["exposure", "list", "--token", &id]);
    assert_eq!(
        (text(&seen["decision"]), text(&seen["decided_by"])),
        ("quarantine", "default")
    );
    let mut shown = place.object(&["exposure", "show", text(&seen["id"])]);
    let members = shown.as_object_mut().unwrap();
    for only_shown in ["attempts", "attempts_total"] {
        assert!(members.remove(only_shown).is_some(), "{only_shown}");
    }
    assert_eq!(shown, seen);
    let inspected = place.object(&["token", "inspect", "--id", &id]);
    assert_eq!(inspected["exposures"][0]["decision"], "quarantine");
    assert_eq!(inspected["revoked_reason"], "quarantined");

    let released = place.object(&["quarantine", "release", "--token", &id]);
    assert_eq!(
        (text(&released["ended_as"]), &released["tokens"][0]),
        ("released", &id.clone().into())
    );
    let again = place.run(&["quarantine", "finish", "--token", &id]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("not in quarantine"), "{}", again.err);
    let inspected = place.object(&["token", "inspect", "--id", &id]);
    assert_eq!(inspected["state"], "live");

    assert_eq!(report_under(&place, &token, QUARANTINE), 0);
    let finished = place.object(&["quarantine", "finish", "--origin", "github"]);
    assert_eq!(finished["ended_as"], "finished");
    let inspected = place.object(&["token", "inspect", "--id", &id]);
    assert_eq!(inspected["revoked_reason"], "exposed");
    let none = place.run(&["quarantine", "list"]);
    assert_eq!(none.out, "Nothing is in quarantine.\n", "{}", none.err);
}

#[test]
fn a_running_service_takes_a_changed_policy_and_no_broken_one() {
    let (mut place, _, token) = place_with_token();
    configure(&mut place, "default = 'observe'");
    let key = [
        "service-key",
        "create",
        "--name",
        "s",
        "--scopes",
        "exposures:read tokens:introspect",
    ];
    let key = text(&place.object(&key)["token"]).to_owned();
    let mut service = place.serve();
    give_up(&service, &token);
    let works = |service: &Service| service.introspect(&key, &token)["active"] == true;
    assert!(works(&service));

    configure(&mut place, "default = 'kill'");
    service.signal("HUP");
    service.wait_for_log("the policy stays as it was");
    give_up(&service, &token);
    assert!(works(&service));

    configure(&mut place, "default = 'revoke'");
    service.signal("HUP");
    service.wait_for_log("has changed and is in force");
    let shown = service.ask(&format!(
        "GET /v1/policy HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\r\n"
    ));
    assert!(shown.contains("\"default\":\"revoke\""), "{shown}");
    give_up(&service, &token);
    assert!(!works(&service));
    service.signal("TERM");
    assert_eq!(service.end(), 0);
}

/// Somebody who has the token reports it.
fn give_up(service: &Service, token: &str) {
    let body = format!("{{\"credentials\":[\"{token}\"]}}");
    let answer = service.ask(&format!(
        "POST /v1/credentials/revoke HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}
