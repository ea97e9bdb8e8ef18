use super::*;
use crate::mail::samples::{at, brand, exposed};
use crate::model::{Language, Letter};

fn expired() -> TokenExposed {
    TokenExposed {
        outcome: Outcome::AlreadyExpired { at: at(900) },
        ..exposed()
    }
}

fn revoked() -> TokenExposed {
    let mut seen = exposed();
    seen.outcome = Outcome::AlreadyRevoked { at: at(900) };
    seen.addressee = Addressee::OrganizationManager;
    seen.token.organization = Some("Acme <b>Inc.".to_owned());
    seen.url = Some("https://paste.example/x".to_owned());
    seen.source = None;
    seen
}

fn words(seen: Vec<TokenExposed>, more: u64) -> Words {
    let digest = LeakDigest {
        since: at(150),
        more,
        seen,
    };
    Words::new(&Letter::LeakDigest(digest), Language::English, &brand()).unwrap()
}

#[test]
fn somebody_reads_what_was_found_of_dead_tokens() {
    let words = words(vec![expired(), revoked()], 3);
    insta::assert_snapshot!(
        "leak_digest.txt",
        format!("Subject: {}\n\n{}", words.subject, words.text)
    );
}

#[test]
fn one_place_of_one_owner_reads_simply() {
    let words = words(vec![expired()], 0);
    assert!(words.subject.ends_with("were found in one place"));
    assert!(words.text.contains("because these tokens were yours."));
    assert!(!words.text.contains("not listed") && !words.html.contains("not listed"));
    // The only site is a known one.
    assert!(!words.text.contains("with care"));
}

#[test]
fn places_that_no_version_here_can_read_are_counted() {
    let words = words(Vec::new(), 7);
    assert!(words.subject.ends_with("were found in 7 places"));
    assert!(words.text.contains("cannot be listed here: 7"));
}

#[test]
fn strangers_add_no_markup() {
    let mut seen = expired();
    seen.token.name = Some("<script>alert(1)</script>\r\nBcc: x@y.z".to_owned());
    seen.url = Some("https://paste.example/<img src=x>".to_owned());
    seen.reported_by = "\u{202e}<i>".to_owned();
    let words = words(vec![seen], 0);
    for foreign in ["<script", "<img", "<i>", "\u{202e}", "\r"] {
        assert!(!words.html.contains(foreign), "{foreign}");
    }
    assert!(!words.text.contains('\r') && !words.text.contains('\u{202e}'));
}

#[test]
fn a_digest_keeps_no_place_where_it_is_stored() {
    let digest = LeakDigest {
        since: at(1),
        more: 2,
        seen: vec![expired()],
    };
    let stored = serde_json::to_string(&Letter::LeakDigest(digest)).unwrap();
    assert!(!stored.contains("github.com"), "{stored}");
}
