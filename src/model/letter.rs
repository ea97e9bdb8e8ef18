//! Letters: what an owner is told, as data. `mail` puts them into words.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::login_code::LoginCodeText;
use super::time::Timestamp;

/// What is told. Stored as JSON in the outbox, so fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// A token of yours was seen where it should not be.
    TokenExposed(Box<TokenExposed>),
    /// Tokens of yours that were dead before were seen where they should not be.
    LeakDigest(LeakDigest),
    /// Somebody tried a token of yours that had leaked.
    TokenAttempted(Box<TokenAttempted>),
    /// A token of yours is in quarantine no longer.
    QuarantineEnded(Box<QuarantineEnded>),
    /// Two used the same refresh token of yours.
    TokenReplayed(TokenReplayed),
    /// Somebody reports more than is plausible.
    BreakerOpened(BreakerOpened),
    /// A machine of yours is not told any more.
    WebhookDisabled(WebhookDisabled),
    /// Another machine of yours is not told any more.
    StreamDisabled(StreamDisabled),
    /// The code that lets you sign in.
    LoginCode(LoginCode),
}

/// A machine is not told of leaks and revocations any more, because it cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDisabled {
    /// The id of the endpoint.
    pub endpoint: String,
    /// Its host; the rest of its address may be a secret.
    pub host: String,
    /// Whether it said that it is gone; otherwise it failed at everything.
    pub gone: bool,
    /// Whether the reader runs the service; otherwise they manage the organization.
    pub operator: bool,
    /// Since when it failed.
    pub failing_since: Option<Timestamp>,
    /// When it was disabled.
    pub disabled_at: Timestamp,
}

/// A machine is sent no security events any more: the service disabled its stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamDisabled {
    /// The id of the stream.
    pub stream: String,
    /// What its receiver calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The host that events were pushed to; none when they were fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Why.
    pub why: StreamEnd,
    /// In which relation the reader stands to it.
    pub addressee: Addressee,
    /// When it was disabled.
    pub disabled_at: Timestamp,
}

/// Why the service disables a stream of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamEnd {
    /// Every push failed for too long.
    Failing,
    /// An event waited for too long.
    Overdue,
    /// Too many events waited.
    Crowded,
    /// The credential that it belongs to has ended.
    HolderEnded,
}

impl StreamEnd {
    /// What its receiver is told.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Failing => "every push failed for too long",
            Self::Overdue => "events waited for too long",
            Self::Crowded => "too many events waited",
            Self::HolderEnded => "the credential that the stream belongs to has ended",
        }
    }
}

/// A code for signing in. It is made when the letter is sent, and stands in no database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginCode {
    /// What it is made from: the id of the request to sign in,
    pub ticket: Uuid,
    /// and the hash key that counts for it.
    pub hash_key: String,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// From which network address it was asked for.
    pub asked_from: Option<String>,
    /// The tag of the language of the page that it was asked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The code itself, once it was made.
    #[serde(skip)]
    pub code: Option<LoginCodeText>,
}

/// A refresh token was used by two, and everything of its grant was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenReplayed {
    /// The application it was issued to.
    pub client: String,
    /// Its last four characters.
    pub hint: String,
    /// Since when the application was allowed to act.
    pub granted_at: Timestamp,
    /// What it could do.
    pub scopes: Vec<String>,
    /// When everything was revoked.
    pub ended_at: Timestamp,
}

/// An origin had so many tokens revoked that what else it reports goes into quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerOpened {
    /// The origin's name, as commands take it.
    pub origin: String,
    /// Its name in a sentence.
    pub reported_by: String,
    /// How many working tokens it had revoked.
    pub revoked: i64,
    /// Since when.
    pub since: Timestamp,
    /// When that was enough.
    pub opened_at: Timestamp,
    /// When the first tokens leave quarantine, if nobody decides before.
    pub ends_at: Timestamp,
    /// What happens to them then: `finish` or `release`.
    pub ending: String,
}

/// A token was seen where it should not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenExposed {
    /// Which token.
    pub token: LetterToken,
    /// In which relation the reader stands to it.
    pub addressee: Addressee,
    /// Who reported it, as a title: `GitHub`.
    pub reported_by: String,
    /// The address where it was seen, if one was given.
    pub url: Option<String>,
    /// What kind of place that is, such as `commit`.
    pub source: Option<String>,
    /// When it was reported.
    pub seen_at: Timestamp,
    /// What we found and did.
    pub outcome: Outcome,
    /// How many other tokens were revoked with it.
    pub relatives_revoked: u64,
    /// When another token of the same owner leaked, if that was not long ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaked_before: Option<Timestamp>,
    /// The address of its owner, where the reader gets a copy of what they were told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_from: Option<String>,
}

/// What was seen of tokens that were dead before, collected for one reader. Where they were seen stands in
/// entries of its own until the letter is sent, so that it can be forgotten there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeakDigest {
    /// Since when it was collected.
    pub since: Timestamp,
    /// How many places there are besides, which are not named.
    pub more: u64,
    /// What was seen, each as a letter of its own would tell it.
    #[serde(skip)]
    pub seen: Vec<TokenExposed>,
}

/// Somebody tried a token after it leaked and was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAttempted {
    /// Which token.
    pub token: LetterToken,
    /// In which relation the reader stands to it.
    pub addressee: Addressee,
    /// Since when it opens nothing.
    pub dead_since: Timestamp,
    /// When it was tried first.
    pub tried_at: Timestamp,
    /// From which address, if we were told.
    pub tried_from: Option<String>,
    /// By which way in, as [`super::WayIn::name`].
    pub via: String,
}

/// A token that was in quarantine works again, or is dead for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineEnded {
    /// Which token.
    pub token: LetterToken,
    /// In which relation the reader stands to it.
    pub addressee: Addressee,
    /// Since when it was in quarantine.
    pub began_at: Timestamp,
    /// When that ended.
    pub ended_at: Timestamp,
    /// Whether it came back; otherwise it is dead for good.
    pub released: bool,
    /// Whether it works now.
    pub works: bool,
    /// How many other tokens came back, or died for good, with it.
    pub relatives: u64,
}

/// A token as its owner knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterToken {
    /// Its id, for support.
    pub id: String,
    /// Its kind's name, such as `personal_access_token`.
    pub kind: String,
    /// What its owner calls it.
    pub name: Option<String>,
    /// Its last four characters.
    pub hint: String,
    /// What it could do.
    pub scopes: Vec<String>,
    /// The organization it belongs or is limited to.
    pub organization: Option<String>,
    /// The application it was issued to, or whose credential it is.
    pub client: Option<String>,
    /// The customer it acted for.
    pub customer: Option<String>,
    /// Since when it existed.
    pub created_at: Timestamp,
    /// Until when it would have worked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, as far as we know.
    pub last_used_at: Option<Timestamp>,
    /// From which address.
    pub last_used_from: Option<String>,
}

/// Why somebody is told about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    /// It is theirs.
    Owner,
    /// They own or manage the organization it belongs to.
    OrganizationManager,
    /// They own or manage the organization for which somebody else's token worked, and get a copy
    /// because its owner leaked again.
    ManagerOfOwner,
    /// They made it for an organization.
    Creator,
    /// They own the application whose credential it is.
    ClientOwner,
    /// They run the service, and nobody nearer can be told.
    Operator,
}

/// What we found when a token was reported, and what we did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It worked until the report, and was revoked.
    Revoked {
        /// When.
        at: Timestamp,
    },
    /// It had expired, and was revoked for good.
    AlreadyExpired {
        /// When it had expired.
        at: Timestamp,
    },
    /// It had been revoked before.
    AlreadyRevoked {
        /// When it had been revoked.
        at: Timestamp,
    },
    /// Its owner was blocked; it was revoked, so that unblocking does not revive it.
    AlreadySuspended {
        /// Since when its owner is blocked.
        at: Timestamp,
    },
    /// It is in quarantine: it opens nothing, and an operator may bring it back.
    Quarantined {
        /// Since when.
        at: Timestamp,
    },
    /// It was left as it is.
    NotRevoked {
        /// Whether it works.
        works: bool,
    },
}
