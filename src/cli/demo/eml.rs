//! Reads a letter of ours back from the mailbox: subject and text, decoded, as its owner sees them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a mail program would show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadLetter {
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) text: String,
}

/// Reads a message (RFC 5322) with a text part (RFC 2046); `None` when it is not one.
pub(super) fn read(message: &[u8]) -> Option<ReadLetter> {
    let message = str::from_utf8(message).ok()?;
    let (head, body) = message.split_once("\r\n\r\n")?;
    let boundary = field(head, "Content-Type")?;
    let boundary = boundary.split_once("boundary=\"")?.1.split('"').next()?;
    let delimiter = format!("--{boundary}\r\n");
    let text = body
        .split(delimiter.as_str())
        .filter_map(|part| part.split_once("\r\n\r\n"))
        .find(|(head, _)| {
            field(head, "Content-Type").is_some_and(|is| is.starts_with("text/plain"))
        })
        .map(|(head, text)| (field(head, "Content-Transfer-Encoding"), text))?;
    let text = match text {
        (Some(encoding), text) if encoding == "quoted-printable" => quoted_printable(text),
        (Some(encoding), text) if encoding == "base64" => base64_text(text)?,
        (_, text) => text.to_owned(),
    };
    Some(ReadLetter {
        to: field(head, "To")?,
        subject: words(&field(head, "Subject")?),
        text: text.replace("\r\n", "\n").trim_end().to_owned(),
    })
}

/// A field of a head, unfolded (RFC 5322 2.2.3).
fn field(head: &str, name: &str) -> Option<String> {
    let head = head.replace("\r\n ", " ").replace("\r\n\t", "\t");
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

/// Encoded words (RFC 2047) in base64, which is how our letters are written. The space between two
/// of them is not part of the text (6.2).
fn words(text: &str) -> String {
    let mut decoded = String::new();
    let mut after_encoded = true;
    for word in text.split(' ') {
        let inner = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|word| word.strip_suffix("?="));
        let plain = inner.and_then(base64_text);
        if !(decoded.is_empty() || after_encoded && plain.is_some()) {
            decoded.push(' ');
        }
        after_encoded = plain.is_some();
        decoded.push_str(plain.as_deref().unwrap_or(word));
    }
    decoded
}

fn base64_text(text: &str) -> Option<String> {
    let text: String = text.split_ascii_whitespace().collect();
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

/// RFC 2045 6.7. What is not well-formed stays as it is.
fn quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut decoded = Vec::with_capacity(joined.len());
    let mut rest = joined.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let byte = behind
            .split_first_chunk::<2>()
            .filter(|_| *first == b'=')
            .and_then(|(digits, after)| {
                let byte = hex::decode(digits).ok()?;
                Some((*byte.first()?, after))
            });
        let (byte, after) = byte.unwrap_or((*first, behind));
        decoded.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MESSAGE: &str = "To: ada@example.com\r\nSubject: Your token =?utf-8?b?4oCcZGVw?=\r\n \
        =?utf-8?b?bG954oCd?= was found\r\nContent-Type: multipart/alternative;\r\n \
        boundary=\"part-1\"\r\n\r\n--part-1\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\nYour token =E2=80=9Cdeploy=\r\n\
        =E2=80=9D, a=3Db=\r\n--part-1\r\nContent-Type: text/html\r\n\r\n<p>\r\n--part-1--\r\n";

    #[test]
    fn a_letter_is_read_as_its_owner_sees_it() {
        let letter = read(MESSAGE.as_bytes()).unwrap();
        assert_eq!(letter.to, "ada@example.com");
        assert_eq!(letter.subject, "Your token “deploy” was found");
        assert!(
            letter.text.starts_with("Your token “deploy”, a=b"),
            "{letter:?}"
        );
        assert!(!letter.text.contains("<p>"));
    }

    proptest! {
        #[test]
        fn any_text_survives_its_encodings(text in "[ -~é“”\\u{1f600}]{1,80}") {
            let every_byte: Vec<_> = text.bytes().map(|byte| format!("={byte:02X}")).collect();
            let lines: Vec<_> = every_byte.chunks(20).map(<[_]>::concat).collect();
            prop_assert_eq!(&quoted_printable(&lines.join("=\r\n")), &text);

            let encoded = |part: char| format!("=?utf-8?b?{}?=", STANDARD.encode(part.to_string()));
            let parts: Vec<_> = text.chars().map(encoded).collect();
            prop_assert_eq!(&words(&parts.join(" ")), &text);
        }

        #[test]
        fn nothing_breaks_the_reader(message in "(?s)(=|\\?|[A-F0-9]|--p|\r\n|: |Content-Type: text/plain|boundary=\"p\"|.){0,60}") {
            let _ = read(message.as_bytes());
            let _ = (words(&message), quoted_printable(&message));
        }
    }
}
