//! The origin's side, for our own tools and tests: a key, its list, signed deliveries.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use serde_json::json;
use zeroize::Zeroizing;

use super::public_keys::{KeyId, fingerprint};
use super::spec::OriginSpec;
use crate::model::random;

const PKCS8: &str = "-----BEGIN PRIVATE KEY-----";
const SEC1: &str = "-----BEGIN EC PRIVATE KEY-----";

/// Signs as an origin does.
#[derive(Clone)]
pub struct OriginSigner {
    key: SigningKey,
    public_pem: String,
    key_id: KeyId,
}

impl fmt::Debug for OriginSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginSigner")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// The text is not a private key that can sign.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a P-256 private key in PEM (PKCS#8 or SEC1, without a passphrase)")]
pub struct InvalidSigningKey;

impl OriginSigner {
    /// A fresh key.
    #[must_use]
    pub fn generate() -> Self {
        loop {
            // One draw in 2^32 is not below the curve's order; then another is taken.
            let secret = Zeroizing::new(random::bytes::<32>());
            if let Ok(key) = SigningKey::from_slice(secret.as_slice())
                && let Ok(signer) = Self::new(key)
            {
                return signer;
            }
        }
    }

    /// Reads a private key as `openssl` writes it. Other blocks before it, such as `EC
    /// PARAMETERS`, are passed over.
    ///
    /// # Errors
    /// When there is no unencrypted P-256 key in it.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidSigningKey> {
        let from = |label: &str| pem.find(label).and_then(|start| pem.get(start..));
        let secret = match (from(PKCS8), from(SEC1)) {
            (Some(pem), _) => SecretKey::from_pkcs8_pem(pem).ok(),
            (None, Some(pem)) => SecretKey::from_sec1_pem(pem).ok(),
            (None, None) => None,
        };
        Self::new(SigningKey::from(secret.ok_or(InvalidSigningKey)?))
    }

    fn new(key: SigningKey) -> Result<Self, InvalidSigningKey> {
        let public_pem = key
            .verifying_key()
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| InvalidSigningKey)?;
        let key_id = KeyId::parse(&fingerprint(&public_pem)).ok_or(InvalidSigningKey)?;
        Ok(Self {
            key,
            public_pem,
            key_id,
        })
    }

    /// The private key in PKCS#8, for a file that nobody else may read.
    ///
    /// # Errors
    /// Never for a key that could be read or generated.
    pub fn private_pem(&self) -> Result<Zeroizing<String>, InvalidSigningKey> {
        self.key
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|_| InvalidSigningKey)
    }

    /// The public key as GitHub writes it: SPKI, 64 columns, a final newline.
    #[must_use]
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// The key's name: SHA-256 of [`Self::public_pem`] in hexadecimal.
    #[must_use]
    pub const fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        self.key.verifying_key()
    }

    /// The signature of `body`: DER in base64.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> String {
        let signature: DerSignature = self.key.sign(body);
        STANDARD.encode(signature.as_bytes())
    }

    /// The two headers that go with `body`.
    #[must_use]
    pub fn headers<'s>(&self, spec: &'s OriginSpec, body: &[u8]) -> [(&'s str, String); 2] {
        let headers = &spec.headers;
        [
            (&headers.key_id, self.key_id.to_string()),
            (&headers.signature, self.sign(body)),
        ]
    }
}

/// The list that an origin with these keys publishes; the flag says which are current.
#[must_use]
pub fn key_list<'s>(signers: impl IntoIterator<Item = (&'s OriginSigner, bool)>) -> String {
    let keys: Vec<_> = signers
        .into_iter()
        .map(|(signer, is_current)| {
            json!({
                "key_identifier": signer.key_id().as_str(),
                "key": signer.public_pem(),
                "is_current": is_current,
            })
        })
        .collect();
    json!({ "public_keys": keys }).to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::origins::{GITHUB, KeyList, KeySet, OriginKey, verify};

    const SEC1_PEM: &str = include_str!("../../tests/data/openssl/sec1.pem");
    const PKCS8_PEM: &str = include_str!("../../tests/data/openssl/pkcs8.pem");
    const PUBLIC_PEM: &str = include_str!("../../tests/data/openssl/public.pem");

    #[rstest]
    #[case::sec1_with_parameters(SEC1_PEM)]
    #[case::pkcs8(PKCS8_PEM)]
    fn a_key_that_openssl_wrote_signs(#[case] pem: &str) {
        let signer = OriginSigner::from_pem(pem).unwrap();
        assert_eq!(signer.public_pem(), PUBLIC_PEM);
        let key = OriginKey::parse(signer.key_id().as_str(), PUBLIC_PEM.to_owned(), true).unwrap();
        let signature = STANDARD.decode(signer.sign(b"body")).unwrap();
        assert_eq!(verify(key.verifying_key(), &signature, b"body"), Ok(()));
    }

    #[test]
    fn the_key_id_is_what_sha256sum_says_of_the_public_key() {
        assert_eq!(
            OriginSigner::from_pem(PKCS8_PEM).unwrap().key_id().as_str(),
            "23b616621ac4701b544fc9192095e7fa341afb6008eef342f8495df895b8d84c"
        );
    }

    #[rstest]
    #[case::nothing("")]
    #[case::public(PUBLIC_PEM)]
    #[case::other_curve(include_str!("../../tests/data/openssl/p384.pem"))]
    #[case::no_content(SEC1)]
    fn what_cannot_sign_is_refused(#[case] pem: &str) {
        assert_eq!(OriginSigner::from_pem(pem).unwrap_err(), InvalidSigningKey);
    }

    #[test]
    fn a_generated_key_survives_its_file() {
        let signer = OriginSigner::generate();
        let again = OriginSigner::from_pem(&signer.private_pem().unwrap()).unwrap();
        assert_eq!(again.key_id(), signer.key_id());
        assert_ne!(OriginSigner::generate().key_id(), signer.key_id());
    }

    #[test]
    fn the_headers_are_those_of_the_origin() {
        let signer = OriginSigner::generate();
        let [(id_name, id), (signature_name, _)] = signer.headers(&GITHUB, b"[]");
        assert_eq!(id_name, "Github-Public-Key-Identifier");
        assert_eq!(id, signer.key_id().as_str());
        assert_eq!(signature_name, "Github-Public-Key-Signature");
    }

    #[test]
    fn a_key_list_is_one_that_we_read() {
        let (current, former) = (OriginSigner::generate(), OriginSigner::generate());
        let json = key_list([(&current, true), (&former, false)]);
        let list = KeyList::parse(json.as_bytes(), &KeySet::default()).unwrap();
        assert_eq!(list.skipped, 0);
        assert!(list.keys.find(current.key_id()).unwrap().is_current);
        assert!(!list.keys.find(former.key_id()).unwrap().is_current);
    }

    #[test]
    fn a_signer_does_not_print_its_key() {
        let printed = format!("{:?}", OriginSigner::from_pem(PKCS8_PEM).unwrap());
        assert!(
            printed.starts_with("OriginSigner { key_id: KeyId(23b6"),
            "{printed}"
        );
        assert!(printed.ends_with(", .. }"), "{printed}");
    }
}
