use proptest::prelude::*;
use rstest::rstest;
use secrecy::ExposeSecret;

use super::*;

fn smtp_url(text: &str) -> SmtpUrl {
    match text.parse() {
        Ok(MailUrl::Smtp(smtp)) => smtp,
        other => panic!("{text}: {other:?}"),
    }
}

#[rstest]
#[case("file://data/mail", "data/mail")]
#[case("file:///var/mail/tokenward", "/var/mail/tokenward")]
#[case(" file://a b ", "a b")]
fn a_directory_is_taken_as_written(#[case] text: &str, #[case] directory: &str) {
    match text.parse() {
        Ok(MailUrl::File(path)) => assert_eq!(path, PathBuf::from(directory)),
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[case("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525?tls=none")]
#[case("smtp://[::1]", "smtp://[::1]:25?tls=none")]
#[case("smtp://localhost/", "smtp://localhost:25?tls=none")]
#[case("smtp://relay.example", "smtp://relay.example:25?tls=opportunistic")]
#[case("smtp://relay.example?tls=none", "smtp://relay.example:25?tls=none")]
#[case(
    "smtp://relay.example?tls=required",
    "smtp://relay.example:587?tls=required"
)]
#[case(
    "smtp://u:p@relay.example",
    "smtp://[redacted]@relay.example:587?tls=required"
)]
#[case(
    "smtp://u:p@127.0.0.1?tls=none",
    "smtp://[redacted]@127.0.0.1:25?tls=none"
)]
#[case("smtps://u:p@relay.example", "smtps://[redacted]@relay.example:465")]
#[case("smtps://Relay.Example:4650", "smtps://relay.example:4650")]
#[case(
    "smtp://bücher.example?tls=none",
    "smtp://xn--bcher-kva.example:25?tls=none"
)]
fn a_server_is_shown_with_what_was_filled_in_and_without_secrets(
    #[case] text: &str,
    #[case] shown: &str,
) {
    let url: MailUrl = text.parse().unwrap();
    assert_eq!(url.to_string(), shown);
    assert_eq!(format!("{url:?}"), format!("MailUrl({shown})"));
}

#[test]
fn credentials_are_percent_decoded() {
    let login = smtp_url("smtps://ada%40example.com:p%2Fa%3As%25s%C3%A9@mail.example")
        .login
        .unwrap();
    assert_eq!(login.user, "ada@example.com");
    assert_eq!(login.password.expose_secret(), "p/a:s%sé");
}

#[rstest]
#[case("", InvalidMailUrl::Scheme)]
#[case("mail.example", InvalidMailUrl::Scheme)]
#[case("https://mail.example", InvalidMailUrl::Scheme)]
#[case("file://", InvalidMailUrl::Directory)]
#[case("smtp://", InvalidMailUrl::Host)]
#[case("smtp://mail.example/name", InvalidMailUrl::Path)]
#[case("smtp://mail.example?tls=maybe", InvalidMailUrl::Parameter)]
#[case("smtp://mail.example?tls=none&tls=required", InvalidMailUrl::Parameter)]
#[case("smtp://mail.example?timeout=3", InvalidMailUrl::Parameter)]
#[case("smtps://mail.example?tls=none", InvalidMailUrl::Parameter)]
#[case("smtps://user@mail.example", InvalidMailUrl::Login)]
#[case("smtps://:password@mail.example", InvalidMailUrl::Login)]
#[case("smtps://u:%ff@mail.example", InvalidMailUrl::Encoding)]
#[case("smtps://u:%0d%0a@mail.example", InvalidMailUrl::Encoding)]
#[case("smtps://u:100%@mail.example", InvalidMailUrl::Encoding)]
#[case("smtp://u:p@mail.example?tls=none", InvalidMailUrl::Exposed)]
#[case("smtp://u:p@mail.example?tls=opportunistic", InvalidMailUrl::Exposed)]
fn what_is_wrong_is_named(#[case] text: &str, #[case] wrong: InvalidMailUrl) {
    assert_eq!(text.parse::<MailUrl>().unwrap_err(), wrong);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_being_repeated(
        scheme in "(smtps?|file|memory)?(:|://)?",
        rest in "\\PC{0,40}",
    ) {
        if let Ok(MailUrl::Smtp(smtp)) = format!("{scheme}{rest}").parse() {
            let host: String = smtp.host;
            prop_assert!(!host.is_empty() && !host.contains(['\r', '\n', ' ']));
        }
    }

    #[test]
    fn a_password_is_in_no_debug_output_and_no_error(
        password in "[A-Z]{12}",
        tail in "(@mail.example(/x)?(\\?tls=none)?)?",
    ) {
        for scheme in ["smtp", "smtps"] {
            let shown = format!("{:?}", format!("{scheme}://user:{password}{tail}").parse::<MailUrl>());
            prop_assert!(!shown.contains(&password), "{}", shown);
        }
    }
}
