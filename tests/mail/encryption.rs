//! Logins and TLS.

use std::time::Duration;

use rstest::rstest;
use tokenward::mail::{ConnectError, Mailer, SendError};

use crate::certificates::Certificates;
use crate::post::{mailer, options, refused, send};
use crate::smtp::SmtpServer;

#[rstest]
#[tokio::test]
async fn either_way_to_log_in_is_spoken(#[values("PLAIN", "LOGIN")] mechanism: &str) {
    let server = SmtpServer::start(&["--login", "robot:secret", "--mechanism", mechanism]);
    let url = format!("smtp://robot:secret@127.0.0.1:{}", server.port());
    let mailer = Mailer::new(options(&url)).unwrap();
    send(&mut mailer.connect().await.unwrap(), 1).await.unwrap();
    assert_eq!(server.received()[0].envelope["login"], "robot");
}

#[tokio::test]
async fn a_login_is_used_and_its_password_never_told() {
    let server = SmtpServer::start(&["--login", "robot:s3cret/word"]);
    let url = |password: &str| format!("smtp://robot:{password}@127.0.0.1:{}", server.port());
    let mailer = Mailer::new(options(&url("s3cret%2Fword"))).unwrap();
    send(&mut mailer.connect().await.unwrap(), 1).await.unwrap();
    assert_eq!(server.received()[0].envelope["login"], "robot");

    let wrong = Mailer::new(options(&url("wr0ng"))).unwrap();
    assert_eq!(
        refused(&wrong).await,
        ConnectError::Refused("AUTH: 535".to_owned())
    );
    server.fault("refuse:auth:454 cannot check s3cret/word");
    assert_eq!(
        refused(&mailer).await,
        ConnectError::Unreachable("AUTH: 454".to_owned())
    );
    for fault in ["drop:auth", "hang:auth"] {
        server.fault(fault);
        let mut options = options(&url("s3cret%2Fword"));
        options.timeout = Duration::from_secs(1);
        let error = refused(&Mailer::new(options).unwrap()).await;
        assert!(matches!(error, ConnectError::Unreachable(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_wants_a_login_is_not_the_letters_fault() {
    let server = SmtpServer::start(&["--login", "robot:secret"]);
    let mut connection = mailer(&server).connect().await.unwrap();
    let error = send(&mut connection, 1).await.unwrap_err();
    assert!(
        matches!(
            error,
            SendError::Connection {
                letter_begun: false,
                ..
            }
        ),
        "{error:?}"
    );
}

/// A server with a certificate, and the address of one's own authority.
fn encrypted(certificates: &Certificates, tls: &str) -> SmtpServer {
    let (certificate, key) = (
        certificates.path("server.pem"),
        certificates.path("server.key"),
    );
    let paths = [certificate.to_str().unwrap(), key.to_str().unwrap()];
    SmtpServer::start(&["--tls", tls, "--certificate", paths[0], "--key", paths[1]])
}

fn trusting(url: &str, certificates: &Certificates) -> Mailer {
    let mut options = options(url);
    options.tls_ca_file = Some(certificates.path("ca.pem"));
    options.timeout = Duration::from_secs(5);
    Mailer::new(options).unwrap()
}

#[rstest]
#[case("starttls-required", "smtp", "?tls=required")]
#[case("starttls", "smtp", "?tls=opportunistic")]
#[case("implicit", "smtps", "")]
#[tokio::test]
async fn letters_are_encrypted_for_a_server_that_is_trusted(
    #[case] tls: &str,
    #[case] scheme: &str,
    #[case] parameter: &str,
) {
    let certificates = Certificates::new();
    let server = encrypted(&certificates, tls);
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("{scheme}://{host}:{}{parameter}", server.port());
        let mut connection = trusting(&url, &certificates).connect().await.unwrap();
        send(&mut connection, 1).await.unwrap();
        connection.quit().await;

        let error = refused(&Mailer::new(options(&url)).unwrap()).await;
        assert!(matches!(error, ConnectError::Refused(_)), "{error:?}");
    }
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert!(
        received
            .iter()
            .all(|received| received.envelope["tls"] == true)
    );
}

#[tokio::test]
async fn without_starttls_a_letter_goes_in_the_clear_only_if_that_was_said() {
    let server = SmtpServer::start(&[]);
    let url = |tls: &str| options(&format!("smtp://127.0.0.1:{}?tls={tls}", server.port()));
    let error = refused(&Mailer::new(url("required")).unwrap()).await;
    assert_eq!(
        error,
        ConnectError::Refused("the server offers no STARTTLS".to_owned())
    );
    let opportunistic = Mailer::new(url("opportunistic")).unwrap();
    send(&mut opportunistic.connect().await.unwrap(), 1)
        .await
        .unwrap();
    assert_eq!(server.received()[0].envelope["tls"], false);
}

#[rstest]
#[tokio::test]
async fn a_failed_starttls_never_goes_on_in_the_clear(
    #[values("required", "opportunistic")] tls: &str,
    #[values(
        "refuse:starttls:454 no",
        "drop:starttls",
        "hang:starttls",
        "inject",
        "stutter"
    )]
    fault: &str,
) {
    let certificates = Certificates::new();
    let server = encrypted(&certificates, "starttls");
    server.fault(fault);
    let mut options = options(&format!("smtp://127.0.0.1:{}?tls={tls}", server.port()));
    options.tls_ca_file = Some(certificates.path("ca.pem"));
    options.timeout = Duration::from_secs(1);
    let error = refused(&Mailer::new(options).unwrap()).await;
    if matches!(fault, "inject" | "stutter") {
        let out_of_turn = "STARTTLS: the server spoke out of turn".to_owned();
        assert_eq!(error, ConnectError::Refused(out_of_turn));
    } else {
        assert!(matches!(error, ConnectError::Unreachable(_)), "{error:?}");
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_tls_client_at_a_plain_server_waits_no_longer_than_it_must() {
    let server = SmtpServer::start(&[]);
    let mut options = options(&format!("smtps://127.0.0.1:{}", server.port()));
    options.timeout = Duration::from_secs(1);
    refused(&Mailer::new(options).unwrap()).await;
}
