//! Public keys that were handed over, for origins that publish none.

use std::sync::Arc;

use p256::ecdsa::VerifyingKey;
use p256::pkcs8::{DecodePublicKey, EncodePublicKey, LineEnding};

use super::public_keys::{OriginKey, UnusableKey, fingerprint};

const BEGIN: &str = "-----BEGIN ";

/// Reads a public key in PEM, with the name that the origin gives it in front or, without one, by
/// the name that GitHub would give it: the SHA-256 of the PEM as GitHub writes it. So it does not
/// matter how the PEM was indented or whether its last line ends.
///
/// # Errors
/// When it is no P-256 public key, or the name is none that a header could carry.
pub fn inline_key(text: &str) -> Result<Arc<OriginKey>, UnusableKey> {
    let start = text.find(BEGIN).ok_or(UnusableKey::Pem)?;
    let (name, pem) = text.split_at_checked(start).ok_or(UnusableKey::Pem)?;
    let lines: Vec<&str> = pem.lines().map(str::trim).collect();
    let key = VerifyingKey::from_public_key_pem(lines.join("\n").trim_end());
    let pem = key
        .ok()
        .and_then(|key| key.to_public_key_pem(LineEnding::LF).ok())
        .ok_or(UnusableKey::Pem)?;
    let id = match name.trim() {
        "" => fingerprint(&pem),
        name => name.to_owned(),
    };
    OriginKey::parse(&id, pem, true).map(Arc::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::origins::signing::OriginSigner;

    #[rstest]
    #[case::as_it_is("", "\n", "")]
    #[case::without_its_last_line_end("", "\n", "-")]
    #[case::indented("", "\n    ", "")]
    #[case::named("scanner-2026 ", "\n", "")]
    #[case::named_above("\nscanner-2026\n", "\r\n", "")]
    fn a_key_is_read_however_it_was_written(
        #[case] before: &str,
        #[case] line_end: &str,
        #[case] cut: &str,
    ) {
        let signer = OriginSigner::generate();
        let mut pem = signer.public_pem().replace('\n', line_end);
        if !cut.is_empty() {
            pem.truncate(pem.trim_end().len());
        }
        let key = inline_key(&format!("{before}{pem}")).unwrap();
        let name = match before.trim() {
            "" => signer.key_id().as_str(),
            name => name,
        };
        assert_eq!(key.id.as_str(), name);
        assert_eq!(key.verifying_key(), signer.verifying_key());
    }

    #[rstest]
    #[case("", UnusableKey::Pem)]
    #[case(
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        UnusableKey::Pem
    )]
    #[case(include_str!("../../tests/data/openssl/pkcs8.pem"), UnusableKey::Pem)]
    fn what_is_no_public_key_is_refused(#[case] text: &str, #[case] why: UnusableKey) {
        assert_eq!(inline_key(text), Err(why));
    }

    #[test]
    fn a_name_is_one_that_a_header_can_carry() {
        let pem = include_str!("../../tests/data/openssl/public.pem");
        assert_eq!(
            inline_key(&format!("two words {pem}")),
            Err(UnusableKey::Id)
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "(-----BEGIN |PUBLIC KEY-----|[A-Za-z0-9+/=\n -]){0,60}") {
            let _ = inline_key(&text);
        }
    }
}
