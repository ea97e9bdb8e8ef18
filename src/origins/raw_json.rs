//! Takes a JSON text apart without interpreting it, so that one odd piece never spoils the rest.
//!
//! `serde_json` judges the syntax of every piece; the pieces stay the bytes that were sent, which
//! need not be UTF-8 and may nest as deep as they like: skipping a value uses no stack.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, Visitor};

/// Where and why a text is not the JSON that was expected. Holds nothing of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// Counted from 1.
    pub(super) line: usize,
    /// In bytes, counted from 1.
    pub(super) column: usize,
    /// In a few words.
    pub(super) reason: String,
}

/// The values of the array `json`, `most` at most, in order, each as its own text.
pub(super) fn elements(json: &[u8], most: usize) -> Result<Vec<&[u8]>, SyntaxError> {
    let mut scanner = Scanner { json, at: 0 };
    let mut found = Vec::new();
    scanner.expect(b'[', "expected an array")?;
    if !scanner.take(b']') {
        loop {
            if found.len() == most {
                return Err(scanner.error("there are too many values"));
            }
            found.push(scanner.value()?);
            if scanner.take(b']') {
                break;
            }
            scanner.expect(b',', "expected `,` or `]`")?;
        }
    }
    scanner.end()?;
    Ok(found)
}

/// One member of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member<'j> {
    /// Decoded.
    pub(super) name: Cow<'j, [u8]>,
    /// As its own text.
    pub(super) value: &'j [u8],
}

/// The members of the object `json`, in order.
pub(super) fn members(json: &[u8]) -> Result<Vec<Member<'_>>, SyntaxError> {
    let mut scanner = Scanner { json, at: 0 };
    let mut found = Vec::new();
    scanner.expect(b'{', "expected an object")?;
    if !scanner.take(b'}') {
        loop {
            let name = text(scanner.value()?);
            let name = name.ok_or_else(|| scanner.error("expected a name"))?;
            scanner.expect(b':', "expected `:`")?;
            let value = scanner.value()?;
            found.push(Member { name, value });
            if scanner.take(b'}') {
                break;
            }
            scanner.expect(b',', "expected `,` or `}`")?;
        }
    }
    scanner.end()?;
    Ok(found)
}

/// What the string `json` says; `None` when it is no string. A lone surrogate escape, which no
/// Unicode text can hold, becomes three bytes of WTF-8.
pub(super) fn text(json: &[u8]) -> Option<Cow<'_, [u8]>> {
    serde_json::from_slice::<Text<'_>>(json)
        .ok()
        .map(|text| text.0)
}

struct Text<'j>(Cow<'j, [u8]>);

impl<'de: 'j, 'j> Deserialize<'de> for Text<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl<'de> Visitor<'de> for Bytes {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(bytes)))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(bytes.to_owned())))
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}

struct Scanner<'j> {
    json: &'j [u8],
    at: usize,
}

impl<'j> Scanner<'j> {
    fn rest(&self) -> &'j [u8] {
        self.json.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let blank = |byte: &&u8| matches!(**byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.rest().iter().take_while(blank).count();
    }

    /// Whether the next character is `byte`; if so, it is behind us.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let there = self.rest().first() == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8, reason: &str) -> Result<(), SyntaxError> {
        if self.take(byte) {
            return Ok(());
        }
        Err(self.error(reason))
    }

    fn value(&mut self) -> Result<&'j [u8], SyntaxError> {
        self.skip_blanks();
        let rest = self.rest();
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
        match values.next() {
            Some(Ok(IgnoredAny)) => {
                let length = values.byte_offset();
                self.at += length;
                Ok(rest.get(..length).unwrap_or_default())
            }
            Some(Err(error)) => Err(self.syntax_error(&error)),
            None => Err(self.error("expected a value")),
        }
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        self.skip_blanks();
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(self.error("expected nothing more"))
    }

    /// An error at the current place.
    fn error(&self, reason: &str) -> SyntaxError {
        let before = self.json.get(..self.at).unwrap_or_default();
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        SyntaxError {
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            column: before.len() - line_start + 1,
            reason: reason.to_owned(),
        }
    }

    /// An error of `serde_json`, which counted from the current place.
    fn syntax_error(&self, error: &serde_json::Error) -> SyntaxError {
        let text = error.to_string();
        let reason = text
            .rsplit_once(" at line ")
            .map_or(text.as_str(), |(reason, _)| reason);
        let here = self.error(reason);
        if error.line() > 1 {
            let line = here.line + error.line() - 1;
            return SyntaxError {
                line,
                column: error.column(),
                ..here
            };
        }
        let column = here.column + error.column().saturating_sub(1);
        SyntaxError { column, ..here }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::Value;

    use super::*;

    #[test]
    fn an_array_falls_into_its_elements() {
        let json = b" [ 1 , \"a,]\" ,{\"b\":[2]},null\n,[] ] \n";
        let expected: [&[u8]; 5] = [b"1", b"\"a,]\"", b"{\"b\":[2]}", b"null", b"[]"];
        let found: Vec<_> = elements(json, 1_000)
            .unwrap()
            .iter()
            .map(|json| json.trim_ascii())
            .collect();
        assert_eq!(found, expected);
        assert_eq!(elements(b"[]", 1_000), Ok(vec![]));
    }

    #[test]
    fn an_object_falls_into_its_members_in_order() {
        let found = members(br#"{"a":1,"\u0061" : "x","b\\":{}}"#).unwrap();
        let names: Vec<_> = found.iter().map(|member| member.name.as_ref()).collect();
        assert_eq!(names, [&b"a"[..], b"a", b"b\\"]);
        assert_eq!(found[1].value, b"\"x\"");
    }

    #[rstest]
    #[case(b"", 1, 1, "expected an array")]
    #[case(b"{}", 1, 1, "expected an array")]
    #[case(b"\n\n  null", 3, 3, "expected an array")]
    #[case(b"\xef\xbb\xbf[]", 1, 1, "expected an array")]
    #[case(b"[1 2]", 1, 4, "expected `,` or `]`")]
    #[case(b"[1,]", 1, 4, "expected value")]
    #[case(b"[1", 1, 3, "expected `,` or `]`")]
    #[case(b"[", 1, 2, "expected a value")]
    #[case(b"[]]", 1, 3, "expected nothing more")]
    #[case(b"[1]x", 1, 4, "expected nothing more")]
    #[case(b"[1,\n {\"a\":\n tru}]", 3, 5, "expected ident")]
    #[case(b"[1,\n {\"a\": tru}]", 2, 11, "expected ident")]
    fn an_error_says_where_and_why(
        #[case] json: &[u8],
        #[case] line: usize,
        #[case] column: usize,
        #[case] reason: &str,
    ) {
        let error = elements(json, 1_000).unwrap_err();
        assert_eq!(
            (error.line, error.column, error.reason.as_str()),
            (line, column, reason)
        );
    }

    proptest! {
        #[test]
        fn pieces_of_anything_are_what_serde_json_sees(json in arbitrary_json()) {
            let text = json.to_string();
            match &json {
                Value::Array(values) => {
                    let found = elements(text.as_bytes(), 1_000).unwrap();
                    let found: Vec<Value> =
                        found.into_iter().map(|json| serde_json::from_slice(json).unwrap()).collect();
                    prop_assert_eq!(&found, values);
                }
                Value::Object(map) => {
                    for member in members(text.as_bytes()).unwrap() {
                        let value: Value = serde_json::from_slice(member.value).unwrap();
                        prop_assert_eq!(&map[str::from_utf8(&member.name).unwrap()], &value);
                    }
                }
                Value::String(string) => {
                    prop_assert_eq!(super::text(text.as_bytes()).unwrap(), string.as_bytes());
                }
                _ => {
                    prop_assert!(elements(text.as_bytes(), 1_000).is_err());
                    prop_assert!(members(text.as_bytes()).is_err());
                    prop_assert!(super::text(text.as_bytes()).is_none());
                }
            }
        }

        #[test]
        fn an_array_is_accepted_exactly_when_serde_json_accepts_it(
            text in "[\\[\\]{},:\"\\\\ a1ntrue.e-]{0,24}",
        ) {
            let lawful = serde_json::from_str::<Vec<IgnoredAny>>(&text).is_ok();
            prop_assert_eq!(elements(text.as_bytes(), 1_000).is_ok(), lawful);
        }
    }

    fn arbitrary_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
