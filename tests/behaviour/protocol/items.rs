//! Each report by itself, however odd its neighbours are.

use rstest::rstest;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{ID, SIGNATURE, sha256, signed};
use crate::support::{TestApp, report, report_at};

#[tokio::test]
async fn the_answer_can_name_tokens_by_their_text() {
    let raw = "[origins.github]\nfeedback = \"token_raw\"";
    let app = TestApp::builder().settings(raw).start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let answer = app
        .github()
        .report(&[report(&token.token), report_at("é\"\n", "")])
        .await;
    let expected = json!([
        {
            "token_raw": token.token.reveal(),
            "token_type": "polar_personal_access_token",
            "label": "true_positive",
        },
        {
            "token_raw": "é\"\n",
            "token_type": "polar_personal_access_token",
            "label": "false_positive",
        },
    ]);
    assert_eq!((answer.status, answer.json()), (200, expected));
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[rstest]
#[case::as_agreed(r#""polar_personal_access_token""#)]
#[case::upper_case(r#""POLAR_PERSONAL_ACCESS_TOKEN""#)]
#[case::another_kind(r#""polar_refresh_token""#)]
#[case::nobody_knows(r#""\u00e9 <b>""#)]
#[case::number("17")]
#[case::large_number("123456789012345678901234567890.50")]
#[case::null("null")]
#[case::boolean("false")]
#[case::object(r#"{"a":[1,2]}"#)]
#[tokio::test]
async fn the_type_is_echoed_as_received_and_never_believed(#[case] claimed: &str) {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let text = token.token.reveal();
    let answer = app
        .github()
        .post(&format!(r#"[{{"token":"{text}","type":{claimed}}}]"#))
        .await;
    let hash = sha256(text);
    let expected =
        format!(r#"[{{"token_hash":"{hash}","token_type":{claimed},"label":"true_positive"}}]"#);
    assert_eq!((answer.status, answer.text), (200, expected));
    assert!(!app.is_active(&token.token).await);
}

/// An item, the token that is read in it, and the type that is echoed.
type Item<'i> = (&'i str, &'i str, &'i str);

/// Items that are odd in one way each.
const ODD: [Item<'static>; 11] = [
    ("null", "", "null"),
    ("17", "", "null"),
    (r#""a string""#, "", "null"),
    ("[]", "", "null"),
    ("{}", "", "null"),
    (r#"{"type":"no token"}"#, "", r#""no token""#),
    (r#"{"token":5,"type":"number"}"#, "", r#""number""#),
    (
        r#"{"token":"","type":"","url":"","source":""}"#,
        "",
        r#""""#,
    ),
    (r#"{"token":"\u00e9\ud83d\ude00"}"#, "é😀", "null"),
    (r#"{"token":"polar_pat_"}"#, "polar_pat_", "null"),
    (r#"{"token":"a","token":"b","type":1,"type":2}"#, "b", "2"),
];

#[tokio::test]
async fn an_odd_item_never_hurts_its_neighbours() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let text = token.token.reveal();
    let nest = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep = format!(r#"{{"token":"deep","url":{nest}}}"#);
    let ours =
        format!(r#"{{"more":{{"x":[1]}},"token":"{text}","url":17,"source":[],"type":"T"}}"#);
    let mut items: Vec<Item<'_>> = ODD.to_vec();
    items.insert(4, (&deep, "deep", "null"));
    items.insert(8, (&ours, text, r#""T""#));

    let bodies: Vec<_> = items.iter().map(|(item, ..)| *item).collect();
    let answer = app
        .github()
        .post(&format!("[{}]", bodies.join(" ,\n")))
        .await;

    let expected: Vec<_> = items
        .iter()
        .map(|(_, token, claimed)| {
            let genuine = *token == text;
            let label = if genuine {
                "true_positive"
            } else {
                "false_positive"
            };
            let hash = sha256(token);
            format!(r#"{{"token_hash":"{hash}","token_type":{claimed},"label":"{label}"}}"#)
        })
        .collect();
    let expected = format!("[{}]", expected.join(","));
    assert_eq!((answer.status, answer.text), (200, expected));
    assert!(!app.is_active(&token.token).await);
}

#[tokio::test]
async fn bytes_that_are_no_text_spoil_only_their_own_item() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let mut body = b"[{\"token\":\"\xff\xfe\",\"type\":\"\xff\"},{\"token\":\"".to_vec();
    body.extend_from_slice(token.token.reveal().as_bytes());
    body.extend_from_slice(b"\"},{\"token\":\"\\ud800\"}]");
    let (key, signature) = signed(&app.origin().signer, &body);
    let headers = [(ID, key.as_str()), (SIGNATURE, signature.as_str())];
    let answer = app.github().post_with(headers, body).await;
    assert_eq!(
        answer.labels(),
        ["false_positive", "true_positive", "false_positive"]
    );
    assert_eq!(
        answer.json()[0]["token_hash"],
        hex::encode(Sha256::digest(b"\xff\xfe"))
    );
    assert!(!app.is_active(&token.token).await);
}

#[rstest]
#[case::quotes("\"{}\"")]
#[case::blanks("  {}\n")]
#[case::header("Authorization: Bearer {}")]
#[case::address("https://ada:{}@git.example.com/acme/app.git?x=1")]
#[case::code("  client = Polar(access_token=\"{}\")  # remove me")]
#[case::foreign_letters("schlüssel={};🔑")]
#[case::words_before_it("MY_polar_pat_{}")]
#[tokio::test]
async fn a_string_that_holds_a_token_counts_for_it(#[case] around: &str) {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let text = around.replace("{}", token.token.reveal());
    let answer = app
        .github()
        .report(&[report_at(&text, "https://example.com/")])
        .await;
    assert_eq!(answer.labels(), ["true_positive"]);
    // The hash is of what was sent: another one would tell GitHub nothing.
    assert_eq!(answer.json()[0]["token_hash"], sha256(&text));
    assert!(!app.is_active(&token.token).await);
}

#[tokio::test]
async fn answers_stand_in_the_order_of_the_reports() {
    let app = TestApp::start().await;
    let ada = app.user("ada@example.com").await;
    let mut reports = Vec::new();
    let mut expected = Vec::new();
    for index in 0..100 {
        let (text, label) = match index % 4 {
            0 => {
                let token = app.personal_token(&ada, &format!("token {index}")).await;
                (token.token.reveal().to_owned(), "true_positive")
            }
            1 => (app.never_issued().reveal().to_owned(), "false_positive"),
            2 => (format!("other_{index}"), "false_positive"),
            _ => {
                let earlier: &Value = &reports[index - 3];
                (
                    earlier["token"].as_str().unwrap().to_owned(),
                    "true_positive",
                )
            }
        };
        let kind = format!("type_{index}");
        reports.push(
            json!({ "token": text, "type": kind, "url": format!("https://x.example/{index}") }),
        );
        expected.push(json!({ "token_hash": sha256(&text), "token_type": kind, "label": label }));
    }
    let answer = app.github().report(&reports).await;
    assert_eq!((answer.status, answer.json()), (200, json!(expected)));
}
