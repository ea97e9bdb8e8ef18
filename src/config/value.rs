//! Values that only configuration has.

use std::str::FromStr;

use crate::model::Email;

/// A name and an address, as letters say whom they are from (RFC 5322 3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The name shown, without quotes; may be absent.
    pub name: Option<String>,
    /// The address.
    pub address: Email,
}

/// The text is not a mailbox.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a mailbox is written `Name <address@example.com>` or `address@example.com`, on one line")]
pub struct InvalidMailbox;

impl FromStr for Mailbox {
    type Err = InvalidMailbox;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // A line break would start a header of its own.
        if text.chars().any(char::is_control) {
            return Err(InvalidMailbox);
        }
        let (name, address) = match text.strip_suffix('>').map(|text| text.rsplit_once('<')) {
            Some(Some((name, address))) => (name.trim(), address),
            Some(None) => return Err(InvalidMailbox),
            None => ("", text),
        };
        let name = match name.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').ok_or(InvalidMailbox)?,
            None => name,
        };
        if name.contains(['"', '<', '>', '\\']) || name.chars().count() > 100 {
            return Err(InvalidMailbox);
        }
        Ok(Self {
            name: Some(name.trim().to_owned()).filter(|name| !name.is_empty()),
            address: address.parse().map_err(|_| InvalidMailbox)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mailbox_is_an_address_with_or_without_a_name() {
        for (text, name) in [
            ("Tokenward <a@b.example>", Some("Tokenward")),
            ("\"Acme, Inc.\" <a@b.example>", Some("Acme, Inc.")),
            (" a@b.example ", None),
            ("<a@b.example>", None),
        ] {
            let mailbox: Mailbox = text.parse().unwrap();
            assert_eq!(mailbox.name.as_deref(), name, "{text}");
            assert_eq!(mailbox.address.as_str(), "a@b.example");
        }
    }

    #[test]
    fn a_mailbox_cannot_carry_a_header_or_a_second_address() {
        for wrong in [
            "",
            "Tokenward",
            "Tokenward <>",
            "a@b.example>",
            "A\r\nBcc: x@y.example <a@b.example>",
            "A <x@y.example> <a@b.example>",
            "\"A <a@b.example>",
            "A\" <a@b.example>",
        ] {
            assert_eq!(wrong.parse::<Mailbox>(), Err(InvalidMailbox), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_mailbox_has_a_line_break_or_a_bracket(text in "(?s)[a-c<>\"@. \r\n\\\\]{0,24}") {
            if let Ok(mailbox) = text.parse::<Mailbox>() {
                let name = mailbox.name.unwrap_or_default();
                prop_assert!(!name.contains(['\r', '\n', '<', '>', '"', '\\']));
            }
        }
    }
}
