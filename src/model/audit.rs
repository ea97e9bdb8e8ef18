//! The audit log: who did what, in an order that nobody can change afterwards without being found out.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::client::Client;
use super::exposure::{Exposure, Origin};
use super::id::Id;
use super::organization::Organization;
use super::time::Timestamp;
use super::token::Token;
use super::user::User;

/// Who does something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Actor {
    /// Nobody who proved who they are.
    #[default]
    Stranger,
    /// Somebody who operates the service: at the command line, by the name of their account there, if it
    /// has one; on its pages, by the id of their user.
    Operator(Option<String>),
    /// An internal service, by its key.
    Service(Id<Token>),
    /// A user.
    User(Id<User>),
    /// An OAuth client.
    Client(Id<Client>),
    /// An organization, by a token of its own.
    Organization(Id<Organization>),
    /// Who reports leaks, and by which key of theirs.
    Origin(Origin, Option<String>),
    /// Work that the service does by itself, by its name.
    Job(&'static str),
}

impl Actor {
    /// Every kind, as stored.
    pub const KINDS: [&str; 8] = [
        "operator",
        "service",
        "user",
        "client",
        "organization",
        "origin",
        "job",
        "stranger",
    ];

    /// What they are, as stored.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Operator(_) => "operator",
            Self::Service(_) => "service",
            Self::User(_) => "user",
            Self::Client(_) => "client",
            Self::Organization(_) => "organization",
            Self::Origin(..) => "origin",
            Self::Job(_) => "job",
        }
    }

    /// Whoever is stored like this and may give orders; nobody, where that is nobody.
    #[must_use]
    pub fn from_stored(kind: &str, name: Option<String>) -> Self {
        let id = name.as_deref().and_then(|name| name.parse::<Uuid>().ok());
        match (kind, id) {
            ("operator", _) => Self::Operator(name),
            ("service", Some(id)) => Self::Service(Id::from_uuid(id)),
            ("user", Some(id)) => Self::User(Id::from_uuid(id)),
            _ => Self::Stranger,
        }
    }

    /// Which one, as stored.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Stranger => None,
            Self::Operator(account) => account.clone(),
            Self::Service(key) => Some(key.to_string()),
            Self::User(user) => Some(user.to_string()),
            Self::Client(client) => Some(client.to_string()),
            Self::Organization(organization) => Some(organization.to_string()),
            Self::Origin(origin, _) => Some(origin.as_str().to_owned()),
            Self::Job(name) => Some((*name).to_owned()),
        }
    }
}

/// Every event that is written down, by its name.
pub const EVENTS: [&str; 57] = [
    "audit_log.pruned",
    "breaker.closed",
    "breaker.opened",
    "bulk_revocation.begun",
    "client.changed",
    "client.created",
    "client.deleted",
    "client.disabled",
    "client.enabled",
    "client.standing_set",
    "configuration.changed",
    "consent.given",
    "consent.withdrawn",
    "exposure.attempted",
    "exposure.created",
    "exposure.redecided",
    "hash_key.admitted",
    "hash_key.forgotten",
    "letters.requeued",
    "operator.demoted",
    "operator.promoted",
    "organization.blocked",
    "organization.created",
    "organization.member_removed",
    "organization.member_set",
    "organization.unblocked",
    "origin_keys.replaced",
    "places.scrubbed",
    "policy.changed",
    "policy.decided",
    "signing_key.deleted",
    "signing_key.made",
    "signing_key.rescheduled",
    "stream.changed",
    "stream.created",
    "stream.deleted",
    "stream.status_set",
    "stream.subject_added",
    "stream.subject_removed",
    "token.changed",
    "token.issued",
    "token.looked_up",
    "token.quarantined",
    "token.released",
    "token.replaced",
    "token.revoked",
    "user.blocked",
    "user.created",
    "user.sign_in_refused",
    "user.signed_in",
    "user.unblocked",
    "webhook.created",
    "webhook.deleted",
    "webhook.disabled",
    "webhook.enabled",
    "webhook.replayed",
    "webhook.secret_rotated",
];

/// What a deed is about; any of it may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// A token.
    pub token: Option<Id<Token>>,
    /// Where a token was seen.
    pub exposure: Option<Id<Exposure>>,
    /// A user.
    pub user: Option<Id<User>>,
    /// An organization.
    pub organization: Option<Id<Organization>>,
    /// A client.
    pub client: Option<Id<Client>>,
}

impl About {
    /// A user.
    #[must_use]
    pub fn user(user: Id<User>) -> Self {
        Self {
            user: Some(user),
            ..Self::default()
        }
    }

    /// An organization.
    #[must_use]
    pub fn organization(organization: Id<Organization>) -> Self {
        Self {
            organization: Some(organization),
            ..Self::default()
        }
    }

    /// A client.
    #[must_use]
    pub fn client(client: Id<Client>) -> Self {
        Self {
            client: Some(client),
            ..Self::default()
        }
    }

    /// A token.
    #[must_use]
    pub fn token(token: Id<Token>) -> Self {
        Self {
            token: Some(token),
            ..Self::default()
        }
    }
}

/// Something that was done and is told to nobody but the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What, as a dotted name in the past tense: `user.blocked`.
    pub name: &'static str,
    /// To what.
    pub about: About,
    /// What else is to be known. Never a place, an address, a name that somebody chose, or a secret.
    pub detail: Option<Value>,
}

impl Deed {
    /// A deed of which there is no more to say.
    #[must_use]
    pub const fn new(name: &'static str, about: About) -> Self {
        Self {
            name,
            about,
            detail: None,
        }
    }

    /// Says more.
    #[must_use]
    pub fn with(self, detail: Value) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }
}

/// A row of the audit log, without its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Which.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: String,
    /// What kind of actor did it.
    pub actor_kind: String,
    /// Which one.
    pub actor: Option<String>,
    /// The origin that reported it.
    pub origin: Option<String>,
    /// The key by which that origin proved itself.
    pub key_id: Option<String>,
    /// The request in which it happened.
    pub request_id: Option<Uuid>,
    /// The token it is about.
    pub token_id: Option<Uuid>,
    /// The exposure it is about.
    pub exposure_id: Option<Uuid>,
    /// The user it is about.
    pub user_id: Option<Uuid>,
    /// The organization it is about.
    pub organization_id: Option<Uuid>,
    /// The client it is about.
    pub client_id: Option<Uuid>,
    /// Whatever else is known, as the text of a JSON value.
    pub detail: Option<String>,
}

impl AuditRecord {
    /// What else is known, for people: `name=value` of each detail, one after the other, a value that is
    /// no single word in quotation marks; the first `longest` characters of it.
    #[must_use]
    pub fn summary(&self, longest: usize) -> Option<String> {
        let text = flat(self.detail.as_ref()?);
        Some(match text.char_indices().nth(longest) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        })
    }
}

fn flat(detail: &str) -> String {
    let Ok(Value::Object(details)) = serde_json::from_str(detail) else {
        return detail.to_owned();
    };
    let plain = |text: &str| !text.is_empty() && !text.contains([' ', '"', '=', '\\']);
    let said = details.iter().map(|(name, value)| match value {
        Value::String(text) if plain(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    });
    said.collect::<Vec<_>>().join(" ")
}

/// What ties a row to the one before it: 32 bytes of SHA-256.
pub type Link = [u8; 32];

/// What the first row is tied to.
pub const FIRST: Link = [0; 32];

impl AuditRecord {
    /// SHA-256 of the link before, followed by the JSON text of an array: the row's place in the
    /// chain, and its columns in the order of the fields here, with `null` for what is unknown, ids in
    /// their usual form and the time in milliseconds since 1970.
    #[must_use]
    pub fn link(&self, seq: i64, previous: &Link) -> Link {
        let columns = json!([
            seq,
            self.id,
            self.at.as_millis(),
            self.event,
            self.actor_kind,
            self.actor,
            self.origin,
            self.key_id,
            self.request_id,
            self.token_id,
            self.exposure_id,
            self.user_id,
            self.organization_id,
            self.client_id,
            self.detail,
        ]);
        Sha256::new_with_prefix(previous)
            .chain_update(columns.to_string())
            .finalize()
            .into()
    }
}

#[cfg(test)]
mod tests;
