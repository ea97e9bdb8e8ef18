//! What is sent: the input as it is, or tokens that come one a line.

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use crate::origins::BodyShape;

/// What is said about tokens that come one a line.
pub(super) struct What {
    /// Of which type they are.
    pub(super) token_type: Option<String>,
    /// Where they were seen.
    pub(super) url: Option<String>,
    /// What kind of place that is.
    pub(super) source: String,
}

/// The body: the input as it is when it is an array, and otherwise one report a line.
pub(super) fn reports(input: Vec<u8>, shape: &BodyShape, what: &What) -> anyhow::Result<Vec<u8>> {
    if input.trim_ascii_start().starts_with(b"[") {
        return Ok(input);
    }
    let report = |token: &str| -> Map<String, Value> {
        let named = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        let source = shape.source.as_deref();
        let source = source.map(|name| named(name, &what.source));
        let token_type = what.token_type.as_deref().unwrap_or("unknown");
        [
            named(&shape.token, token),
            named(&shape.token_type, token_type),
            named(&shape.url, what.url.as_deref().unwrap_or_default()),
        ]
        .into_iter()
        .chain(source)
        .collect()
    };
    let reports: Vec<_> = lines(&input)?.into_iter().map(report).collect();
    Ok(serde_json::to_vec(&reports)?)
}

/// The body of whoever has tokens: the input as it is when it is an object, and otherwise one token a
/// line.
pub(super) fn credentials(input: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    if input.trim_ascii_start().starts_with(b"{") {
        return Ok(input);
    }
    Ok(serde_json::to_vec(
        &json!({ "credentials": lines(&input)? }),
    )?)
}

/// The body of an internal service: the input as it is when it is an object, and otherwise one token a
/// line.
pub(super) fn items(input: Vec<u8>, what: &What) -> anyhow::Result<Vec<u8>> {
    if input.trim_ascii_start().starts_with(b"{") {
        return Ok(input);
    }
    let item = |token| json!({ "token": token, "url": what.url, "source": what.source });
    let items: Vec<_> = lines(&input)?.into_iter().map(item).collect();
    Ok(serde_json::to_vec(&json!({ "items": items }))?)
}

fn lines(input: &[u8]) -> anyhow::Result<Vec<&str>> {
    let text = str::from_utf8(input)
        .context("standard input is not UTF-8: such strings can only be sent as JSON")?;
    let tokens = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let tokens: Vec<_> = tokens.collect();
    if tokens.is_empty() {
        bail!("nothing to report: put reports on standard input, as JSON or one token a line");
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origins::{GITHUB, GITLAB};

    fn what() -> What {
        What {
            token_type: None,
            url: Some("u".to_owned()),
            source: "s".to_owned(),
        }
    }

    #[test]
    fn json_is_sent_byte_for_byte() {
        let input = b" \n[{ \"token\":\"a\" }]\n".to_vec();
        let body = reports(input.clone(), &GITHUB.body, &what()).unwrap();
        assert_eq!(body, input);
        let input = b" {\"credentials\": [ ]}".to_vec();
        assert_eq!(credentials(input.clone()).unwrap(), input);
    }

    #[test]
    fn lines_become_reports() {
        let lines = b"a \"b\"\r\n\n  c\n".to_vec();
        let body = |shape, what: &What| -> Value {
            serde_json::from_slice(&reports(lines.clone(), shape, what).unwrap()).unwrap()
        };
        let report =
            |token| json!({ "token": token, "type": "unknown", "url": "u", "source": "s" });
        let github = body(&GITHUB.body, &what());
        assert_eq!(github, json!([report("a \"b\""), report("c")]));
        let gitlab = body(&GITLAB.body, &what());
        assert_eq!(
            gitlab[1],
            json!({ "token": "c", "type": "unknown", "url": "u" })
        );
        let own = What {
            token_type: Some("t".to_owned()),
            ..what()
        };
        let own = body(&BodyShape::GITLAB_REVOCATION, &own);
        assert_eq!(
            own[1],
            json!({ "token": "c", "type": "t", "location": "u" })
        );
        let given: Value = serde_json::from_slice(&credentials(lines.clone()).unwrap()).unwrap();
        assert_eq!(given, json!({ "credentials": ["a \"b\"", "c"] }));
        let sent: Value = serde_json::from_slice(&items(lines.clone(), &what()).unwrap()).unwrap();
        let last = json!({ "token": "c", "url": "u", "source": "s" });
        assert_eq!(sent["items"][1], last);
    }

    #[test]
    fn nothing_and_no_text_are_not_sent() {
        for wrong in [&b""[..], b" \n\n", b"\xff\n"] {
            assert!(reports(wrong.to_vec(), &GITHUB.body, &what()).is_err());
            assert!(credentials(wrong.to_vec()).is_err());
        }
    }
}
