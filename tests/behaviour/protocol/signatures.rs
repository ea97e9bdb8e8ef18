//! The two headers, and what they prove.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rstest::rstest;
use serde_json::{Value, json};
use tokenward::origins::signing::OriginSigner;

use super::{ID, POST, SIGNATURE, assert_refused, sha256, signed};
use crate::support::{GitHub, Raw, TestApp, report};

#[tokio::test]
async fn githubs_own_samples_verify_against_githubs_own_keys() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../data/github_vectors.json")).unwrap();
    let mut list = vectors["public_keys_endpoint_sample"].clone();
    let listed: Vec<Value> = list["public_keys"].as_array().unwrap().clone();
    for vector in vectors["vectors"].as_array().unwrap() {
        let id = &vector["key_identifier"];
        if !listed.iter().any(|key| key["key_identifier"] == *id) {
            let former = json!({
                "key_identifier": id, "key": vector["public_key_pem"], "is_current": false,
            });
            list["public_keys"].as_array_mut().unwrap().push(former);
        }
    }
    let github = GitHub::start().await;
    github.publish(&list.to_string(), "\"sample\"").await;
    let app = TestApp::builder().github(Arc::new(github)).start().await;

    let mut verified = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        let headers = [
            (ID, vector["key_identifier"].as_str().unwrap()),
            (SIGNATURE, vector["signature"].as_str().unwrap()),
        ];
        let body = vector["payload"].as_str().unwrap();
        let answer = app.github().post_with(headers, body.into()).await;
        if vector["verifies"] == true {
            let feedback = json!([{
                "token_hash": sha256("some_token"),
                "token_type": "some_type",
                "label": "false_positive",
            }]);
            assert_eq!(
                (answer.status, answer.json()),
                (200, feedback),
                "{}",
                vector["name"]
            );
            verified += 1;
        } else {
            assert_refused(&answer, 403, "invalid_signature");
        }
    }
    assert_eq!(verified, 3);
}

#[rstest]
#[case::as_documented(ID, SIGNATURE)]
#[case::lower("github-public-key-identifier", "github-public-key-signature")]
#[case::upper("GITHUB-PUBLIC-KEY-IDENTIFIER", "GITHUB-PUBLIC-KEY-SIGNATURE")]
#[case::mixed("gITHUB-pUBLIC-kEY-iDENTIFIER", "GitHub-Public-Key-Signature")]
#[tokio::test]
async fn header_names_count_in_any_case(#[case] id: &str, #[case] signature: &str) {
    let app = TestApp::start().await;
    let (key, signed) = signed(&app.origin().signer, b"[]");
    let headers = [(signature, signed.as_bytes()), (id, key.as_bytes())];
    let answer = Raw::open(&app).await.request(POST, &headers, b"[]").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "[]"));
}

/// What is wrong, and the headers in which it is.
type Case<'c> = (&'c str, &'c [(&'c str, &'c [u8])]);

#[tokio::test]
async fn headers_that_cannot_be_read_are_refused_and_not_repeated() {
    let app = TestApp::start().await;
    let (key, signature) = signed(&app.origin().signer, b"[]");
    let (key, signature) = (key.as_bytes(), signature.as_bytes());
    let long_key = [b'a'; 129];
    let long_signature = [b'A'; 260];
    let cases: [Case<'_>; 15] = [
        ("no header", &[]),
        ("no key id", &[(SIGNATURE, signature)]),
        ("no signature", &[(ID, key)]),
        (
            "key id twice",
            &[(ID, key), (ID, key), (SIGNATURE, signature)],
        ),
        (
            "signature twice",
            &[
                (ID, key),
                (SIGNATURE, signature),
                ("github-public-key-signature", signature),
            ],
        ),
        ("empty key id", &[(ID, b""), (SIGNATURE, signature)]),
        ("long key id", &[(ID, &long_key), (SIGNATURE, signature)]),
        ("two words", &[(ID, b"one two"), (SIGNATURE, signature)]),
        (
            "foreign letters",
            &[(ID, "schlüssel".as_bytes()), (SIGNATURE, signature)],
        ),
        ("no text", &[(ID, b"abc\xff"), (SIGNATURE, signature)]),
        ("empty signature", &[(ID, key), (SIGNATURE, b"")]),
        ("long signature", &[(ID, key), (SIGNATURE, &long_signature)]),
        ("no base64", &[(ID, key), (SIGNATURE, b"%%%%sneaky%%%%")]),
        ("no padding", &[(ID, key), (SIGNATURE, b"AAE")]),
        ("url alphabet", &[(ID, key), (SIGNATURE, b"-_-_")]),
    ];
    for (name, headers) in cases {
        let answer = Raw::open(&app).await.request(POST, headers, b"[]").await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text);
        assert_refused(&answer, 400, "malformed_request");
        for (_, value) in headers.iter().filter(|(_, value)| value.len() > 3) {
            let value = String::from_utf8_lossy(value);
            assert!(!answer.text.contains(&*value), "{name}: {}", answer.text);
        }
    }
    assert_eq!(
        app.metric(r#"tokenward_deliveries_total{origin="github",outcome="malformed"}"#),
        15.0
    );
}

#[tokio::test]
async fn a_body_that_was_not_signed_is_refused() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let body = json!([report(&token.token)]).to_string();
    let (key, signature) = signed(&app.origin().signer, body.as_bytes());
    let stranger = OriginSigner::generate();
    let foreign = stranger.sign(body.as_bytes());
    let garbage = STANDARD.encode([0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00]);
    let noise = STANDARD.encode([0xab; 70]);
    let mut prolonged = STANDARD.decode(&signature).unwrap();
    prolonged.push(0);
    let prolonged = STANDARD.encode(prolonged);
    let cases = [
        ("altered", body.replace("commit", "commis"), &signature),
        ("newline", format!("{body}\n"), &signature),
        ("blank", format!(" {body}"), &signature),
        ("cut", body[..body.len() - 1].to_owned(), &signature),
        ("empty", String::new(), &signature),
        ("another's key", body.clone(), &foreign),
        ("zeros in DER", body.clone(), &garbage),
        ("no DER", body.clone(), &noise),
        ("DER and more", body.clone(), &prolonged),
    ];
    for (name, sent, signature) in cases {
        let headers = [(ID, key.as_str()), (SIGNATURE, signature.as_str())];
        let answer = app.github().post_with(headers, sent.into_bytes()).await;
        assert_eq!(answer.status, 403, "{name}: {}", answer.text);
        assert_refused(&answer, 403, "invalid_signature");
        assert!(!answer.text.contains(token.token.reveal()), "{name}");
        assert!(!answer.text.contains(signature.as_str()), "{name}");
    }
    let unknown = app.github().post_signed_by(&stranger, &body).await;
    assert_refused(&unknown, 403, "unknown_key");
    assert!(!unknown.text.contains(stranger.key_id().as_str()));
    assert!(app.is_active(&token.token).await);

    let genuine = app.github().post(&body).await;
    assert_eq!(genuine.labels(), ["true_positive"]);
}
