//! DKIM signatures (RFC 6376) with relaxed/relaxed canonicalisation, by RSA (RFC 8301) or Ed25519
//! (RFC 8463).

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use crate::model::Timestamp;

/// Fields that are signed. Those that a reader sees are named once more than they occur, so that
/// adding a second one breaks the signature (RFC 6376 8.15).
const SIGNED: [&str; 11] = [
    "from",
    "from",
    "to",
    "to",
    "subject",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "auto-submitted",
];

/// Signs messages for a domain.
pub struct Dkim {
    domain: String,
    selector: String,
    key: Key,
}

enum Key {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Why messages cannot be signed. Never repeats the key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DkimError {
    /// Domain or selector.
    #[error("a DKIM domain and selector are dot-separated letters, digits and hyphens")]
    Name,
    /// The key's text.
    #[error("the DKIM key is not a PEM private key (PKCS#8, or PKCS#1 for RSA)")]
    Pem,
    /// The key's kind or size.
    #[error("the DKIM key is neither RSA of at least 1024 bits nor Ed25519")]
    Key,
    /// The signing itself.
    #[error("the DKIM key does not sign")]
    Signing,
}

impl Dkim {
    /// Reads the key. `selector._domainkey.domain` is where its public half is published.
    ///
    /// # Errors
    /// When a name could not stand in DNS, or the key is of no use.
    pub fn new(domain: &str, selector: &str, key_pem: &str) -> Result<Self, DkimError> {
        if !is_dns_name(domain) || !is_dns_name(selector) {
            return Err(DkimError::Name);
        }
        let der = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| DkimError::Pem)?;
        let der_bytes = der.secret_der();
        let rsa = match der {
            PrivateKeyDer::Pkcs1(_) => RsaKeyPair::from_der(der_bytes),
            _ => RsaKeyPair::from_pkcs8(der_bytes),
        };
        let key = match rsa {
            // RFC 8301 3.2: verifiers take no RSA key below 1024 bits.
            Ok(rsa) if rsa.public_modulus_len() >= 128 => Key::Rsa(rsa),
            Ok(_) => return Err(DkimError::Key),
            Err(_) => Ed25519KeyPair::from_pkcs8(der_bytes)
                .map(Key::Ed25519)
                .map_err(|_| DkimError::Key)?,
        };
        Ok(Self {
            domain: domain.to_owned(),
            selector: selector.to_owned(),
            key,
        })
    }

    /// The header field to put in front of `message`, ending in CRLF.
    ///
    /// # Errors
    /// When the key fails to sign.
    pub fn sign(&self, message: &[u8], at: Timestamp) -> Result<String, DkimError> {
        let (head, body) = split(message);
        let fields = fields(head);
        let body_hash = STANDARD.encode(Sha256::digest(relaxed_body(body)));
        let algorithm = match self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let unsigned = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={};\r\n s={}; t={};\r\n \
             h={};\r\n bh={body_hash};\r\n b=",
            self.domain,
            self.selector,
            at.as_seconds().max(0),
            SIGNED.join(":"),
        );
        let mut input = chosen(&fields);
        // RFC 6376 3.7: the signature's own field comes last, with an empty b= and no CRLF.
        input.push_str(relaxed_field(&unsigned).trim_end());
        let signature = STANDARD.encode(self.signature(input.as_bytes())?);
        Ok(format!("{unsigned}{}\r\n", folded(&signature)))
    }

    fn signature(&self, input: &[u8]) -> Result<Vec<u8>, DkimError> {
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    input,
                    &mut signature,
                )
                .map_err(|_| DkimError::Signing)?;
                Ok(signature)
            }
            // RFC 8463 3: what is signed is the SHA-256 of the input.
            Key::Ed25519(key) => Ok(key.sign(&Sha256::digest(input)).as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for Dkim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dkim({}._domainkey.{})", self.selector, self.domain)
    }
}

fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// A message's head, with the CRLF of its last field, and its body.
fn split(message: &[u8]) -> (&[u8], &[u8]) {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, rest) = message.split_at(end.map_or(message.len(), |end| end + 2));
    (head, rest.get(2..).unwrap_or_default())
}

/// The head's fields, each with its folded lines. Our own heads are ASCII.
fn fields(head: &[u8]) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in String::from_utf8_lossy(head).split_inclusive("\r\n") {
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', '\t']) => field.push_str(line),
            _ => fields.push(line.to_owned()),
        }
    }
    fields
}

/// The signed fields in their order. Of fields that occur more than once the last is taken first
/// (RFC 6376 5.4.2); one that is named but absent adds nothing.
fn chosen(fields: &[String]) -> String {
    let mut left: Vec<String> = fields.iter().map(|field| relaxed_field(field)).collect();
    let mut input = String::new();
    for name in SIGNED {
        let named = |field: &String| field.split(':').next() == Some(name);
        if let Some(index) = left.iter().rposition(named) {
            input.push_str(&left.remove(index));
        }
    }
    input
}

/// RFC 6376 3.4.2: the name in lower case, the value on one line, white space runs one space.
fn relaxed_field(field: &str) -> String {
    let (name, value) = field.split_once(':').unwrap_or((field, ""));
    let words: Vec<&str> = value
        .split([' ', '\t', '\r', '\n'])
        .filter(|word| !word.is_empty())
        .collect();
    format!(
        "{}:{}\r\n",
        name.trim_end().to_ascii_lowercase(),
        words.join(" ")
    )
}

/// RFC 6376 3.4.4: white space runs one space, none at the end of a line, no empty lines at the
/// end of the body; a body of nothing else is empty.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut relaxed = Vec::with_capacity(body.len());
    let mut end = 0;
    let mut lines = body.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if lines.peek().is_none() && line.is_empty() {
            break;
        }
        let mut space = false;
        let start = relaxed.len();
        for byte in line {
            if matches!(byte, b' ' | b'\t') {
                space = true;
                continue;
            }
            if std::mem::take(&mut space) {
                relaxed.push(b' ');
            }
            relaxed.push(*byte);
        }
        let empty = relaxed.len() == start;
        relaxed.extend(b"\r\n");
        if !empty {
            end = relaxed.len();
        }
    }
    relaxed.truncate(end);
    relaxed
}

/// Base64 in lines that fit a header (RFC 5322 2.1.1).
fn folded(base64: &str) -> String {
    let mut text = String::with_capacity(base64.len() + 16);
    for (index, character) in base64.chars().enumerate() {
        if index > 0 && index % 72 == 0 {
            text.push_str("\r\n ");
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_forms_are_those_of_rfc_6376_3_4_5() {
        let (head, body) = split(b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n");
        let fields: Vec<String> = fields(head)
            .iter()
            .map(|field| relaxed_field(field))
            .collect();
        assert_eq!(fields, ["a:X\r\n", "b:Y Z\r\n"]);
        assert_eq!(relaxed_body(body), b" C\r\nD E\r\n");
    }

    #[test]
    fn a_body_of_empty_lines_is_empty() {
        assert!(relaxed_body(b"").is_empty());
        assert!(relaxed_body(b"\r\n\r\n").is_empty());
        assert!(relaxed_body(b" \t\r\n\r\n").is_empty());
        assert_eq!(relaxed_body(b"a"), b"a\r\n");
        assert_eq!(relaxed_body(b"a\r\n\r\nb \r\n"), b"a\r\n\r\nb\r\n");
    }

    #[test]
    fn of_two_fields_the_last_is_signed_first() {
        let fields = ["Subject: one\r\n", "Subject: two\r\n", "From: a\r\n"].map(str::to_owned);
        assert_eq!(chosen(&fields), "from:a\r\nsubject:two\r\nsubject:one\r\n");
    }

    #[test]
    fn what_could_not_stand_in_dns_or_is_no_key_is_refused() {
        assert_eq!(Dkim::new("a b", "s", "").unwrap_err(), DkimError::Name);
        assert_eq!(
            Dkim::new("a.example", "s;b=", "").unwrap_err(),
            DkimError::Name
        );
        assert_eq!(
            Dkim::new("a.example", "s", "key").unwrap_err(),
            DkimError::Pem
        );
        let pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(
            Dkim::new("a.example", "s", pem).unwrap_err(),
            DkimError::Key
        );
    }
}
