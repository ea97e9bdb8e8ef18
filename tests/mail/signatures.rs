//! DKIM, judged by an implementation that is not ours.

use std::fs;
use std::process::Command;

use rstest::rstest;
use tokenward::mail::{Dkim, Mailer};

use crate::certificates::openssl;
use crate::post::{options, send};
use crate::smtp::{SmtpServer, support};

#[rstest]
#[case(
    "rsa",
    "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem"
)]
#[case("rsa", "genrsa -traditional -out key.pem 2048")]
#[case("ed25519", "genpkey -algorithm ED25519 -out key.pem")]
#[tokio::test]
async fn another_implementation_verifies_our_dkim_signature(
    #[case] kind: &str,
    #[case] make: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    openssl(folder.path(), make);
    openssl(
        folder.path(),
        "pkey -in key.pem -pubout -outform DER -out public.der",
    );
    let mut public = fs::read(path("public.der")).unwrap();
    if kind == "ed25519" {
        // RFC 8463 4.2: the record holds the bare key, the last 32 bytes of the DER.
        public.drain(..public.len() - 32);
    }
    fs::write(path("public.bin"), public).unwrap();
    openssl(folder.path(), "base64 -A -in public.bin -out public.txt");
    let key = fs::read_to_string(path("public.txt")).unwrap();
    fs::write(path("record"), format!("v=DKIM1; k={kind}; p={key}")).unwrap();

    let server = SmtpServer::start(&[]);
    let mut options = options(&format!("smtp://127.0.0.1:{}", server.port()));
    let pem = fs::read_to_string(path("key.pem")).unwrap();
    options.dkim = Some(Dkim::new("polar.example", "s1", &pem).unwrap());
    let mailer = Mailer::new(options).unwrap();
    send(&mut mailer.connect().await.unwrap(), 1).await.unwrap();

    let message = server.received().remove(0).message;
    let text = String::from_utf8(message).unwrap();
    let verdict = |text: &str| {
        fs::write(path("message.eml"), text).unwrap();
        let mut verifier = Command::new("/usr/bin/python3");
        verifier
            .arg(support("verify_dkim.py"))
            .arg(path("message.eml"))
            .arg(path("record"));
        let output = verifier.output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(verdict(&text), "stands\n", "python3-dkim is installed");
    for (was, forged) in [
        ("To: ada@example.com", "To: eve@example.com"),
        ("orders:read", "orders:rest"),
        ("From: Polar", "From: evil@example.com\r\nFrom: Polar"),
    ] {
        assert!(text.contains(was));
        assert_eq!(
            verdict(&text.replacen(was, forged, 1)),
            "does not stand\n",
            "{forged}"
        );
    }
}
