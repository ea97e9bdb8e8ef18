//! Forms that only the page they stand on can send: each carries a text that is made from a secret
//! of the browser's cookie, which no other site can read.

use subtle::ConstantTimeEq;

use super::Context;
use crate::model::PlainToken;

/// The text for forms of whoever holds `secret`.
#[must_use]
pub fn token(ctx: &Context, secret: &PlainToken) -> String {
    hex::encode(ctx.hash_keys.current().derive(&label(secret)).as_slice())
}

/// Whether a form carries the text that was made for this secret, under any active hash key.
#[must_use]
pub fn fits(ctx: &Context, secret: &PlainToken, text: &str) -> bool {
    let label = label(secret);
    let mut keys = ctx.hash_keys.iter();
    keys.any(|key| {
        let made = hex::encode(key.derive(&label).as_slice());
        made.as_bytes().ct_eq(text.as_bytes()).into()
    })
}

fn label(secret: &PlainToken) -> String {
    format!("tokenward form {}", secret.reveal())
}
