//! A letter as an Internet message (RFC 5322): one addressee, text and HTML, nothing attached.
//!
//! The same letter always becomes the same bytes, so that a letter sent again after a lost answer
//! is recognised as the one already delivered.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};
use url::Host;

use super::dkim::Dkim;
use super::words::Words;
use crate::model::{Email, Timestamp};

/// Who a message is from and to, and when it was written.
pub(super) struct Envelope<'a> {
    pub(super) from: &'a Mailbox,
    pub(super) to: &'a Address,
    pub(super) message_id: &'a str,
    pub(super) written_at: Timestamp,
}

/// Why there is no message. Only a defect, or a row of the outbox that was tampered with, leads
/// here.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Unsendable {
    #[error("the addressee is not an address that mail can go to")]
    Addressee,
    #[error("the message id is not <local@domain>")]
    MessageId,
    #[error("the letter cannot be put into words")]
    Words,
    #[error("the message cannot be put together")]
    Message,
    #[error("the message cannot be signed")]
    Signature,
}

/// The address as SMTP carries it: an international domain in its ASCII form (RFC 5890 2.3.2.1),
/// so that only a local part beyond ASCII needs a server that speaks SMTPUTF8.
pub(super) fn address(local: &str, domain: &str) -> Option<Address> {
    match Host::parse(domain) {
        Ok(Host::Domain(domain)) => Address::new(local, domain).ok(),
        _ => None,
    }
}

/// Where a letter to `email` goes.
pub(super) fn addressee(email: &Email) -> Result<Address, Unsendable> {
    let parts = email.as_str().rsplit_once('@');
    parts
        .and_then(|(local, domain)| address(local, domain))
        .ok_or(Unsendable::Addressee)
}

/// Puts the message together, signed if there is a key.
pub(super) fn build(
    envelope: &Envelope<'_>,
    words: Words,
    dkim: Option<&Dkim>,
) -> Result<Vec<u8>, Unsendable> {
    if !is_message_id(envelope.message_id) {
        return Err(Unsendable::MessageId);
    }
    let millis = u64::try_from(envelope.written_at.as_millis()).unwrap_or(0);
    let boundary = boundary(envelope.message_id, &words);
    let message = Message::builder()
        .from(envelope.from.clone())
        .to(Mailbox::new(None, envelope.to.clone()))
        .subject(words.subject)
        .date(UNIX_EPOCH + Duration::from_millis(millis))
        .message_id(Some(envelope.message_id.to_owned()))
        // RFC 3834 5: programs shall not answer this.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(
            MultiPart::alternative()
                .boundary(boundary)
                .singlepart(SinglePart::plain(words.text))
                .singlepart(SinglePart::html(words.html)),
        )
        .map_err(|_| Unsendable::Message)?
        .formatted();
    match dkim {
        None => Ok(message),
        Some(dkim) => {
            let mut signed = dkim
                .sign(&message, envelope.written_at)
                .map_err(|_| Unsendable::Signature)?
                .into_bytes();
            signed.extend(message);
            Ok(signed)
        }
    }
}

/// Our ids are `<uuid@domain>`; anything else could break out of its header.
fn is_message_id(text: &str) -> bool {
    let inner = text
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'));
    let parts = inner.and_then(|inner| inner.split_once('@'));
    parts.is_some_and(|(local, domain)| {
        let fits = |part: &str| {
            !part.is_empty()
                && part.len() <= 255
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        fits(local) && fits(domain)
    })
}

/// Where the parts meet. It depends on both texts, so no text can hold its own boundary.
fn boundary(message_id: &str, words: &Words) -> String {
    let mut digest = Sha256::new();
    for part in [message_id, &words.subject, &words.text, &words.html] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    let digest = hex::encode(digest.finalize());
    format!("part-{}", digest.get(..40).unwrap_or(&digest))
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
