//! A mail as its reader gets it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A mail, decoded as far as tests need it.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) message_id: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Mail {
    /// Reads a message of ours: multipart/alternative, text before HTML.
    pub(crate) fn parse(message: &[u8]) -> Self {
        let message = str::from_utf8(message).expect("a message is ASCII");
        let (head, body) = message
            .split_once("\r\n\r\n")
            .expect("a message has a body");
        let head = head.replace("\r\n ", " ");
        let header = |name: &str| {
            let line = head
                .lines()
                .find(|line| line.starts_with(&format!("{name}: ")));
            line.map(|line| line[name.len() + 2..].to_owned())
                .unwrap_or_default()
        };
        let kind = header("Content-Type");
        let boundary = kind
            .split("boundary=")
            .nth(1)
            .expect("a letter is multipart");
        let boundary = boundary.trim_matches('"');
        let delimiter = format!("--{boundary}");
        let mut parts = body.split(&delimiter).skip(1).map(part);
        Self {
            to: header("To").trim_matches(['<', '>']).to_owned(),
            subject: words(&header("Subject")),
            message_id: header("Message-ID"),
            text: parts.next().expect("a letter has a text part"),
            html: parts.next().expect("a letter has an HTML part"),
        }
    }
}

fn part(raw: &str) -> String {
    let (head, body) = raw
        .trim_start()
        .split_once("\r\n\r\n")
        .expect("a part has a body");
    let head = head.to_ascii_lowercase();
    let bytes = if head.contains("quoted-printable") {
        quoted_printable(body)
    } else if head.contains("base64") {
        STANDARD
            .decode(body.split_whitespace().collect::<String>())
            .expect("base64")
    } else {
        body.as_bytes().to_vec()
    };
    String::from_utf8(bytes)
        .expect("a part is UTF-8")
        .replace("\r\n", "\n")
}

fn quoted_printable(body: &str) -> Vec<u8> {
    let body = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = body.as_bytes();
    while let Some((first, later)) = rest.split_first() {
        rest = later;
        match (first, later) {
            (b'=', [high, low, tail @ ..]) => {
                let digits = String::from_utf8(vec![*high, *low]).unwrap();
                bytes.push(u8::from_str_radix(&digits, 16).expect("two hexadecimal digits"));
                rest = tail;
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}

/// RFC 2047 encoded words, as far as our own messages use them.
fn words(value: &str) -> String {
    let mut text = String::new();
    let mut after_encoded = true;
    for word in value.split(' ') {
        let encoded = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|word| word.strip_suffix("?="));
        // RFC 2047 6.2: only the space between two encoded words is not there.
        if !(text.is_empty() || after_encoded && encoded.is_some()) {
            text.push(' ');
        }
        match encoded {
            Some(encoded) => {
                text.push_str(str::from_utf8(&STANDARD.decode(encoded).unwrap()).unwrap());
            }
            None => text.push_str(word),
        }
        after_encoded = encoded.is_some();
    }
    text
}
