use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::mail::samples::{NOON, brand, exposed, letter};
use crate::mail::words::tests::hostile_letter;
use crate::model::Language;
use crate::model::letter::TokenExposed;

const ID: &str = "<019b7a3c-0000-7000-8000-000000000002@polar.example>";

fn message(exposed: TokenExposed, to: &str) -> String {
    let words = Words::new(&letter(exposed), Language::English, &brand()).unwrap();
    let from: Mailbox = "Polar <security@polar.example>".parse().unwrap();
    let to = addressee(&Email::from_stored(to.to_owned())).unwrap();
    let envelope = Envelope {
        from: &from,
        to: &to,
        message_id: ID,
        written_at: NOON,
    };
    String::from_utf8(build(&envelope, words, None).unwrap()).unwrap()
}

/// The head of a message: every field by name, unfolded.
fn head(message: &str) -> BTreeMap<String, Vec<String>> {
    let (head, _) = message.split_once("\r\n\r\n").unwrap();
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for field in head.replace("\r\n ", " ").split("\r\n") {
        let (name, value) = field.split_once(": ").unwrap();
        fields
            .entry(name.to_owned())
            .or_default()
            .push(value.to_owned());
    }
    fields
}

#[test]
fn a_message_says_who_what_and_when() {
    let message = message(exposed(), "ada@example.com");
    let head = head(&message);
    let field = |name: &str| head[name].join("|");
    assert_eq!(field("From"), "Polar <security@polar.example>");
    assert_eq!(field("To"), "ada@example.com");
    assert_eq!(field("Date"), "Thu, 01 Jan 2026 12:00:00 +0000");
    assert_eq!(field("Message-ID"), ID);
    assert_eq!(field("Auto-Submitted"), "auto-generated");
    assert_eq!(field("MIME-Version"), "1.0");
    assert!(field("Content-Type").starts_with("multipart/alternative; boundary=\"part-"));
    assert!(!head.contains_key("Bcc"));
    let text = message
        .find("Content-Type: text/plain; charset=utf-8")
        .unwrap();
    let html = message
        .find("Content-Type: text/html; charset=utf-8")
        .unwrap();
    assert!(
        text < html,
        "the last part is the preferred one (RFC 2046 5.1.4)"
    );
}

#[test]
fn the_same_letter_becomes_the_same_bytes() {
    let once = message(exposed(), "ada@example.com");
    assert_eq!(once, message(exposed(), "ada@example.com"));
}

#[test]
fn an_international_domain_travels_in_its_ascii_form() {
    let message = message(exposed(), "ada@bücher.example");
    assert_eq!(head(&message)["To"], ["ada@xn--bcher-kva.example"]);
    assert!(message.is_ascii());
}

#[test]
fn an_address_on_this_machine_is_an_address() {
    assert!(address("ada", "localhost").is_some());
}

#[test]
fn what_could_break_out_of_a_header_is_not_sent() {
    for wrong in [
        "a@b",
        "<a@b",
        "<a>",
        "<a@b>\r\nBcc: x@y",
        "<a@b@c>",
        "<@b>",
        "<a b@c>",
    ] {
        assert!(!is_message_id(wrong), "{wrong}");
    }
    for wrong in [
        "",
        "ada",
        "ada@example.com\r\nBcc: x@y.example",
        "a b@example.com",
        "a@b c",
    ] {
        let email = Email::from_stored(wrong.to_owned());
        assert_eq!(addressee(&email), Err(Unsendable::Addressee), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn strangers_add_no_header_and_no_part(exposed in hostile_letter()) {
        let message = message(exposed, "ada@example.com");
        let names: Vec<String> = head(&message).into_keys().collect();
        prop_assert_eq!(names, [
            "Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID",
            "Subject", "To",
        ]);
        prop_assert!(head(&message).values().all(|values| values.len() == 1));
        let boundary = message.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
        prop_assert_eq!(message.matches(&format!("--{boundary}")).count(), 3);
        prop_assert!(message.is_ascii());
        prop_assert!(message.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    }
}
