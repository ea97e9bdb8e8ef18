//! Proof Key for Code Exchange (RFC 7636), S256 only: `plain` proves nothing to whoever sees the
//! authorization request (RFC 9700 2.1.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Whether `text` is written as verifiers and challenges are (RFC 7636 4.1, 4.2): 43 to 128
/// unreserved characters.
#[must_use]
pub fn is_well_formed(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

/// Whether `verifier` is what `challenge` was made from (RFC 7636 4.6).
#[must_use]
pub fn fits(verifier: &str, challenge: &str) -> bool {
    let made = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    made.as_bytes().ct_eq(challenge.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_vector_fits() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(fits(verifier, challenge));
        assert!(!fits(verifier, verifier));
        assert!(!fits(&verifier.to_lowercase(), challenge));
        assert!(!fits(verifier, ""));
    }

    #[test]
    fn verifiers_have_43_to_128_unreserved_characters() {
        for (text, well_formed) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("~._-".repeat(32), true),
            ("a".repeat(129), false),
            (format!("{}+", "a".repeat(43)), false),
            ("é".repeat(43), false),
        ] {
            assert_eq!(is_well_formed(&text), well_formed, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_other_verifier_fits(one in "[a-z0-9]{43}", other in "[a-z0-9]{43}") {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(one.as_bytes()));
            prop_assert!(fits(&one, &challenge));
            prop_assert_eq!(fits(&other, &challenge), one == other);
        }
    }
}
