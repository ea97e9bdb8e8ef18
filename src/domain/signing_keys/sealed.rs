//! Private keys: made, encrypted for the database, and ready to sign.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::domain::vault::Vault;
use crate::model::{HashKey, SigningAlgorithm, random};

/// How private keys are encrypted.
const KEYS: Vault = Vault {
    purpose: "tokenward signing key encryption, version 1",
    table: "signing_keys",
};

/// A private key, ready to sign. Nothing is parsed per signature.
pub(super) enum PrivateKey {
    Rs256(Box<RsaKeyPair>),
    Es256(Box<EcdsaKeyPair>),
}

/// A private key could not be made or used.
#[derive(Debug, thiserror::Error)]
#[error("a cryptographic operation failed")]
pub struct CryptoError;

impl From<Unspecified> for CryptoError {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl From<KeyRejected> for CryptoError {
    fn from(_: KeyRejected) -> Self {
        Self
    }
}

/// A fresh private key as PKCS #8 (RFC 5208). An RSA key takes a tenth of a second or more.
pub(super) fn generate(algorithm: SigningAlgorithm) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let pkcs8 = match algorithm {
        SigningAlgorithm::Rs256 => {
            let key = RsaKeyPair::generate(KeySize::Rsa2048)?;
            AsDer::<Pkcs8V1Der<'_>>::as_der(&key)?.as_ref().to_vec()
        }
        SigningAlgorithm::Es256 => {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
            key.to_pkcs8v1()?.as_ref().to_vec()
        }
    };
    Ok(Zeroizing::new(pkcs8))
}

impl PrivateKey {
    pub(super) fn parse(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, CryptoError> {
        Ok(match algorithm {
            SigningAlgorithm::Rs256 => Self::Rs256(Box::new(RsaKeyPair::from_pkcs8(pkcs8)?)),
            SigningAlgorithm::Es256 => {
                let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
                Self::Es256(Box::new(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8)?))
            }
        })
    }

    /// The signature of `message`, as a JSON Web Signature carries it (RFC 7518 3.3, 3.4).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let randomness = SystemRandom::new();
        match self {
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &randomness, message, &mut signature)?;
                Ok(signature)
            }
            Self::Es256(key) => Ok(key.sign(&randomness, message)?.as_ref().to_vec()),
        }
    }

    /// The public half as a JSON Web Key (RFC 7517, RFC 7518 6).
    pub(super) fn public_jwk(&self, kid: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rs256(key) => {
                let public = key.public_key();
                let modulus = public.modulus().big_endian_without_leading_zero();
                let exponent = public.exponent().big_endian_without_leading_zero();
                json!({
                    "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
                    "n": text(modulus), "e": text(exponent),
                })
            }
            Self::Es256(key) => {
                // An uncompressed point: 4, then the two coordinates (SEC 1, 2.3.3).
                let point = key.public_key().as_ref();
                let (x, y) = point
                    .get(1..)
                    .map(|coordinates| coordinates.split_at(coordinates.len() / 2))
                    .unwrap_or_default();
                json!({
                    "kty": "EC", "use": "sig", "alg": "ES256", "kid": kid,
                    "crv": "P-256", "x": text(x), "y": text(y),
                })
            }
        }
    }
}

/// A fresh name for a key.
pub(super) fn fresh_kid() -> String {
    random::alphanumeric(20)
}

/// Encrypts a private key for the row with this name. In another row it cannot be opened.
pub(super) fn seal(
    hash_key: &HashKey,
    kid: &str,
    algorithm: SigningAlgorithm,
    pkcs8: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    Ok(KEYS.seal(hash_key, format_args!("{algorithm} {kid}"), pkcs8)?)
}

/// Opens what [`seal`] made.
pub(super) fn open(
    hash_key: &HashKey,
    kid: &str,
    algorithm: SigningAlgorithm,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    Ok(KEYS.open(hash_key, format_args!("{algorithm} {kid}"), sealed)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_key_opens_in_its_own_row_under_its_own_hash_key() {
        let ours = HashKey::parse("super secret jwt secret").unwrap();
        let other = HashKey::parse("another secret altogether").unwrap();
        let algorithm = SigningAlgorithm::Es256;
        let pkcs8 = generate(algorithm).unwrap();
        let sealed = seal(&ours, "one", algorithm, &pkcs8).unwrap();
        assert_eq!(open(&ours, "one", algorithm, &sealed).unwrap(), pkcs8);
        assert!(open(&ours, "two", algorithm, &sealed).is_err());
        assert!(open(&ours, "one", SigningAlgorithm::Rs256, &sealed).is_err());
        assert!(open(&other, "one", algorithm, &sealed).is_err());
        assert!(open(&ours, "one", algorithm, &sealed[1..]).is_err());
        assert!(open(&ours, "one", algorithm, &[]).is_err());
        assert_ne!(seal(&ours, "one", algorithm, &pkcs8).unwrap(), sealed);
    }

    #[test]
    fn a_public_key_tells_nothing_private() {
        for algorithm in SigningAlgorithm::ALL {
            let pkcs8 = generate(algorithm).unwrap();
            let key = PrivateKey::parse(algorithm, &pkcs8).unwrap();
            let jwk = key.public_jwk("one");
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(jwk.get(private).is_none(), "{algorithm} {private}");
            }
            assert_eq!(jwk["alg"], algorithm.name());
        }
    }
}
