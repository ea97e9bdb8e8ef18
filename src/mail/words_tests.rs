use std::collections::BTreeSet;

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::mail::samples::{about, at, brand, exposed, letter};
use crate::model::letter::{Addressee, Outcome, TokenExposed};
use crate::model::{Language, TokenKind};

fn words(exposed: TokenExposed) -> Words {
    Words::new(&letter(exposed), Language::English, &brand()).unwrap()
}

/// The whole letter, as its reader would open it.
fn snapshot(name: &str, exposed: TokenExposed) {
    let words = words(exposed);
    insta::assert_snapshot!(
        format!("{name}.txt"),
        format!("Subject: {}\n\n{}", words.subject, words.text)
    );
}

#[test]
fn an_owner_reads_about_a_personal_access_token() {
    snapshot("personal_access_token", exposed());
}

#[test]
fn a_place_that_is_not_known_is_text() {
    let mut exposed = exposed();
    exposed.url = Some("https://paste.example/<b>?x=1&y=2".to_owned());
    exposed.source = None;
    exposed.reported_by = "possession".to_owned();
    insta::assert_snapshot!("unknown_place.html", words(exposed.clone()).html);
    snapshot("unknown_place", exposed);
}

#[rstest]
#[case("already_expired", Outcome::AlreadyExpired { at: at(900) })]
#[case("already_revoked", Outcome::AlreadyRevoked { at: at(900) })]
#[case("quarantined", Outcome::Quarantined { at: at(0) })]
#[case("not_revoked", Outcome::NotRevoked { works: true })]
#[case("not_revoked_and_dead", Outcome::NotRevoked { works: false })]
#[case("already_suspended", Outcome::AlreadySuspended { at: at(900) })]
fn each_outcome_reads_differently(#[case] name: &str, #[case] outcome: Outcome) {
    let mut exposed = exposed();
    exposed.outcome = outcome;
    exposed.token.last_used_at = None;
    exposed.token.last_used_from = None;
    snapshot(name, exposed);
}

/// A token of `ada@example.com` that may act for an organization, and is not the first to leak.
fn leaked_again(addressee: Addressee) -> TokenExposed {
    let mut exposed = exposed();
    exposed.addressee = addressee;
    exposed.token.organization = Some("Acme Inc.".to_owned());
    exposed.leaked_before = Some(at(700));
    if addressee == Addressee::ManagerOfOwner {
        exposed.copied_from = Some("ada@example.com".to_owned());
    }
    exposed
}

#[rstest]
#[case(Addressee::Owner)]
#[case(Addressee::OrganizationManager)]
#[case(Addressee::ManagerOfOwner)]
fn who_leaks_again_reads_it_first(#[case] addressee: Addressee) {
    snapshot(
        &format!("leaked_again_{addressee:?}"),
        leaked_again(addressee),
    );
}

#[test]
fn who_gets_a_copy_is_told_when_the_token_works_on() {
    let mut exposed = leaked_again(Addressee::ManagerOfOwner);
    exposed.outcome = Outcome::NotRevoked { works: true };
    snapshot("leaked_again_and_not_revoked", exposed);
}

#[rstest]
#[case(Addressee::OrganizationManager)]
#[case(Addressee::Creator)]
fn an_organizations_token_is_told_to_its_people(#[case] addressee: Addressee) {
    let mut exposed = about(TokenKind::OrganizationAccessToken, addressee);
    exposed.token.name = Some("nightly export".to_owned());
    exposed.token.organization = Some("Acme Inc.".to_owned());
    exposed.token.scopes = (0..30).map(|n| format!("scope{n}:read")).collect();
    exposed.token.expires_at = None;
    snapshot(&format!("organization_access_token_{addressee:?}"), exposed);
}

#[rstest]
#[case(TokenKind::AccessToken)]
#[case(TokenKind::RefreshToken)]
#[case(TokenKind::AuthorizationCode)]
fn a_family_is_told_with_its_application(#[case] kind: TokenKind) {
    let mut exposed = about(kind, Addressee::Owner);
    exposed.token.client = Some("Invoice Robot".to_owned());
    exposed.relatives_revoked = 3;
    exposed.url = None;
    exposed.source = Some("npm".to_owned());
    snapshot(kind.name(), exposed);
}

#[rstest]
#[case(TokenKind::ClientSecret)]
#[case(TokenKind::ClientRegistrationToken)]
fn an_applications_credential_is_told_to_its_owner(#[case] kind: TokenKind) {
    let mut exposed = about(kind, Addressee::ClientOwner);
    exposed.token.client = Some("Invoice Robot".to_owned());
    snapshot(kind.name(), exposed);
}

#[rstest]
#[case(TokenKind::UserSessionToken, Addressee::Owner)]
#[case(TokenKind::CustomerSessionToken, Addressee::OrganizationManager)]
#[case(TokenKind::ServiceKey, Addressee::Operator)]
#[case(TokenKind::ClientSecret, Addressee::Operator)]
fn the_other_kinds_have_their_own_words(#[case] kind: TokenKind, #[case] addressee: Addressee) {
    let mut exposed = about(kind, addressee);
    exposed.relatives_revoked = 1;
    match kind {
        TokenKind::CustomerSessionToken => {
            exposed.token.customer = Some("cus_4711".to_owned());
            exposed.token.organization = Some("Acme Inc.".to_owned());
        }
        TokenKind::ServiceKey => exposed.token.name = Some("gateway".to_owned()),
        TokenKind::ClientSecret => exposed.token.client = Some("Orphaned Robot".to_owned()),
        _ => {}
    }
    snapshot(&format!("{}_{addressee:?}", kind.name()), exposed);
}

#[test]
fn a_kind_of_a_newer_version_is_told_all_the_same() {
    let mut exposed = exposed();
    exposed.token.kind = "deploy_key".to_owned();
    assert!(
        words(exposed)
            .subject
            .starts_with("Your deploy key “deploy” was found on github.com")
    );
}

#[test]
fn a_subject_is_short_whatever_the_names() {
    let mut exposed = exposed();
    exposed.token.name = Some("x".repeat(5_000));
    exposed.token.client = Some("y".repeat(5_000));
    exposed.url = Some(format!("https://{}.example/", "z".repeat(5_000)));
    let subject = words(exposed).subject;
    assert!(subject.chars().count() < 250, "{subject}");
    assert!(subject.ends_with("… and has been revoked"));
}

#[test]
fn no_more_of_a_secret_than_four_characters_is_told() {
    let mut exposed = exposed();
    exposed.token.hint = "SECRETWQsZ".to_owned();
    let words = words(exposed);
    for text in [&words.subject, &words.text, &words.html] {
        assert!(!text.contains("TWQsZ"));
    }
    assert!(words.text.contains("WQsZ") && words.html.contains("WQsZ"));
}

#[test]
fn nothing_is_fetched_and_nothing_but_the_place_is_linked() {
    let html = words(exposed()).html;
    for fetched in [
        "src=", "url(", "@import", "<img", "<link", "<script", "<form",
    ] {
        assert!(!html.contains(fetched), "{fetched}");
    }
    assert_eq!(html.matches("href=").count(), 1);
    assert!(html.contains("href=\"https://github.com/ada/engine/blob/main/deploy.sh#L3\""));
    assert!(html.len() < 8_000, "{} bytes", html.len());
}

/// Strings as bad as strangers write them.
pub(in crate::mail) fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        Just("x\r\nBcc: victim@example.com\r\n\r\n<html>".to_owned()),
        Just("\"><script>alert(1)</script><a href='https://evil.example'>".to_owned()),
        Just("\u{202e}gnp.tnuocca\u{2066}\u{200b}\0".to_owned()),
        Just("=?utf-8?q?=0D=0ABcc:_x=40y.example?=".to_owned()),
        Just("</td></table><img src=https://evil.example/p.gif>".to_owned()),
        Just("{{ 7*7 }} {% raw %} %s %n \\r\\n".to_owned()),
        Just("https://github.com/\" onmouseover=\"alert(1)".to_owned()),
        Just("a ".repeat(4_000)),
        Just("名".repeat(4_000)),
    ]
}

/// A letter that a stranger had a hand in wherever one can.
pub(in crate::mail) fn hostile_letter() -> impl Strategy<Value = TokenExposed> {
    let some = || proptest::option::of(hostile());
    let names = (some(), some(), some(), some(), hostile(), hostile());
    let place = (some(), some(), hostile(), some());
    let addressee = prop_oneof![
        Just(Addressee::Owner),
        Just(Addressee::OrganizationManager),
        Just(Addressee::ManagerOfOwner),
        Just(Addressee::Creator),
        Just(Addressee::ClientOwner),
        Just(Addressee::Operator),
    ];
    let kind = prop_oneof![
        proptest::sample::select(TokenKind::ALL.to_vec()).prop_map(|kind| kind.name().to_owned()),
        hostile(),
    ];
    let scopes = proptest::collection::vec(hostile(), 0..40);
    let again = (proptest::option::of(Just(at(700))), some());
    let all = (names, place, addressee, kind, scopes, again);
    all.prop_map(|(names, place, addressee, kind, scopes, again)| {
        let mut exposed = exposed();
        let token = &mut exposed.token;
        (
            token.name,
            token.client,
            token.organization,
            token.customer,
            token.hint,
            token.id,
        ) = names;
        (
            exposed.url,
            exposed.source,
            exposed.reported_by,
            token.last_used_from,
        ) = place;
        (exposed.addressee, token.kind, token.scopes) = (addressee, kind, scopes);
        (exposed.leaked_before, exposed.copied_from) = again;
        exposed
    })
}

fn benign() -> Words {
    words(exposed())
}

/// Every tag in `html` with its attributes, but for links to places that may be linked.
fn tags(html: &str) -> BTreeSet<String> {
    let link =
        r#"^<a href="https://(gist\.)?github\.com/[^"<>\s]*" rel="noopener noreferrer nofollow">$"#;
    let link = regex::Regex::new(link).unwrap();
    let tag = regex::Regex::new("<[^>]*>").unwrap();
    let found = tag.find_iter(html).map(|tag| tag.as_str().to_owned());
    found.filter(|tag| !link.is_match(tag)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn strangers_add_neither_markup_nor_lines_nor_hidden_characters(exposed in hostile_letter()) {
        let mut ours = tags(&benign().html);
        ours.extend(tags(&words(leaked_again(Addressee::Owner)).html));
        let words = words(exposed);
        let unseen = regex::Regex::new(r"[\p{Cf}\p{Co}\p{Zl}\p{Zp}--[\n]]|[\p{Cc}--[\n]]").unwrap();
        prop_assert!(!words.subject.contains('\n'));
        for text in [&words.subject, &words.text, &words.html] {
            prop_assert!(!unseen.is_match(text));
        }
        let foreign: Vec<String> = tags(&words.html).difference(&ours).cloned().collect();
        prop_assert_eq!(foreign, Vec::<String>::new());
        prop_assert!(words.text.lines().filter(|line| line.starts_with("WHAT TO DO")).count() == 1);
        prop_assert!(words.html.len() < 40_000);
    }
}
