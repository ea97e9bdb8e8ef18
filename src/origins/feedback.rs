//! The answer to a delivery: what became of each report, in the request's order.

use sha2::{Digest, Sha256};

use super::reports::ReceivedReport;
use crate::model::Verdict;

/// How the answer names a token. An origin takes one or the other, never both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenField {
    /// `token_hash`: SHA-256 of the token exactly as sent, in lower-case hexadecimal.
    #[default]
    Hash,
    /// `token_raw`: the token itself.
    Raw,
}

/// Not every report has a verdict. Answering anyway could call a live token a false positive.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{reports} reports but {verdicts} verdicts")]
pub struct VerdictsMissing {
    reports: usize,
    verdicts: usize,
}

/// Longest answer for one report beside its type and raw token.
const FRAME: usize = 160;

/// The JSON array that answers `reports`.
///
/// # Errors
/// When there is not exactly one verdict per report.
pub fn feedback(
    reports: &[ReceivedReport],
    verdicts: &[Verdict],
    field: TokenField,
) -> Result<Vec<u8>, VerdictsMissing> {
    if reports.len() != verdicts.len() {
        return Err(VerdictsMissing {
            reports: reports.len(),
            verdicts: verdicts.len(),
        });
    }

    let mut json = Vec::with_capacity(reports.len().saturating_mul(FRAME) + 2);
    for (report, verdict) in reports.iter().zip(verdicts) {
        json.push(if json.is_empty() { b'[' } else { b',' });
        match field {
            TokenField::Hash => push_hash(&mut json, report.text().reveal()),
            TokenField::Raw => push_raw(&mut json, report.text().reveal()),
        }
        json.extend_from_slice(br#","token_type":"#);
        json.extend_from_slice(report.claimed_type().as_json().as_bytes());
        json.extend_from_slice(br#","label":""#);
        json.extend_from_slice(verdict.name().as_bytes());
        json.extend_from_slice(br#""}"#);
    }
    if json.is_empty() {
        json.push(b'[');
    }
    json.push(b']');
    Ok(json)
}

fn push_hash(json: &mut Vec<u8>, token: &[u8]) {
    json.extend_from_slice(br#"{"token_hash":""#);
    json.extend_from_slice(hex::encode(Sha256::digest(token)).as_bytes());
    json.push(b'"');
}

fn push_raw(json: &mut Vec<u8>, token: &[u8]) {
    json.extend_from_slice(br#"{"token_raw":""#);
    let mut rest = token;
    while !rest.is_empty() {
        let valid = match str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => {
                let (valid, _) = rest
                    .split_at_checked(error.valid_up_to())
                    .unwrap_or_default();
                str::from_utf8(valid).unwrap_or_default()
            }
        };
        push_escaped(json, valid);
        rest = rest.get(valid.len()..).unwrap_or_default();
        rest = push_not_unicode(json, rest);
    }
    json.push(b'"');
}

fn push_escaped(json: &mut Vec<u8>, text: &str) {
    let start = json.len();
    // Writing a string into memory cannot fail; if it could, nothing of it would be left behind.
    if serde_json::to_writer(&mut *json, text).is_err() {
        json.truncate(start);
        return;
    }
    json.pop();
    json.remove(start);
}

/// Writes the one sequence at the start of `bytes` that is not Unicode; returns what follows it.
fn push_not_unicode<'b>(json: &mut Vec<u8>, bytes: &'b [u8]) -> &'b [u8] {
    match bytes {
        [] => bytes,
        // A lone surrogate: back into the escape that it came from.
        [0xed, middle @ 0xa0..=0xbf, last @ 0x80..=0xbf, rest @ ..] => {
            let code = 0xd000 | (u16::from(middle & 0x3f) << 6) | u16::from(last & 0x3f);
            json.extend_from_slice(format!("\\u{code:04x}").as_bytes());
            rest
        }
        [_, rest @ ..] => {
            json.extend_from_slice("\u{fffd}".as_bytes());
            rest
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;
    use serde_json::Value;

    use super::*;
    use crate::origins::{BodyShape, parse_reports};

    const BODY: &[u8] = br#"[
        {"token":"some_token","type":"Some_TYPE","url":"u","source":"s"},
        {"token":" t\n\"\u00e9","type":{"odd":[1]}},
        17
    ]"#;
    const VERDICTS: [Verdict; 3] = [
        Verdict::TruePositive,
        Verdict::FalsePositive,
        Verdict::FalsePositive,
    ];

    fn answer(body: &[u8], verdicts: &[Verdict], field: TokenField) -> String {
        let reports = parse_reports(&BodyShape::GITHUB, body).unwrap();
        String::from_utf8(feedback(&reports, verdicts, field).unwrap()).unwrap()
    }

    #[test]
    fn the_answer_names_tokens_by_the_hash_of_what_was_sent() {
        let answer = answer(BODY, &VERDICTS, TokenField::Hash);
        let hash = |token: &str| hex::encode(Sha256::digest(token.as_bytes()));
        let expected = format!(
            concat!(
                r#"[{{"token_hash":"{}","token_type":"Some_TYPE","label":"true_positive"}},"#,
                r#"{{"token_hash":"{}","token_type":{{"odd":[1]}},"label":"false_positive"}},"#,
                r#"{{"token_hash":"{}","token_type":null,"label":"false_positive"}}]"#,
            ),
            hash("some_token"),
            hash(" t\n\"é"),
            hash(""),
        );
        assert_eq!(answer, expected);
    }

    #[test]
    fn the_hash_is_the_one_that_anybody_computes() {
        let answer = answer(br#"[{"token":"abc"}]"#, &VERDICTS[..1], TokenField::Hash);
        // FIPS 180-4, the sample of one block.
        assert!(
            answer.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
    }

    #[test]
    fn the_answer_names_tokens_raw_where_that_is_wanted() {
        assert_eq!(
            answer(BODY, &VERDICTS, TokenField::Raw),
            concat!(
                r#"[{"token_raw":"some_token","token_type":"Some_TYPE","label":"true_positive"},"#,
                r#"{"token_raw":" t\n\"é","token_type":{"odd":[1]},"label":"false_positive"},"#,
                r#"{"token_raw":"","token_type":null,"label":"false_positive"}]"#,
            )
        );
    }

    #[test]
    fn a_lone_surrogate_goes_back_as_it_came() {
        let body = b"[{\"token\":\"a\\ud801b\\udfff\xff\xed\"}]";
        assert!(
            answer(body, &VERDICTS[..1], TokenField::Raw)
                .starts_with("[{\"token_raw\":\"a\\ud801b\\udfff\u{fffd}\u{fffd}\",")
        );
    }

    #[test]
    fn no_reports_are_answered_with_none() {
        assert_eq!(answer(b"[]", &[], TokenField::Hash), "[]");
    }

    #[test]
    fn a_report_without_a_verdict_is_not_guessed() {
        let reports = parse_reports(&BodyShape::GITHUB, BODY).unwrap();
        assert_eq!(
            feedback(&reports, &VERDICTS[..2], TokenField::Hash)
                .unwrap_err()
                .to_string(),
            "3 reports but 2 verdicts"
        );
    }

    proptest! {
        #[test]
        fn raw_tokens_come_back_as_sent(tokens: Vec<String>) {
            let items: Vec<_> =
                tokens.iter().map(|token| serde_json::json!({ "token": token })).collect();
            let body = serde_json::to_vec(&items).unwrap();
            let verdicts = vec![Verdict::TruePositive; tokens.len()];
            let answer: Vec<Value> =
                serde_json::from_str(&answer(&body, &verdicts, TokenField::Raw)).unwrap();
            let back: Vec<_> = answer.iter().map(|item| item["token_raw"].as_str().unwrap()).collect();
            prop_assert_eq!(back, tokens);
        }

        #[test]
        fn whatever_was_sent_the_answer_is_json(token: Vec<u8>, claimed_type: Vec<u8>) {
            let quiet = |bytes: Vec<u8>| -> Vec<u8> {
                bytes.into_iter().filter(|byte| *byte >= 0x20 && !b"\"\\".contains(byte)).collect()
            };
            let body = [
                b"[{\"token\":\"".as_slice(), &quiet(token), b"\",\"type\":\"",
                &quiet(claimed_type), b"\"}]",
            ].concat();
            for field in [TokenField::Hash, TokenField::Raw] {
                let answer = answer(&body, &[Verdict::TruePositive], field);
                prop_assert!(serde_json::from_str::<IgnoredAny>(&answer).is_ok());
            }
        }
    }
}
