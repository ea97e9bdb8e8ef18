//! The body of a delivery: reports, each read by itself.

use std::fmt;

use super::raw_json::{self, Member, SyntaxError};
use super::spec::BodyShape;
use crate::model::{Report, ReportedText};

/// So many reports are read of one body: ten times as many as were ever seen in one. What is one byte on the way
/// is hundreds in memory.
const MOST_REPORTS: usize = 100_000;

/// The body is no array of JSON values, or one of too many. Says where it breaks and nothing of what is there.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line} column {column}: {reason}")]
pub struct MalformedBody {
    line: usize,
    column: usize,
    reason: String,
}

impl From<SyntaxError> for MalformedBody {
    fn from(error: SyntaxError) -> Self {
        Self {
            line: error.line,
            column: error.column,
            reason: error.reason,
        }
    }
}

/// One item of a body, as received.
///
/// An item that cannot be read, or lacks its token, is a report of the empty string: it keeps its
/// place in the answer and matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceivedReport {
    report: Report,
    claimed_type: ClaimedType,
}

impl ReceivedReport {
    /// The string that was found, exactly as sent.
    #[must_use]
    pub const fn text(&self) -> &ReportedText {
        &self.report.text
    }

    /// What the origin takes it for.
    #[must_use]
    pub const fn claimed_type(&self) -> &ClaimedType {
        &self.claimed_type
    }

    /// Where, as an address.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.report.url.as_deref()
    }

    /// Where, as a kind of place.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.report.source.as_deref()
    }
}

impl From<&ReceivedReport> for Report {
    fn from(received: &ReceivedReport) -> Self {
        received.report.clone()
    }
}

impl From<ReceivedReport> for Report {
    fn from(received: ReceivedReport) -> Self {
        received.report
    }
}

/// The type of a report as it was written, to be echoed and never believed. Whatever JSON value a
/// stranger put there, so it does not print itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ClaimedType(Option<Box<str>>);

impl ClaimedType {
    /// The JSON text as received; `null` when there was none.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.0.as_deref().unwrap_or("null")
    }

    /// What it says, when it is a string.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let text = raw_json::text(self.as_json().as_bytes())?;
        String::from_utf8(text.into_owned()).ok()
    }
}

impl fmt::Debug for ClaimedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClaimedType({} bytes)", self.as_json().len())
    }
}

/// Reads a body that was proven to be the origin's.
///
/// # Errors
/// When it is not one JSON array, or has more than 100,000 items. What an item looks like never is an error.
pub fn parse_reports(shape: &BodyShape, body: &[u8]) -> Result<Vec<ReceivedReport>, MalformedBody> {
    let items = raw_json::elements(body, MOST_REPORTS)?;
    Ok(items.into_iter().map(|item| read(shape, item)).collect())
}

fn read(shape: &BodyShape, item: &[u8]) -> ReceivedReport {
    let mut received = ReceivedReport::default();
    let Ok(members) = raw_json::members(item) else {
        return received;
    };
    // In order, so that of a repeated field the last one counts.
    for Member { name, value } in members {
        match str::from_utf8(&name) {
            Ok(name) if name == shape.token => {
                let token = raw_json::text(value).unwrap_or_default().into_owned();
                received.report.text = ReportedText::new(token);
            }
            Ok(name) if name == shape.token_type => {
                received.claimed_type = ClaimedType(Some(String::from_utf8_lossy(value).into()));
            }
            Ok(name) if name == shape.url => received.report.url = readable(value),
            Ok(name) if Some(name) == shape.source.as_deref() => {
                received.report.source = readable(value)
            }
            _ => {}
        }
    }
    received
}

/// A string that people read: what is no Unicode in it is replaced.
fn readable(value: &[u8]) -> Option<String> {
    let text = raw_json::text(value)?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_body_has_so_many_reports_and_no_more() {
        let body = |reports: usize| format!("[{}0]", "0,".repeat(reports - 1)).into_bytes();
        let shape = &crate::origins::GITHUB.body;
        let most = parse_reports(shape, &body(MOST_REPORTS)).unwrap();
        assert_eq!(most.len(), MOST_REPORTS);
        let error = parse_reports(shape, &body(MOST_REPORTS + 1)).unwrap_err();
        let column = 2 * MOST_REPORTS + 2;
        let said = format!("line 1 column {column}: there are too many values");
        assert_eq!(error.to_string(), said);
    }

    fn parse(body: &[u8]) -> Vec<ReceivedReport> {
        parse_reports(&BodyShape::GITHUB, body).unwrap()
    }

    fn tokens(body: &[u8]) -> Vec<Vec<u8>> {
        parse(body)
            .iter()
            .map(|report| report.text().reveal().to_vec())
            .collect()
    }

    #[test]
    fn a_report_is_read_with_everything_it_says() {
        let reports = parse(
            br#"[{"token":"t","type":"some_type","url":"https://x.example/","source":"commit"}]"#,
        );
        assert_eq!(reports[0].text().reveal(), b"t");
        assert_eq!(reports[0].claimed_type().as_json(), r#""some_type""#);
        assert_eq!(reports[0].url(), Some("https://x.example/"));
        assert_eq!(reports[0].source(), Some("commit"));
        let report = Report::from(&reports[0]);
        assert_eq!(report, Report::from(reports[0].clone()));
        assert_eq!(report.url.as_deref(), Some("https://x.example/"));
    }

    #[rstest]
    #[case::nothing(br"{}", b"", "null")]
    #[case::no_object(br#"["token","t"]"#, b"", "null")]
    #[case::null(b"null", b"", "null")]
    #[case::string(br#""t""#, b"", "null")]
    #[case::token_is_a_number(br#"{"token":5,"type":"a"}"#, b"", r#""a""#)]
    #[case::token_is_an_array(br#"{"token":[116],"type":"a"}"#, b"", r#""a""#)]
    #[case::type_is_an_object(br#"{"token":"t","type":{"a":1}}"#, b"t", r#"{"a":1}"#)]
    #[case::type_in_capitals(br#"{"token":"t","type":"POLAR_X"}"#, b"t", r#""POLAR_X""#)]
    #[case::type_with_escapes(br#"{"token":"t","type":"a\u0062"}"#, b"t", r#""a\u0062""#)]
    #[case::url_is_a_number(br#"{"token":"t","url":1,"source":null}"#, b"t", "null")]
    #[case::last_one_counts(br#"{"token":"s","type":1,"token":"t","type":2}"#, b"t", "2")]
    #[case::escaped_name(br#"{"\u0074oken":"t"}"#, b"t", "null")]
    #[case::other_case(br#"{"Token":"t"}"#, b"", "null")]
    #[case::escapes(
        br#"{"token":"a\"\\\/\b\f\n\r\t\u00e9"}"#,
        b"a\"\\/\x08\x0c\n\r\t\xc3\xa9",
        "null"
    )]
    #[case::surrogate_pair(br#"{"token":"\ud83d\ude00"}"#, b"\xf0\x9f\x98\x80", "null")]
    #[case::lone_surrogate(br#"{"token":"a\ud801b"}"#, b"a\xed\xa0\x81b", "null")]
    #[case::not_unicode(b"{\"token\":\"a\xffb\",\"\xfe\":1}", b"a\xffb", "null")]
    #[case::zero(br#"{"token":"a\u0000b"}"#, b"a\0b", "null")]
    fn no_item_spoils_its_neighbours(
        #[case] item: &[u8],
        #[case] token: &[u8],
        #[case] claimed_type: &str,
    ) {
        let good: &[u8] = br#"{"token":"good","type":"x"}"#;
        let body = [b"[", good, b",", item, b" , ", good, b"]"].concat();
        let reports = parse(&body);
        assert_eq!(reports.len(), 3);
        assert_eq!(reports[1].text().reveal(), token);
        assert_eq!(reports[1].claimed_type().as_json(), claimed_type);
        assert_eq!((reports[1].url(), reports[1].source()), (None, None));
        for good in [&reports[0], &reports[2]] {
            assert_eq!(good.text().reveal(), b"good");
        }
    }

    #[test]
    fn a_claimed_type_is_a_text_only_when_it_was_one() {
        let of = |json: &str| ClaimedType(Some(json.into())).text();
        assert_eq!(of(r#""a\u0062""#).as_deref(), Some("ab"));
        assert_eq!(of(r#""\ud801""#), None);
        assert_eq!(of("7"), None);
        assert_eq!(ClaimedType::default().text(), None);
    }

    #[test]
    fn a_megabyte_is_a_token_like_any_other() {
        let long = "x".repeat(1_000_000);
        let body = format!(r#"[{{"token":"{long}"}},{{"token":"t"}}]"#);
        assert_eq!(tokens(body.as_bytes()), [long.into_bytes(), b"t".to_vec()]);
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
        let body = format!(r#"[{{"a":{deep},"token":"t","type":{deep}}},{deep}]"#);
        assert_eq!(tokens(body.as_bytes()), [b"t".to_vec(), b"".to_vec()]);
    }

    #[test]
    fn an_empty_delivery_has_no_reports() {
        assert!(parse(b"[]").is_empty());
    }

    #[rstest]
    #[case(br#"{"token":"secret"}"#, "line 1 column 1: expected an array")]
    #[case(b" \n  \"secret\"", "line 2 column 3: expected an array")]
    #[case(
        br#"[{"token":"secret}]"#,
        "line 1 column 19: EOF while parsing a string"
    )]
    #[case(br#"[{"token":secret}]"#, "line 1 column 11: expected value")]
    #[case(b"[] secret", "line 1 column 4: expected nothing more")]
    fn an_error_repeats_nothing_of_the_body(#[case] body: &[u8], #[case] message: &str) {
        assert_eq!(
            parse_reports(&BodyShape::GITHUB, body)
                .unwrap_err()
                .to_string(),
            message
        );
    }

    #[test]
    fn nothing_of_a_token_or_its_type_is_printed() {
        let reports = parse(br#"[{"token":"hunter2","type":"hunter3"}]"#);
        assert!(!format!("{reports:?}").contains("hunter"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes: Vec<u8>) {
            let _ = parse_reports(&BodyShape::GITHUB, &bytes);
            let bracketed = [b"[".as_slice(), &bytes, b"]"].concat();
            let _ = parse_reports(&BodyShape::GITHUB, &bracketed);
        }

        #[test]
        fn every_item_keeps_its_place(tokens_in: Vec<String>) {
            let items: Vec<_> =
                tokens_in.iter().map(|token| serde_json::json!({ "token": token })).collect();
            let body = serde_json::to_vec(&items).unwrap();
            let sent: Vec<_> = tokens_in.into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(tokens(&body), sent);
        }
    }
}
