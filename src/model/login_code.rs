//! Codes that are mailed to people who want to sign in.

use std::fmt;

use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::secret::HashKey;

/// Letters and digits that nobody takes for another: no I, O, 0 or 1.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// How many characters a code has.
pub const LOGIN_CODE_LENGTH: usize = 6;

/// Six characters. Prints nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginCodeText(Zeroizing<String>);

impl LoginCodeText {
    /// The code of a request to sign in. Nobody without the hash key can know it, and nobody has to
    /// write it down.
    #[must_use]
    pub fn made_from(ticket: Uuid, hash_key: &HashKey) -> Self {
        let bytes = hash_key.derive(&format!("tokenward login code {ticket}"));
        // 32 characters: the lowest five bits of a byte choose one evenly.
        let characters = bytes.iter().take(LOGIN_CODE_LENGTH).filter_map(|byte| {
            let character = ALPHABET.get(usize::from(byte % 32));
            character.map(|character| char::from(*character))
        });
        Self(Zeroizing::new(characters.collect()))
    }

    /// A code as somebody typed it: in any case, with blanks or dashes in between. Letters that no code
    /// has stay as they are; in capitals some of them are two that codes do have.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let kept = kept.take(32).map(|c| c.to_ascii_uppercase());
        Self(Zeroizing::new(kept.collect()))
    }

    /// Whether both are the same; takes the same time wherever they differ.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// The code, for the letter that brings it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LoginCodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginCodeText([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn key() -> HashKey {
        HashKey::parse("super secret jwt secret").unwrap()
    }

    #[test]
    fn codes_have_six_clear_characters_and_use_all_of_them() {
        let mut seen = BTreeSet::new();
        for number in 0..2_000 {
            let code = LoginCodeText::made_from(Uuid::from_u128(number), &key());
            assert_eq!(code.reveal().len(), 6);
            seen.extend(code.reveal().bytes());
        }
        assert_eq!(seen, ALPHABET.iter().copied().collect());
    }

    #[test]
    fn a_code_depends_on_its_ticket_and_on_the_key() {
        let ticket = Uuid::from_u128(1);
        let code = LoginCodeText::made_from(ticket, &key());
        assert!(code.fits(&LoginCodeText::made_from(ticket, &key())));
        let other = HashKey::parse("another secret altogether").unwrap();
        assert!(!code.fits(&LoginCodeText::made_from(ticket, &other)));
        assert!(!code.fits(&LoginCodeText::made_from(Uuid::from_u128(2), &key())));
        assert!(!format!("{code:?}").contains(code.reveal()));
    }

    #[test]
    fn a_code_is_typed_in_any_case_and_with_gaps() {
        let typed = LoginCodeText::typed(" abc-d 2f ");
        assert_eq!(typed.reveal(), "ABCD2F");
    }

    #[test]
    fn a_letter_of_no_code_stands_for_none_of_a_code() {
        let code = LoginCodeText::typed("ASSFFL");
        assert!(!code.fits(&LoginCodeText::typed("a\u{df}\u{fb04}")));
    }

    proptest! {
        #[test]
        fn anything_may_be_typed_and_reads_as_itself_again(text in "[\\PC\u{df}\u{149}]{0,64}") {
            let typed = LoginCodeText::typed(&text);
            prop_assert!(LoginCodeText::typed(typed.reveal()).fits(&typed));
        }
    }
}
