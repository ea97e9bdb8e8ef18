//! What a transaction did that somebody beside its caller wants to know. The functions that change a
//! token say so themselves, so no use case can forget it, and [`Tx::commit`] hands everything on
//! before it commits: whoever listens hears of what is true, and of nothing else.

use super::backend::Tx;
use super::error::StorageError;
use super::tokens::RevokedToken;
use super::{audience, audit_log, streams, webhooks};
use crate::model::{
    Client, Decision, Deed, Exposure, Id, LeakedUse, Organization, Origin, Timestamp, Token,
    TokenKind, User,
};

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A token was made.
    TokenIssued(IssuedToken),
    /// A token died, for the reason that is said with it.
    TokenRevoked(RevokedToken),
    /// A token is as good as dead until its quarantine ends.
    TokenQuarantined(RevokedToken),
    /// A token came back out of quarantine. Its reason is that of the quarantine.
    TokenReleased(RevokedToken),
    /// It was decided what is done about a token that was seen.
    ReactionDecided {
        /// The token.
        token: Id<Token>,
        /// Who reported it.
        origin: Origin,
        /// What was decided, and by which rule.
        decision: Decision,
    },
    /// An origin had so many tokens revoked that others go into quarantine.
    BreakerOpened {
        /// Which.
        origin: Origin,
    },
    /// An operator trusts an origin again.
    BreakerClosed {
        /// Which.
        origin: Origin,
    },
    /// A token was seen at a place where it was not seen before.
    ExposureCreated {
        /// The record.
        exposure: Id<Exposure>,
        /// The token.
        token: Id<Token>,
        /// What was decided about it, and by which rule.
        decision: Decision,
        /// Whether machines hear of it: of what is only observed, nobody does.
        is_told: bool,
    },
    /// Of a place that was only observed until then, something was decided that everybody hears of.
    ExposureRedecided {
        /// The record.
        exposure: Id<Exposure>,
        /// The token.
        token: Id<Token>,
        /// What was decided, and by which rule.
        decision: Decision,
    },
    /// A token that died because it leaked was presented for the first time since.
    ExposureAttempted(LeakedUse),
    /// Anything else that is worth a row of the audit log.
    Done(Deed),
}

/// A token that was made, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedToken {
    /// Which.
    pub id: Id<Token>,
    /// Of which kind.
    pub kind: TokenKind,
    /// Its user, or who made it for an organization.
    pub user: Option<Id<User>>,
    /// Its organization.
    pub organization: Option<Id<Organization>>,
    /// Its client.
    pub client: Option<Id<Client>>,
}

/// Tells those who listen what the transaction did.
pub(super) async fn keep(tx: &mut Tx, noted: &[Noted]) -> Result<(), StorageError> {
    audit_log::append(tx, noted).await?;
    let heard = audience::of(tx, noted).await?;
    if heard.webhooks {
        webhooks::enqueue(tx, noted).await?;
    }
    if heard.streams {
        streams::enqueue(tx, noted).await?;
    }
    Ok(())
}
