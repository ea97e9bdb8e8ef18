//! What the database holds encrypted: AES-256-GCM (NIST SP 800-38D) under a key that is derived from a
//! hash key, bound to the row that it stands in.

use std::fmt::Display;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use zeroize::Zeroizing;

use crate::model::HashKey;

/// One sort of secret.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vault {
    /// What a hash key is derived to. Another sort of secret is encrypted under another key.
    pub(super) purpose: &'static str,
    /// The table that holds them.
    pub(super) table: &'static str,
}

impl Vault {
    /// Encrypts a secret for a row: the nonce, the ciphertext and the tag. In another row it cannot be
    /// opened.
    pub(super) fn seal(
        self,
        hash_key: &HashKey,
        row: impl Display,
        secret: &[u8],
    ) -> Result<Vec<u8>, Unspecified> {
        let mut text = Zeroizing::new(secret.to_vec());
        let nonce = self
            .key(hash_key)?
            .seal_in_place_append_tag(self.place(row), &mut *text)?;
        Ok([nonce.as_ref(), text.as_slice()].concat())
    }

    /// Opens what [`Vault::seal`] made for the same row under the same hash key.
    pub(super) fn open(
        self,
        hash_key: &HashKey,
        row: impl Display,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unspecified)?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .key(hash_key)?
            .open_in_place(nonce, self.place(row), &mut text)?;
        Ok(Zeroizing::new(opened.to_vec()))
    }

    fn key(self, hash_key: &HashKey) -> Result<RandomizedNonceKey, Unspecified> {
        RandomizedNonceKey::new(&AES_256_GCM, hash_key.derive(self.purpose).as_slice())
    }

    fn place(self, row: impl Display) -> Aad<String> {
        Aad::from(format!("{} {row}", self.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VAULT: Vault = Vault {
        purpose: "tokenward test encryption, version 1",
        table: "secrets",
    };

    #[test]
    fn a_secret_opens_in_its_own_row_under_its_own_hash_key_and_nowhere_else() {
        let ours = HashKey::parse("super secret jwt secret").unwrap();
        let other = HashKey::parse("another secret altogether").unwrap();
        let sealed = VAULT.seal(&ours, "one", b"secret").unwrap();
        assert_eq!(
            VAULT.open(&ours, "one", &sealed).unwrap().as_slice(),
            b"secret"
        );
        assert!(VAULT.open(&ours, "two", &sealed).is_err());
        assert!(VAULT.open(&other, "one", &sealed).is_err());
        for elsewhere in [
            Vault {
                table: "others",
                ..VAULT
            },
            Vault {
                purpose: "tokenward test encryption, version 2",
                ..VAULT
            },
        ] {
            assert!(elsewhere.open(&ours, "one", &sealed).is_err());
        }
        assert!(VAULT.open(&ours, "one", &sealed[1..]).is_err());
        assert!(VAULT.open(&ours, "one", &[]).is_err());
        assert_ne!(VAULT.seal(&ours, "one", b"secret").unwrap(), sealed);
    }

    /// Databases outlive versions: the format is made here by other means.
    #[test]
    fn what_is_stored_stays_readable() {
        let key = HashKey::parse("super secret jwt secret").unwrap();
        let nonce = [7_u8; NONCE_LEN];
        let derived = key.derive(VAULT.purpose);
        let cipher = aws_lc_rs::aead::LessSafeKey::new(
            aws_lc_rs::aead::UnboundKey::new(&AES_256_GCM, derived.as_slice()).unwrap(),
        );
        let mut text = b"secret".to_vec();
        let place = Aad::from("secrets one");
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        cipher
            .seal_in_place_append_tag(nonce_used, place, &mut text)
            .unwrap();
        let sealed = [&nonce[..], &text].concat();
        assert_eq!(
            VAULT.open(&key, "one", &sealed).unwrap().as_slice(),
            b"secret"
        );
    }
}
