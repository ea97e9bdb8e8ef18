//! Sections of origins: what is read from them, and what is refused.

use super::*;
use crate::config::{Settings, Sources};
use crate::origins::signing::OriginSigner;

fn problems(toml: &str) -> Vec<String> {
    let problems = Settings::from_overlay(toml).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

fn names(settings: &Settings) -> Vec<&str> {
    let signed = settings.origins.signed.iter();
    signed.map(|origin| origin.spec.origin.as_str()).collect()
}

#[test]
fn only_github_reports_unless_others_are_let_in() {
    assert_eq!(names(&Settings::from_overlay("").unwrap()), ["github"]);
    let all = Settings::from_overlay(
        "[origins.github]\nenabled = false\n[origins.depsdev]\nenabled = true\n\
         [origins.gitlab]\nenabled = true\nkeys_url = 'https://gitlab.example/keys'\n",
    )
    .unwrap();
    assert_eq!(names(&all), ["gitlab", "depsdev"]);
    assert_eq!(all.origins.find("gitlab").unwrap().feedback, None);
    assert_eq!(
        problems("origins.gitlab.enabled = true"),
        [
            "origins.gitlab.keys_url (default): is empty; GitLab tells its partners where its keys are"
        ]
    );
}

#[test]
fn a_scanner_of_ones_own_is_a_section_of_its_own() {
    let signer = OriginSigner::generate();
    let settings = Settings::from_overlay(&format!(
        "[origins.in_house.night-watch]\nkey_id_header = 'X-Watch-Key'\n\
         signature_header = 'X-Watch-Signature'\nkeys = ['''\n{}''']\n\
         token_member = 'secret'\nfeedback = 'token_hash'\nmax_body_bytes = 4096\n\
         [origins.in_house.other]\nkey_id_header = 'a'\nsignature_header = 'b'\n\
         keys_url = 'https://scanner.example/keys'\ntoken = 'hunter2'\n",
        signer.public_pem()
    ))
    .unwrap();
    assert_eq!(names(&settings), ["github", "night-watch", "other"]);
    let watch = settings.origins.find("night-watch").unwrap();
    assert_eq!(watch.spec.headers.key_id, "X-Watch-Key");
    assert_eq!(watch.spec.body.token, "secret");
    assert_eq!(watch.spec.body.url, "url");
    assert_eq!(watch.feedback, Some(TokenField::Hash));
    assert_eq!(watch.max_body_bytes, 4_096);
    let KeySource::Fixed(keys) = &watch.keys else {
        panic!("its keys are in the file");
    };
    assert!(keys.find(signer.key_id()).is_some());
    let other = settings.origins.find("other").unwrap();
    assert!(matches!(&other.keys, KeySource::Published(keys) if keys.token.is_some()));
    let shown = format!("{:?} {settings:?}", settings.explain());
    assert!(!shown.contains("hunter2"), "{shown}");
    let lines = settings.explain().iter();
    let keys: Vec<_> = lines.map(|line| line.key.as_str()).collect();
    assert!(keys.contains(&"origins.in_house.other.keys_url"));
    assert!(!keys.iter().any(|key| key.contains('*')));
}

#[test]
fn a_scanner_can_be_described_by_the_environment_alone() {
    let variables = [
        (
            "TOKENWARD__ORIGINS__IN_HOUSE__NIGHT_WATCH__KEY_ID_HEADER",
            "X-Key",
        ),
        (
            "TOKENWARD__ORIGINS__IN_HOUSE__NIGHT_WATCH__SIGNATURE_HEADER",
            "X-Signature",
        ),
        (
            "TOKENWARD__ORIGINS__IN_HOUSE__NIGHT_WATCH__KEYS_URL",
            "https://x.example/",
        ),
    ];
    let sources = Sources::default().with_environment(variables);
    let settings = Settings::load(&sources).unwrap();
    assert_eq!(names(&settings), ["github", "night_watch"]);
}

#[test]
fn what_would_not_work_is_refused_with_what_would() {
    assert_eq!(
        problems(
            "[origins.in_house.github]\nkey_id_header = 'X-A'\nsignature_header = 'x-a'\n\
             [origins.in_house.Two]\nkey_id_header = 'a b'\nsignature_header = 'X'\nkeys = ['x']\n"
        ),
        [
            "origins.in_house.Two (configuration:5): has a name that does not fit; an origin's name is \
             1 to 32 lower-case letters, digits, `-` and single `_`, and begins with a letter",
            "origins.in_house.Two.key_id_header (configuration:5): `a b` does not fit; \
             it is the name of a header, such as X-Scanner-Key",
            "origins.in_house.Two.keys (configuration:7): key 1 does not fit; \
             the key is not a P-256 public key in PEM",
            "origins.in_house.github (configuration:2): has a name that does not fit; \
             this name belongs to an origin that every service has",
            "origins.in_house.github.signature_header (configuration:3): `x-a` does not fit; \
             it is another header than key_id_header",
            "origins.in_house.github.keys (default): there is no key to prove its reports with; \
             it needs either keys_url or keys",
        ]
    );
    assert_eq!(
        problems("[origins.in_house.x]\nkey_header = 'a'\n[origins.in_house.'*']\ntoken = 'a'\n")
            .iter()
            .filter(|problem| problem.contains("unknown key"))
            .count(),
        2
    );
}
