//! `tokenward stream`: operators look at streams that machines made, and stop one.

use std::io::{Read, Write};

use serde_json::{Value, json};

use super::place::Service;
use super::{Place, text};

/// Asks a running service for something, as JSON.
fn ask(service: &Service, key: &str, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let mut stream = service.connect();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_default()
}

#[test]
fn streams_are_listed_stopped_and_deleted() {
    let place = Place::new();
    assert_eq!(place.run(&["stream", "list", "--json"]).objects().len(), 0);
    let create = [
        "service-key",
        "create",
        "--name",
        "siem",
        "--scopes",
        "events:receive",
    ];
    let key = place.object(&create);
    let token = text(&key["token"]);
    let service = place.serve();
    let made = ask(&service, token, "/v1/ssf/streams", &json!({}));
    let id = text(&made["stream_id"]);

    let all = place.run(&["stream", "list", "--json"]).objects();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["id"], id);
    assert_eq!(all[0]["token_id"], key["id"]);
    assert_eq!(all[0]["sees"], "everything");
    assert_eq!(all[0]["method"], "poll");
    let shown = place.run(&["stream", "show", "--id", id]);
    assert!(shown.out.contains("enabled by receiver"), "{}", shown.out);

    let stopped = place.object(&["stream", "disable", "--id", id]);
    assert_eq!(
        (&stopped["status"], &stopped["status_by"]),
        (&json!("disabled"), &json!("operator"))
    );
    let again = json!({ "stream_id": id, "status": "enabled" });
    let refused = ask(&service, token, "/v1/ssf/status", &again);
    assert_eq!(refused["error"], "not_permitted");
    place.object(&["stream", "enable", "--id", id]);
    let poll = json!({ "returnImmediately": true });
    let told = ask(&service, token, &format!("/v1/ssf/poll/{id}"), &poll);
    assert_eq!(told["sets"].as_object().unwrap().len(), 1);

    let deleted = place.object(&["stream", "delete", "--id", id]);
    assert_eq!(deleted["deleted"], true);
    assert_eq!(place.run(&["stream", "delete", "--id", id]).code, 1);
    service.signal("TERM");
    assert_eq!(service.end(), 0);
}
