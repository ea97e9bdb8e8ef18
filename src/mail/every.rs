//! One letter of every kind, in every language: looked at whole, weighed, and written into a folder
//! for whoever asks (`scripts/score-letters`).

use std::collections::BTreeSet;

use lettre::message::Mailbox;
use uuid::Uuid;

use super::brand::Brand;
use super::message::{self, Envelope, addressee};
use super::samples::{NOON, about, at, brand, exposed, letter};
use super::words::Words;
use crate::model::letter::{
    Addressee, BreakerOpened, LeakDigest, Letter, LoginCode, Outcome, QuarantineEnded,
    StreamDisabled, StreamEnd, TokenAttempted, TokenExposed, TokenReplayed, WebhookDisabled,
};
use crate::model::{Email, Language, LoginCodeText, TokenKind};

/// Names the folder that letters are written into as messages.
const FOLDER: &str = "TOKENWARD_LETTERS_INTO";
/// No letter is larger, as it is sent.
const LARGEST: usize = 20 * 1024;
/// Letters whose HTML is kept in every language; the others' is kept in English.
const KEPT_IN_EACH: [&str; 3] = ["login-code", "personal-access-token", "leak-digest"];

fn with(change: impl FnOnce(&mut TokenExposed)) -> Letter {
    let mut exposed = exposed();
    change(&mut exposed);
    letter(exposed)
}

fn of_kind(kind: TokenKind, reader: Addressee, change: impl FnOnce(&mut TokenExposed)) -> Letter {
    let mut exposed = about(kind, reader);
    change(&mut exposed);
    letter(exposed)
}

/// Letters about tokens, by kind.
fn about_tokens() -> Vec<(&'static str, Letter)> {
    let robot = |exposed: &mut TokenExposed| {
        exposed.token.client = Some("Invoice Robot".to_owned());
        exposed.relatives_revoked = 3;
    };
    let acme = |exposed: &mut TokenExposed| {
        exposed.token.name = Some("nightly export".to_owned());
        exposed.token.organization = Some("Acme Inc.".to_owned());
        exposed.token.scopes = vec!["orders:read".to_owned()];
    };
    let customer = |exposed: &mut TokenExposed| {
        exposed.token.customer = Some("cus_4711".to_owned());
        exposed.token.organization = Some("Acme Inc.".to_owned());
    };
    let gateway = |exposed: &mut TokenExposed| exposed.token.name = Some("gateway".to_owned());
    use Addressee::{ClientOwner, Creator, Operator, OrganizationManager, Owner};
    use TokenKind as Kind;
    vec![
        ("personal-access-token", with(|_| {})),
        (
            "organization-access-token",
            of_kind(Kind::OrganizationAccessToken, OrganizationManager, acme),
        ),
        (
            "organization-access-token-to-its-creator",
            of_kind(Kind::OrganizationAccessToken, Creator, acme),
        ),
        ("access-token", of_kind(Kind::AccessToken, Owner, robot)),
        ("refresh-token", of_kind(Kind::RefreshToken, Owner, robot)),
        (
            "authorization-code",
            of_kind(Kind::AuthorizationCode, Owner, robot),
        ),
        (
            "client-secret",
            of_kind(Kind::ClientSecret, ClientOwner, robot),
        ),
        (
            "registration-token",
            of_kind(Kind::ClientRegistrationToken, ClientOwner, robot),
        ),
        (
            "session-token",
            of_kind(Kind::UserSessionToken, Owner, |_| {}),
        ),
        (
            "customer-session-token",
            of_kind(Kind::CustomerSessionToken, OrganizationManager, customer),
        ),
        ("service-key", of_kind(Kind::ServiceKey, Operator, gateway)),
    ]
}

/// Letters about a token by what was found and done.
fn outcomes() -> Vec<(&'static str, Letter)> {
    let outcome = |outcome| with(|exposed| exposed.outcome = outcome);
    vec![
        (
            "already-expired",
            outcome(Outcome::AlreadyExpired { at: at(900) }),
        ),
        (
            "already-revoked",
            outcome(Outcome::AlreadyRevoked { at: at(900) }),
        ),
        (
            "already-suspended",
            outcome(Outcome::AlreadySuspended { at: at(900) }),
        ),
        ("quarantined", outcome(Outcome::Quarantined { at: NOON })),
        ("not-revoked", outcome(Outcome::NotRevoked { works: true })),
        (
            "not-revoked-and-dead",
            outcome(Outcome::NotRevoked { works: false }),
        ),
        (
            "unknown-place",
            with(|exposed| {
                exposed.url = Some("https://paste.example/raw/x7?line=3".to_owned());
                exposed.source = None;
            }),
        ),
        (
            "leaked-again",
            with(|exposed| exposed.leaked_before = Some(at(700))),
        ),
        (
            "leaked-again-copy",
            with(|exposed| {
                exposed.addressee = Addressee::ManagerOfOwner;
                exposed.token.organization = Some("Acme Inc.".to_owned());
                exposed.leaked_before = Some(at(700));
                exposed.copied_from = Some("grace@example.com".to_owned());
            }),
        ),
    ]
}

/// What is told later, or of other things than tokens.
fn others() -> Vec<(&'static str, Letter)> {
    let ended = |released, works| {
        Letter::QuarantineEnded(Box::new(QuarantineEnded {
            token: exposed().token,
            addressee: Addressee::Owner,
            began_at: at(72),
            ended_at: NOON,
            released,
            works,
            relatives: 2,
        }))
    };
    let attempted = TokenAttempted {
        token: exposed().token,
        addressee: Addressee::Owner,
        dead_since: at(900),
        tried_at: NOON,
        tried_from: Some("203.0.113.7".to_owned()),
        via: "introspection".to_owned(),
    };
    let replayed = TokenReplayed {
        client: "Invoice Robot".to_owned(),
        hint: "WQsZ".to_owned(),
        granted_at: at(900),
        scopes: vec!["openid".to_owned(), "orders:read".to_owned()],
        ended_at: NOON,
    };
    let opened = BreakerOpened {
        origin: "github".to_owned(),
        reported_by: "GitHub".to_owned(),
        revoked: 5_000,
        since: at(1),
        opened_at: NOON,
        ends_at: at(-72),
        ending: "finish".to_owned(),
    };
    vec![
        (
            "token-attempted",
            Letter::TokenAttempted(Box::new(attempted)),
        ),
        ("quarantine-released", ended(true, true)),
        ("quarantine-released-dead", ended(true, false)),
        ("quarantine-finished", ended(false, false)),
        ("token-replayed", Letter::TokenReplayed(replayed)),
        ("leak-digest", Letter::LeakDigest(digest())),
        ("breaker-opened", Letter::BreakerOpened(opened)),
        ("webhook-disabled", Letter::WebhookDisabled(webhook())),
        ("stream-disabled", Letter::StreamDisabled(stream())),
        ("login-code", Letter::LoginCode(login())),
    ]
}

fn digest() -> LeakDigest {
    let mut expired = exposed();
    expired.outcome = Outcome::AlreadyExpired { at: at(900) };
    let mut revoked = exposed();
    revoked.outcome = Outcome::AlreadyRevoked { at: at(900) };
    revoked.addressee = Addressee::OrganizationManager;
    revoked.token.organization = Some("Acme Inc.".to_owned());
    revoked.url = Some("https://paste.example/x".to_owned());
    LeakDigest {
        since: at(150),
        more: 3,
        seen: vec![expired, revoked],
    }
}

fn webhook() -> WebhookDisabled {
    WebhookDisabled {
        endpoint: "019b7a3c-0000-7000-8000-000000000001".to_owned(),
        host: "hooks.example".to_owned(),
        gone: false,
        operator: false,
        failing_since: Some(at(120)),
        disabled_at: NOON,
    }
}

fn stream() -> StreamDisabled {
    StreamDisabled {
        stream: "019b7a3c-0000-7000-8000-000000000001".to_owned(),
        description: Some("Sign-in at Acme".to_owned()),
        host: Some("events.example".to_owned()),
        why: StreamEnd::Failing,
        addressee: Addressee::OrganizationManager,
        disabled_at: NOON,
    }
}

fn login() -> LoginCode {
    LoginCode {
        ticket: Uuid::from_u128(1),
        hash_key: "k".to_owned(),
        expires_at: NOON,
        asked_from: Some("203.0.113.7".to_owned()),
        language: None,
        code: Some(LoginCodeText::typed("K7MQ2X")),
    }
}

/// All of them, by name.
fn every() -> Vec<(&'static str, Letter)> {
    let all = [about_tokens(), outcomes(), others()];
    all.into_iter().flatten().collect()
}

fn sent(number: u128, language: Language, words: Words) -> Vec<u8> {
    let name = "Polar".to_owned();
    let from = Mailbox::new(Some(name), "tokens@polar.example".parse().unwrap());
    let id = Uuid::from_u128(number);
    let envelope = Envelope {
        from: &from,
        to: &addressee(&Email::from_stored("ada@example.com".to_owned())).unwrap(),
        message_id: &format!("<{id}.{}@polar.example>", language.tag()),
        written_at: NOON,
    };
    message::build(&envelope, words, None).unwrap()
}

#[test]
fn every_letter_is_told_in_every_language() {
    let brand = Brand {
        settings: None,
        ..brand()
    };
    let folder = std::env::var_os(FOLDER);
    for language in Language::ALL {
        for (number, (name, letter)) in (1..).zip(every()) {
            let words = Words::new(&letter, language, &brand).unwrap();
            let called = format!("{name}.{}", language.tag());
            let all = format!("{}\n{}", words.subject, words.text);
            let named = all.contains("letter-") || words.html.contains(">letter-");
            assert!(!named, "{called} names a text");
            assert!(!all.contains("  .") && !all.contains(".."), "{called}");
            let wide = words.text.lines().find(|line| line.chars().count() > 72);
            assert_eq!(wide, None, "{called}");
            let text = format!("Subject: {}\n\n{}", words.subject, words.text);
            insta::assert_snapshot!(format!("{called}.txt"), text);
            if language == Language::English || KEPT_IN_EACH.contains(&name) {
                insta::assert_snapshot!(format!("{called}.html"), words.html);
            }
            let message = sent(number, language, words);
            assert!(message.len() < LARGEST, "{called}: {} bytes", message.len());
            if let Some(folder) = &folder {
                let path = std::path::Path::new(folder).join(format!("{called}.eml"));
                std::fs::write(path, message).unwrap();
            }
        }
    }
}

/// A new kind of letter, of token, of outcome or of reader is not forgotten here.
#[test]
fn there_is_a_letter_of_every_kind() {
    let mut kinds = BTreeSet::new();
    let mut outcomes = BTreeSet::new();
    let mut readers = BTreeSet::new();
    let mut letters = BTreeSet::new();
    for (_, letter) in every() {
        let stored = serde_json::to_value(&letter).unwrap();
        letters.insert(stored["letter"].to_string());
        if let Letter::TokenExposed(exposed) = letter {
            kinds.insert(exposed.token.kind.clone());
            outcomes.insert(stored["outcome"]["outcome"].to_string());
            readers.insert(stored["addressee"].to_string());
        }
    }
    let all: BTreeSet<_> = TokenKind::ALL
        .iter()
        .map(|kind| kind.name().to_owned())
        .collect();
    assert_eq!(kinds, all);
    // As many as `model::letter` has.
    assert_eq!((letters.len(), outcomes.len(), readers.len()), (9, 6, 6));
}
