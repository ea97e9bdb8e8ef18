//! Whoever registers a client may have streams of events. What their bodies ask for is there, and bounded; whom a
//! stream is about is written as we write it ourselves.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokenward::domain::streams::delivery::code;
use tokenward::domain::streams::polling::PollRequest;
use tokenward::http::bodies_of_receivers;
use tokenward::http::extract::Members;
use tokenward::model::{Id, NamedSubject, StreamStatus, SubjectFormat, Timestamp};

const ISSUER: &str = "https://tokens.example";

fn check_poll(members: &Members, poll: &PollRequest) {
    let acks = members.given("ack").and_then(Value::as_array);
    assert!(poll.acks.len() <= acks.map_or(0, Vec::len));
    assert!(poll.errors.len() <= 100);
    for (_, error) in &poll.errors {
        assert_eq!(code(error).as_ref(), Some(error));
    }
    let most = members.given("maxEvents").and_then(Value::as_u64);
    assert_eq!(most.is_some(), poll.max_events.is_some());
    assert!(poll.max_events.map(u64::from) <= most);
}

fn check_subject(subject: &Value) {
    let Ok(named) = NamedSubject::parse(subject, ISSUER) else {
        return;
    };
    let written = match &named {
        NamedSubject::User(user) => SubjectFormat::IssSub.identify(ISSUER, *user, None),
        NamedSubject::Email(email) => {
            let anybody = Id::new(Timestamp::from_millis(0));
            SubjectFormat::Email.identify(ISSUER, anybody, Some(email))
        }
        NamedSubject::Organization(_) | NamedSubject::Client(_) => {
            assert_eq!(subject["format"], "complex");
            return;
        }
    };
    assert_eq!(NamedSubject::parse(&written, ISSUER), Ok(named));
}

fuzz_target!(|input: &[u8]| {
    let Ok(members) = Members::parse(input) else {
        return;
    };
    let (poll, [new, changed, status, subject, verification]) = bodies_of_receivers(&members);
    if let Some(poll) = poll {
        check_poll(&members, &poll);
    }
    let text = |name: &str| members.given(name).and_then(Value::as_str);
    assert!(!changed || (new && text("stream_id").is_some()));
    let named = text("status").and_then(StreamStatus::from_name);
    assert!(!status || (named.is_some() && text("stream_id").is_some()));
    assert!(!subject || members.given("subject").is_some());
    assert!(!verification || text("stream_id").is_some());
    if let Some(subject) = members.given("subject") {
        check_subject(subject);
    }
});
