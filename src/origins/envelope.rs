//! The envelope of a delivery: which key signed it, and the signature.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::public_keys::KeyId;
use super::spec::OriginSpec;

/// What an origin's two headers say.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The key that is claimed to have signed.
    pub key_id: KeyId,
    /// The signature in DER, not yet looked into.
    pub signature: Vec<u8>,
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("key_id", &self.key_id)
            .field("signature", &format_args!("{} bytes", self.signature.len()))
            .finish()
    }
}

/// Why the headers cannot be read. Names the header, never its value.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum MalformedHeaders {
    /// Not there.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// There more than once, so it is open which one counts.
    #[error("the header {0} is there more than once")]
    Duplicated(&'static str),
    /// Longer than anything the origin sends.
    #[error("the header {name} is longer than {limit} bytes")]
    TooLong {
        /// Which header.
        name: &'static str,
        /// How long it may be.
        limit: usize,
    },
    /// Bytes that no header of this origin has.
    #[error("the header {0} is not plain ASCII")]
    NotAscii(&'static str),
    /// Empty, or with characters that no key id has.
    #[error("the header {0} is not a key identifier")]
    NotAKeyId(&'static str),
    /// Not canonical base64 with padding (RFC 4648 4).
    #[error("the header {0} is not base64")]
    NotBase64(&'static str),
}

impl Envelope {
    /// Reads key id and signature out of a request's headers, whose names may be in any case.
    ///
    /// # Errors
    /// When one of the two is missing, duplicated, over-long or not what it should be.
    pub fn read<'h>(
        spec: &OriginSpec,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) -> Result<Self, MalformedHeaders> {
        let mut key_id = Header::new(spec.key_id_header, spec.longest_key_id);
        let mut signature = Header::new(spec.signature_header, spec.longest_signature);
        for (name, value) in headers {
            key_id.offer(name, value);
            signature.offer(name, value);
        }

        let key_id =
            KeyId::parse(key_id.text()?).ok_or(MalformedHeaders::NotAKeyId(spec.key_id_header))?;
        // The engine wants padding, and zero bits where bits are left over: one text per signature.
        let signature = STANDARD
            .decode(signature.text()?)
            .ok()
            .filter(|bytes| !bytes.is_empty())
            .ok_or(MalformedHeaders::NotBase64(spec.signature_header))?;
        Ok(Self { key_id, signature })
    }
}

/// One header that must be there exactly once.
struct Header<'h> {
    name: &'static str,
    limit: usize,
    value: Option<&'h [u8]>,
    duplicated: bool,
}

impl<'h> Header<'h> {
    const fn new(name: &'static str, limit: usize) -> Self {
        Self {
            name,
            limit,
            value: None,
            duplicated: false,
        }
    }

    fn offer(&mut self, name: &str, value: &'h [u8]) {
        if name.eq_ignore_ascii_case(self.name) {
            self.duplicated = self.value.replace(value).is_some();
        }
    }

    fn text(&self) -> Result<&'h str, MalformedHeaders> {
        let name = self.name;
        let value = self.value.ok_or(MalformedHeaders::Missing(name))?;
        if self.duplicated {
            return Err(MalformedHeaders::Duplicated(name));
        }
        if value.len() > self.limit {
            let limit = self.limit;
            return Err(MalformedHeaders::TooLong { name, limit });
        }
        match str::from_utf8(value) {
            Ok(text) if text.is_ascii() => Ok(text),
            _ => Err(MalformedHeaders::NotAscii(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::origins::GITHUB;

    const ID: &str = "Github-Public-Key-Identifier";
    const SIGNATURE: &str = "Github-Public-Key-Signature";

    fn read(headers: &[(&str, &[u8])]) -> Result<Envelope, MalformedHeaders> {
        Envelope::read(&GITHUB, headers.iter().copied())
    }

    #[rstest]
    #[case("Github-Public-Key-Identifier", "Github-Public-Key-Signature")]
    #[case("GITHUB-PUBLIC-KEY-IDENTIFIER", "GITHUB-PUBLIC-KEY-SIGNATURE")]
    #[case("github-public-key-identifier", "gitHub-Public-key-signature")]
    fn names_count_in_any_case(#[case] id: &str, #[case] signature: &str) {
        let envelope = read(&[("host", b"x"), (signature, b"AAEC"), (id, b"90a4")]).unwrap();
        assert_eq!(envelope.key_id.as_str(), "90a4");
        assert_eq!(envelope.signature, [0, 1, 2]);
    }

    #[test]
    fn each_header_is_wanted_exactly_once() {
        assert_eq!(
            read(&[(SIGNATURE, b"AAEC")]),
            Err(MalformedHeaders::Missing(ID))
        );
        assert_eq!(
            read(&[(ID, b"a")]),
            Err(MalformedHeaders::Missing(SIGNATURE))
        );
        for times in 2..5 {
            let mut headers: Vec<(&str, &[u8])> = vec![(ID, b"a"); times];
            headers.push((SIGNATURE, b"AAEC"));
            assert_eq!(
                read(&headers),
                Err(MalformedHeaders::Duplicated(ID)),
                "{times}"
            );
        }
        assert_eq!(
            read(&[
                (ID, b"a"),
                (SIGNATURE, b"AAEC"),
                ("GITHUB-PUBLIC-KEY-SIGNATURE", b"AAEC")
            ]),
            Err(MalformedHeaders::Duplicated(SIGNATURE))
        );
    }

    #[rstest]
    #[case(b"", MalformedHeaders::NotAKeyId(ID))]
    #[case(b"two words", MalformedHeaders::NotAKeyId(ID))]
    #[case(b"a,b", MalformedHeaders::NotAKeyId(ID))]
    #[case(b"a\"b", MalformedHeaders::NotAKeyId(ID))]
    #[case(b"a\0", MalformedHeaders::NotAKeyId(ID))]
    #[case("\u{e9}".as_bytes(), MalformedHeaders::NotAscii(ID))]
    #[case(b"\xff", MalformedHeaders::NotAscii(ID))]
    #[case(&[b'a'; 129], MalformedHeaders::TooLong { name: ID, limit: 128 })]
    fn a_key_id_is_a_short_word(#[case] id: &[u8], #[case] error: MalformedHeaders) {
        assert_eq!(read(&[(ID, id), (SIGNATURE, b"AAEC")]), Err(error));
    }

    #[test]
    fn a_key_id_may_have_128_characters() {
        assert!(read(&[(ID, &[b'a'; 128]), (SIGNATURE, b"AAEC")]).is_ok());
    }

    #[rstest]
    #[case::empty(b"")]
    #[case::no_padding(b"AAE")]
    #[case::surplus_padding(b"AAEC====")]
    #[case::blank_inside(b"AA EC")]
    #[case::newline_behind(b"AAEC\n")]
    #[case::url_alphabet(b"-_-_")]
    #[case::leftover_bits(b"AAF=")]
    #[case::two_values(b"AAEC,AAEC")]
    fn a_signature_has_one_spelling(#[case] signature: &[u8]) {
        assert_eq!(
            read(&[(ID, b"a"), (SIGNATURE, signature)]),
            Err(MalformedHeaders::NotBase64(SIGNATURE))
        );
    }

    #[test]
    fn an_over_long_signature_is_not_decoded() {
        let error = MalformedHeaders::TooLong {
            name: SIGNATURE,
            limit: 256,
        };
        assert_eq!(read(&[(ID, b"a"), (SIGNATURE, &[b'A'; 257])]), Err(error));
        assert_eq!(
            error.to_string(),
            "the header Github-Public-Key-Signature is longer than 256 bytes"
        );
    }

    proptest! {
        #[test]
        fn any_headers_are_read_without_harm(
            headers: Vec<(prop::sample::Index, Vec<u8>)>,
        ) {
            let names = [ID, SIGNATURE, "host"];
            let pairs = headers.iter().map(|(name, value)| (*name.get(&names), value.as_slice()));
            if let Ok(envelope) = Envelope::read(&GITHUB, pairs) {
                prop_assert!(!envelope.key_id.as_str().is_empty());
                prop_assert!(!envelope.signature.is_empty());
            }
        }

        #[test]
        fn every_signature_survives_its_header(signature in prop::collection::vec(any::<u8>(), 1..=192)) {
            let text = STANDARD.encode(&signature);
            let envelope = read(&[(ID, b"a"), (SIGNATURE, text.as_bytes())]).unwrap();
            prop_assert_eq!(envelope.signature, signature);
        }

        #[test]
        fn an_error_never_repeats_a_value(value in "[ -~]{8,200}") {
            if let Err(error) = read(&[(ID, value.as_bytes()), (SIGNATURE, value.as_bytes())]) {
                prop_assert!(!error.to_string().contains(&value));
            }
        }
    }
}
