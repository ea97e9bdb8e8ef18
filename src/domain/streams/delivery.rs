//! Pushing tokens (RFC 8935), and settling what became of each.

use uuid::Uuid;
use zeroize::Zeroizing;

use super::{headers, operating};
use crate::domain::Context;
use crate::model::letter::StreamEnd;
use crate::model::{Detector, EventStream, Id, SignalMessage, Timestamp};
use crate::storage::StorageError;
use crate::storage::streams::{self as table, SealedHeader};
pub use crate::storage::streams::{Outcome, WaitingSignal};

/// The header that goes with the tokens of a stream.
#[derive(Debug)]
pub enum Header {
    /// None was given, and none may be sent.
    None,
    /// This one.
    Given(Zeroizing<String>),
    /// It cannot be opened with the hash keys that there are.
    Lost,
}

/// Finds the header that goes with the tokens of a stream which is being pushed. `None` when the claim
/// has ended: the stream was changed, and nothing more may go where it went.
///
/// # Errors
/// When the database fails.
pub async fn header(
    ctx: &Context,
    (stream, claim): (Id<EventStream>, Uuid),
) -> Result<Option<Header>, StorageError> {
    let held = table::find_held(&ctx.db, stream, claim).await?;
    let open = |sealed: SealedHeader| {
        headers::open(ctx, stream, &sealed).map_or(Header::Lost, Header::Given)
    };
    Ok(held.map(|held| held.header.map_or(Header::None, open)))
}

/// How a push went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The receiver has the token (RFC 8935 2.2).
    Taken,
    /// The receiver will never take it, and says why (RFC 8935 2.3).
    Refused(String),
    /// Anything else: it is pushed again. One that tells of a stream's end is not for ever.
    Failed {
        /// What went wrong; holds no address.
        why: String,
        /// Whether nobody tries this token any more.
        give_up: bool,
    },
}

/// Whether whoever pushes goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// With the next token.
    GoOn,
    /// Later: the receiver needs a rest, or the claim has ended.
    Stop,
}

/// Writes down a push, what became of its token and what that means for the stream, as long as the claim
/// holds. One at which
/// everything failed for so long as is configured is disabled, and whoever answers for it is told.
///
/// # Errors
/// When the database fails.
pub async fn settle(
    ctx: &Context,
    (stream, claim): (Id<EventStream>, Uuid),
    message: Id<SignalMessage>,
    pushed: &Pushed,
    pause: impl Fn(i64) -> Timestamp,
) -> Result<Next, StorageError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    // The stream first, always: two who settle tokens of it wait for each other here.
    let mut disabled = false;
    let held = match pushed {
        Pushed::Taken | Pushed::Refused(_) => table::recover(&mut tx, stream, claim).await?,
        Pushed::Failed { .. } => {
            let since = table::pause(&mut tx, stream, claim, now, pause).await?;
            let patience = ctx.policy.shared_signals.disable_after;
            if since.is_some_and(|since| now.since(since) >= patience) {
                disabled =
                    operating::disable(ctx, &mut tx, stream, StreamEnd::Failing, now).await?;
            }
            since.is_some()
        }
    };
    if !held {
        // The stream was changed, or somebody else has it: the token goes where the next ones go.
        return Ok(Next::Stop);
    }
    let next = match pushed {
        Pushed::Taken | Pushed::Refused(_) => Next::GoOn,
        Pushed::Failed { .. } => Next::Stop,
    };
    let (outcome, error) = match pushed {
        Pushed::Taken => (Some(Outcome::Taken), None),
        Pushed::Refused(error) => (Some(Outcome::Refused), Some(error)),
        Pushed::Failed { why, give_up: true } => (Some(Outcome::GivenUp), Some(why)),
        Pushed::Failed { why, .. } => (None, Some(why)),
    };
    table::settle(&mut tx, message, outcome, error.map(String::as_str), now).await?;
    tx.commit().await?;
    if disabled {
        operating::after_disabling(ctx, stream, StreamEnd::Failing).await?;
    }
    Ok(next)
}

/// Longest code that a receiver's refusal is remembered by.
const LONGEST_CODE: usize = 64;

/// Codes of RFC 8935 2.4 that are about who we are, how we sign or how the receiver is set up. That may
/// be over soon, and is no reason to lose a token. Receivers that poll use the same (RFC 8936 2.2).
const PASSING: [&str; 5] = [
    "invalid_key",
    "invalid_issuer",
    "invalid_audience",
    "authentication_failed",
    "access_denied",
];

/// Whether a token may be taken later that was refused with this code.
pub(super) fn is_passing(code: &str) -> bool {
    PASSING.contains(&code)
}

/// What is kept of a refusal in whose code there is nothing to keep.
pub const UNREADABLE: &str = "unreadable";

/// What a receiver says with 400 (RFC 8935 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It will never take the token, for this reason.
    Final(String),
    /// It may take the token later. The reason, as far as there is one.
    Passing(Option<String>),
}

impl Refusal {
    /// Reads the body of an answer. A code in which there is a secret says nothing.
    #[must_use]
    pub fn read(body: &[u8], detector: &Detector) -> Self {
        let said: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let said = said.as_ref().and_then(|said| said.get("err")?.as_str());
        let said = said.filter(|said| !detector.finds_secret(said));
        match said.and_then(code) {
            Some(code) if !is_passing(&code) => Self::Final(code),
            code => Self::Passing(code),
        }
    }
}

/// An error code as it may be kept: a short name. A secret may have the shape of one.
#[must_use]
pub fn code(text: &str) -> Option<String> {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let fits = (1..=LONGEST_CODE).contains(&text.len()) && text.bytes().all(name);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::{ChecksumRules, TokenFormat};

    fn detector() -> Detector {
        let format = TokenFormat::new("polar_").unwrap();
        Detector::new(&format, ChecksumRules::strict()).unwrap()
    }

    #[test]
    fn only_what_is_about_the_token_is_final() {
        let detector = detector();
        let said = |text: &str| Refusal::read(text.as_bytes(), &detector);
        assert_eq!(
            said(r#"{"err":"invalid_request","description":"x"}"#),
            Refusal::Final("invalid_request".to_owned())
        );
        for passing in [
            "invalid_key",
            "invalid_issuer",
            "invalid_audience",
            "authentication_failed",
            "access_denied",
        ] {
            let read = said(&format!(r#"{{"err":"{passing}"}}"#));
            assert_eq!(read, Refusal::Passing(Some(passing.to_owned())));
        }
        let long = format!(r#"{{"err":"{}"}}"#, "a".repeat(65));
        for other in [
            "",
            "[]",
            "{}",
            r#"{"err":1}"#,
            r#"{"err":""}"#,
            r#"{"err":"a b"}"#,
            r#"{"err":"polar_pat_0123456789abcdefghijABCDEFGHIJ0123456789abc"}"#,
            &long,
        ] {
            assert_eq!(said(other), Refusal::Passing(None), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_harm(body: Vec<u8>) {
            let _ = Refusal::read(&body, &detector());
        }

        #[test]
        fn what_is_kept_of_a_refusal_is_a_short_name(said in "[a-z_.-]{1,70}|\\PC{0,20}") {
            let detector = detector();
            let body = |text: &str| json!({ "err": text }).to_string();
            let read = |text: &str| Refusal::read(body(text).as_bytes(), &detector);
            let refused = read(&said);
            if let Refusal::Final(kept) | Refusal::Passing(Some(kept)) = &refused {
                prop_assert!(kept.len() <= LONGEST_CODE && kept.is_ascii());
                prop_assert_eq!(&read(kept), &refused);
            }
        }
    }
}
