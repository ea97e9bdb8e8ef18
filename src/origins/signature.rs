//! The proof that a body is the origin's: ECDSA P-256 over SHA-256 of the bytes as received.

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};

/// The signature is not one of this body under this key.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the signature does not belong to this body and key")]
pub struct Forged;

/// Proves that `body` was signed by the owner of `key`.
///
/// The signature is `ECDSA-Sig-Value` (RFC 5912 6) in strict DER: minimal lengths, minimal
/// non-negative integers, nothing behind. Halves shorter than 32 bytes and a high `s` are valid;
/// GitHub sends both.
///
/// # Errors
/// When the signature is anything else. Why is not told: whoever forges learns nothing.
pub fn verify(key: &VerifyingKey, signature_der: &[u8], body: &[u8]) -> Result<(), Forged> {
    let signature = Signature::from_der(signature_der).map_err(|_| Forged)?;
    key.verify(body, &signature).map_err(|_| Forged)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::origins::OriginKey;
    use crate::origins::signing::OriginSigner;

    /// What a second implementation, from another family, says.
    fn second_opinion(key: &VerifyingKey, signature: &[u8], body: &[u8]) -> Result<(), Forged> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.to_sec1_bytes())
            .verify(body, signature)
            .map_err(|_| Forged)
    }

    struct Vector {
        name: String,
        key: OriginKey,
        signature: Vec<u8>,
        body: Vec<u8>,
        verifies: bool,
    }

    /// Sample deliveries that GitHub published, with the keys that it signed them with.
    fn vectors() -> Vec<Vector> {
        let file: Value =
            serde_json::from_str(include_str!("../../tests/data/github_vectors.json")).unwrap();
        let vectors = file["vectors"].as_array().unwrap().iter().map(|vector| {
            let text = |field: &str| vector[field].as_str().unwrap();
            let pem = text("public_key_pem").to_owned();
            Vector {
                name: text("name").to_owned(),
                key: OriginKey::parse(text("key_identifier"), pem, true).unwrap(),
                signature: STANDARD.decode(text("signature")).unwrap(),
                body: text("payload").as_bytes().to_vec(),
                verifies: vector["verifies"].as_bool().unwrap(),
            }
        });
        vectors.collect()
    }

    fn half(signature: &[u8], second: bool) -> Vec<u8> {
        let first = usize::from(signature[3]);
        let integer = if second {
            &signature[4 + first..]
        } else {
            &signature[2..]
        };
        integer[2..2 + usize::from(integer[1])].to_vec()
    }

    fn cat(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    fn integer(value: &[u8]) -> Vec<u8> {
        cat(&[&[0x02, u8::try_from(value.len()).unwrap()], value])
    }

    fn sequence(content: &[u8]) -> Vec<u8> {
        cat(&[&[0x30, u8::try_from(content.len()).unwrap()], content])
    }

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        sequence(&cat(&[&integer(r), &integer(s)]))
    }

    #[test]
    fn what_github_published_verifies_and_what_it_did_not_is_refused() {
        let vectors = vectors();
        assert_eq!(vectors.iter().filter(|vector| vector.verifies).count(), 3);
        for vector in &vectors {
            let key = vector.key.verifying_key();
            let proven = verify(key, &vector.signature, &vector.body);
            assert_eq!(proven.is_ok(), vector.verifies, "{}", vector.name);
            assert_eq!(proven, second_opinion(key, &vector.signature, &vector.body));
        }
    }

    #[test]
    fn a_newline_more_or_another_key_is_a_forgery() {
        let vectors = vectors();
        for vector in &vectors {
            let longer = [vector.body.as_slice(), b"\n"].concat();
            let key = vector.key.verifying_key();
            assert_eq!(verify(key, &vector.signature, &longer), Err(Forged));
            for other in vectors.iter().filter(|other| other.key.id != vector.key.id) {
                let key = other.key.verifying_key();
                assert_eq!(verify(key, &vector.signature, &vector.body), Err(Forged));
            }
        }
    }

    #[test]
    fn a_short_half_and_a_high_one_are_among_what_github_sends() {
        let vectors = vectors();
        assert_eq!(half(&vectors[0].signature, true).len(), 31);
        // A high s needs a zero in front, so that it is not negative.
        assert_eq!(half(&vectors[1].signature, true)[..2], [0x00, 0x84]);
    }

    /// Spellings of a right signature that DER does not allow, and numbers that are no signature.
    fn wrong_spellings(r: &[u8], s: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let right = der(r, s);
        let content = &right[2..];
        let r_length = u8::try_from(r.len()).unwrap();
        let s_integer = integer(s);
        vec![
            ("trailing byte", cat(&[&right, &[0]])),
            (
                "trailing null inside",
                sequence(&cat(&[content, &[0x05, 0]])),
            ),
            ("a third integer", sequence(&cat(&[content, &s_integer]))),
            ("zero before r", der(&cat(&[&[0], r]), s)),
            ("zero before s", der(r, &cat(&[&[0], s]))),
            ("r is zero", der(&[0], s)),
            ("s is zero", der(r, &[0])),
            ("r is empty", der(&[], s)),
            ("s is negative", der(r, &cat(&[&[0xff], s]))),
            ("r has another byte in front", der(&cat(&[&[1], r]), s)),
            (
                "long form of the length",
                cat(&[&[0x30, 0x81, right[1]], content]),
            ),
            (
                "long form of an inner length",
                sequence(&cat(&[&[0x02, 0x81, r_length], r, &s_integer])),
            ),
            ("indefinite length", cat(&[&[0x30, 0x80], content, &[0, 0]])),
            ("a set", cat(&[&[0x31], &right[1..]])),
            ("cut", right[..60].to_vec()),
            ("fixed width", cat(&[r, s])),
            ("halves swapped", der(s, r)),
            ("nothing", Vec::new()),
        ]
    }

    #[test]
    fn only_strict_der_counts() {
        for vector in vectors().iter().filter(|vector| vector.verifies) {
            let key = vector.key.verifying_key();
            let (r, s) = (
                half(&vector.signature, false),
                half(&vector.signature, true),
            );
            assert_eq!(der(&r, &s), vector.signature);
            for (what, signature) in wrong_spellings(&r, &s) {
                assert_eq!(verify(key, &signature, &vector.body), Err(Forged), "{what}");
                assert_eq!(
                    second_opinion(key, &signature, &vector.body),
                    Err(Forged),
                    "{what}"
                );
            }
        }
    }

    #[test]
    fn the_negation_of_s_is_as_good_as_s() {
        let signer = OriginSigner::generate();
        let signature = STANDARD.decode(signer.sign(b"body")).unwrap();
        let (r, s) = Signature::from_der(&signature).unwrap().split_scalars();
        let other = Signature::from_scalars(r, -s).unwrap().to_der();
        assert_eq!(
            verify(signer.verifying_key(), other.as_bytes(), b"body"),
            Ok(())
        );
        assert_eq!(
            second_opinion(signer.verifying_key(), other.as_bytes(), b"body"),
            Ok(())
        );
    }

    #[derive(Clone, Debug)]
    enum Mutation {
        Nothing,
        Flip(prop::sample::Index, u8),
        Insert(prop::sample::Index, u8),
        Remove(prop::sample::Index),
        Cut(prop::sample::Index),
        Replace(Vec<u8>),
    }

    impl Mutation {
        fn apply(&self, mut signature: Vec<u8>) -> Vec<u8> {
            match self {
                Self::Nothing => {}
                Self::Flip(at, bits) => {
                    let at = at.index(signature.len());
                    signature[at] ^= bits;
                }
                Self::Insert(at, byte) => signature.insert(at.index(signature.len() + 1), *byte),
                Self::Remove(at) => {
                    signature.remove(at.index(signature.len()));
                }
                Self::Cut(at) => signature.truncate(at.index(signature.len())),
                Self::Replace(bytes) => signature.clone_from(bytes),
            }
            signature
        }
    }

    fn mutation() -> impl Strategy<Value = Mutation> {
        prop_oneof![
            Just(Mutation::Nothing),
            any::<(prop::sample::Index, u8)>().prop_map(|(at, bits)| Mutation::Flip(at, bits)),
            any::<(prop::sample::Index, u8)>().prop_map(|(at, byte)| Mutation::Insert(at, byte)),
            any::<prop::sample::Index>().prop_map(Mutation::Remove),
            any::<prop::sample::Index>().prop_map(Mutation::Cut),
            prop::collection::vec(any::<u8>(), 0..80).prop_map(Mutation::Replace),
        ]
    }

    proptest! {
        /// The two have no lawful difference: both are strict about DER and lenient about high s.
        #[test]
        fn two_implementations_agree(
            body: Vec<u8>,
            heard in prop::option::of(any::<Vec<u8>>()),
            mutation in mutation(),
        ) {
            let signer = OriginSigner::generate();
            let signature = mutation.apply(STANDARD.decode(signer.sign(&body)).unwrap());
            let heard = heard.unwrap_or_else(|| body.clone());
            let proven = verify(signer.verifying_key(), &signature, &heard);
            prop_assert_eq!(proven, second_opinion(signer.verifying_key(), &signature, &heard));
            if matches!(mutation, Mutation::Nothing) {
                prop_assert_eq!(proven.is_ok(), heard == body);
            }
        }
    }
}
