//! The envelope of a delivery: which key signed it, and the signature.

use std::{fmt, iter};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::public_keys::KeyId;
use super::spec::{HeaderName, OriginSpec, SignatureHeaders};

/// Bytes that a key id may have.
const LONGEST_KEY_ID: usize = 128;
/// Bytes that a signature may have in base64. The longest for P-256 has 96.
const LONGEST_SIGNATURE: usize = 256;

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
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum MalformedHeaders {
    /// Not there.
    #[error("the header {0} is missing")]
    Missing(HeaderName),
    /// There more than once, so it is open which one counts.
    #[error("the header {0} is there more than once")]
    Duplicated(HeaderName),
    /// Longer than anything the origin sends.
    #[error("the header {name} is longer than {limit} bytes")]
    TooLong {
        /// Which header.
        name: HeaderName,
        /// How long it may be.
        limit: usize,
    },
    /// Bytes that no header of this origin has.
    #[error("the header {0} is not plain ASCII")]
    NotAscii(HeaderName),
    /// Empty, or with characters that no key id has.
    #[error("the header {0} is not a key identifier")]
    NotAKeyId(HeaderName),
    /// Not canonical base64 with padding (RFC 4648 4).
    #[error("the header {0} is not base64")]
    NotBase64(HeaderName),
}

impl Envelope {
    /// Reads key id and signature out of a request's headers, whose names may be in any case.
    ///
    /// # Errors
    /// When one of the two is missing, duplicated, over-long or not what it should be.
    pub fn read<'h>(
        spec: &'h OriginSpec,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) -> Result<Self, MalformedHeaders> {
        let mut pair = Pair::new(&spec.headers);
        let mut others: Vec<_> = spec.other_headers.iter().map(Pair::new).collect();
        for (name, value) in headers {
            pair.offer(name, value);
            for other in &mut others {
                other.offer(name, value);
            }
        }
        let carried = iter::once(&pair)
            .chain(&others)
            .find(|pair| pair.is_there());
        carried.unwrap_or(&pair).envelope()
    }
}

/// The two headers of an envelope, as far as a request carries them.
struct Pair<'h> {
    key_id: Header<'h>,
    signature: Header<'h>,
}

impl<'h> Pair<'h> {
    const fn new(headers: &'h SignatureHeaders) -> Self {
        Self {
            key_id: Header::new(&headers.key_id, LONGEST_KEY_ID),
            signature: Header::new(&headers.signature, LONGEST_SIGNATURE),
        }
    }

    fn offer(&mut self, name: &str, value: &'h [u8]) {
        self.key_id.offer(name, value);
        self.signature.offer(name, value);
    }

    const fn is_there(&self) -> bool {
        self.key_id.value.is_some() || self.signature.value.is_some()
    }

    fn envelope(&self) -> Result<Envelope, MalformedHeaders> {
        let key_id = KeyId::parse(self.key_id.text()?);
        let key_id = key_id.ok_or_else(|| MalformedHeaders::NotAKeyId(self.key_id.name()))?;
        // The engine wants padding, and zero bits where bits are left over: one text per signature.
        let signature = STANDARD
            .decode(self.signature.text()?)
            .ok()
            .filter(|bytes| !bytes.is_empty())
            .ok_or_else(|| MalformedHeaders::NotBase64(self.signature.name()))?;
        Ok(Envelope { key_id, signature })
    }
}

/// One header that must be there exactly once.
struct Header<'h> {
    name: &'h HeaderName,
    limit: usize,
    value: Option<&'h [u8]>,
    duplicated: bool,
}

impl<'h> Header<'h> {
    const fn new(name: &'h HeaderName, limit: usize) -> Self {
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
        let Some(value) = self.value else {
            return Err(MalformedHeaders::Missing(self.name()));
        };
        if self.duplicated {
            return Err(MalformedHeaders::Duplicated(self.name()));
        }
        if value.len() > self.limit {
            return Err(MalformedHeaders::TooLong {
                name: self.name(),
                limit: self.limit,
            });
        }
        match str::from_utf8(value) {
            Ok(text) if text.is_ascii() => Ok(text),
            _ => Err(MalformedHeaders::NotAscii(self.name())),
        }
    }

    fn name(&self) -> HeaderName {
        self.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::origins::{DEPSDEV, GITHUB};

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
            Err(MalformedHeaders::Missing(ID.into()))
        );
        assert_eq!(
            read(&[(ID, b"a")]),
            Err(MalformedHeaders::Missing(SIGNATURE.into()))
        );
        for times in 2..5 {
            let mut headers: Vec<(&str, &[u8])> = vec![(ID, b"a"); times];
            headers.push((SIGNATURE, b"AAEC"));
            assert_eq!(
                read(&headers),
                Err(MalformedHeaders::Duplicated(ID.into())),
                "{times}"
            );
        }
        assert_eq!(
            read(&[
                (ID, b"a"),
                (SIGNATURE, b"AAEC"),
                ("GITHUB-PUBLIC-KEY-SIGNATURE", b"AAEC")
            ]),
            Err(MalformedHeaders::Duplicated(SIGNATURE.into()))
        );
    }

    #[rstest]
    #[case(b"", MalformedHeaders::NotAKeyId(ID.into()))]
    #[case(b"two words", MalformedHeaders::NotAKeyId(ID.into()))]
    #[case(b"a,b", MalformedHeaders::NotAKeyId(ID.into()))]
    #[case(b"a\"b", MalformedHeaders::NotAKeyId(ID.into()))]
    #[case(b"a\0", MalformedHeaders::NotAKeyId(ID.into()))]
    #[case("\u{e9}".as_bytes(), MalformedHeaders::NotAscii(ID.into()))]
    #[case(b"\xff", MalformedHeaders::NotAscii(ID.into()))]
    #[case(&[b'a'; 129], MalformedHeaders::TooLong { name: ID.into(), limit: 128 })]
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
            Err(MalformedHeaders::NotBase64(SIGNATURE.into()))
        );
    }

    #[test]
    fn an_over_long_signature_is_not_decoded() {
        let error = MalformedHeaders::TooLong {
            name: SIGNATURE.into(),
            limit: 256,
        };
        assert_eq!(
            read(&[(ID, b"a"), (SIGNATURE, &[b'A'; 257])]),
            Err(error.clone())
        );
        assert_eq!(
            error.to_string(),
            "the header Github-Public-Key-Signature is longer than 256 bytes"
        );
    }

    #[test]
    fn of_two_pairs_the_one_that_a_request_carries_counts() {
        let gosst = [
            ("Gosst-Public-Key-Identifier", &b"g"[..]),
            ("GOSST-PUBLIC-KEY-SIGNATURE", b"AAEC"),
        ];
        let own = [
            ("depsdev-public-key-identifier", &b"d"[..]),
            ("DepsDev-Public-Key-Signature", b"AwQF"),
        ];
        let read = |headers: &[(&'static str, &'static [u8])]| {
            Envelope::read(&DEPSDEV, headers.iter().copied())
        };
        assert_eq!(read(&gosst).unwrap().key_id.as_str(), "g");
        assert_eq!(read(&own).unwrap().key_id.as_str(), "d");
        // Both: the halves of one are never mixed with those of the other.
        let both = [gosst, own].concat();
        assert_eq!(read(&both).unwrap().signature, [3, 4, 5]);
        assert_eq!(
            read(&[own[0], gosst[1]]).unwrap_err().to_string(),
            "the header DepsDev-Public-Key-Signature is missing"
        );
        assert_eq!(
            read(&[]).unwrap_err().to_string(),
            "the header DepsDev-Public-Key-Identifier is missing"
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

        #[test]
        fn halves_of_two_pairs_are_never_mixed(
            headers in prop::collection::vec((0..4_usize, "[a-z]{1,4}"), 0..6),
        ) {
            let names = [
                "DepsDev-Public-Key-Identifier",
                "DepsDev-Public-Key-Signature",
                "GOSST-PUBLIC-KEY-IDENTIFIER",
                "GOSST-PUBLIC-KEY-SIGNATURE",
            ];
            let read = |pairs: &[usize]| {
                let given = headers.iter().filter(|(name, _)| pairs.contains(name));
                let given = given.map(|(name, value)| (names[*name], value.as_bytes()));
                Envelope::read(&DEPSDEV, given)
            };
            let own = headers.iter().any(|(name, _)| *name < 2);
            let counts = if own { [0, 1] } else { [2, 3] };
            prop_assert_eq!(read(&[0, 1, 2, 3]), read(&counts));
        }
    }
}
