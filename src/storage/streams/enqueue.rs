//! Putting tokens into streams, in the transaction that made them true.

use std::collections::{BTreeSet, HashSet};

use serde_json::json;
use uuid::Uuid;

use super::facts::{self, Listener, Pairs, TokenFacts};
use super::subjects;
use crate::model::signal::SignalFacts;
use crate::model::stream::{DefaultSubjects, View};
use crate::model::{
    EventStream, Id, RevocationReason, Signal, SignalMessage, StreamStatus, Timestamp, TokenKind,
};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::journal::{Event, Noted};
use crate::storage::provenance;
use crate::storage::rows::hex_of;

/// Something that machines are told of.
struct Told {
    at: Timestamp,
    signal: Signal,
    token: Uuid,
    change: Option<&'static str>,
    reason: Option<RevocationReason>,
}

/// A token as it is put into the queue.
struct NewMessage {
    id: Uuid,
    stream: Uuid,
    signal: Signal,
    body: String,
    user: Option<Uuid>,
    at: Timestamp,
    position: i64,
}

/// Whether any stream could be told of something like this.
pub(in crate::storage) fn is_telling(noted: &Noted) -> bool {
    told(noted).is_some()
}

/// Puts a token into the queue for each of these events and each stream that asked for it and may hear
/// of it. However many there are, it takes the same few statements.
///
/// # Errors
/// When the database fails.
pub(in crate::storage) async fn enqueue(tx: &mut Tx, noted: &[Noted]) -> Result<(), StorageError> {
    let all: Vec<Told> = noted.iter().filter_map(told).collect();
    let Some(now) = all.iter().map(|told| told.at).max() else {
        return Ok(());
    };
    let tokens = facts::tokens(tx, sorted(all.iter().map(|told| told.token))).await?;
    let people = sorted(tokens.values().filter_map(TokenFacts::person));
    let members = facts::memberships(tx, people).await?;
    let sids = sorted(tokens.values().filter_map(|token| token.sid));
    let granted = facts::granted(tx, sids).await?;
    let owners = tokens.values().filter_map(TokenFacts::owner);
    let organizations = sorted(owners.chain(members.iter().map(|(one, _)| *one)));
    let clients = tokens.values().filter_map(|token| token.client);
    let clients = sorted(clients.chain(granted.iter().map(|(one, _)| *one)));
    let listeners = facts::listeners(tx, organizations, clients, now).await?;
    if listeners.is_empty() {
        return Ok(());
    }
    let streams = sorted(listeners.iter().map(|listener| listener.stream));
    let concerned = sorted(tokens.values().flat_map(subjects_of));
    let audience = Audience {
        members,
        granted,
        exceptions: subjects::exceptions(tx, streams, concerned).await?,
    };
    let txn = provenance::request().unwrap_or_else(|| Id::<Told>::new(now).uuid());
    let mut messages = Vec::new();
    let mut said = BTreeSet::new();
    for told in &all {
        let Some(token) = tokens.get(&told.token) else {
            continue;
        };
        // What was granted at once ends once, however many tokens came of it.
        if told.signal == Signal::SessionRevoked && !said.insert(token.grant.unwrap_or(told.token))
        {
            continue;
        }
        let body = encoded(&body(told, token, txn))?;
        for listener in listeners
            .iter()
            .filter(|one| audience.hears(one, told, token))
        {
            messages.push(NewMessage {
                id: Id::<SignalMessage>::new(told.at).uuid(),
                stream: listener.stream,
                signal: told.signal,
                body: body.clone(),
                user: token.person(),
                at: told.at,
                position: i64::try_from(messages.len()).unwrap_or(i64::MAX),
            });
        }
    }
    insert(tx, &messages).await
}

/// Puts a token into the queue of a stream by which its receiver sees that tokens arrive, with the
/// state that it gave.
///
/// # Errors
/// When the database fails.
pub async fn insert_verification(
    tx: &mut Tx,
    stream: Id<EventStream>,
    state: Option<&str>,
    now: Timestamp,
) -> Result<(), StorageError> {
    let facts = SignalFacts {
        state: state.map(str::to_owned),
        ..SignalFacts::default()
    };
    insert_own(tx, stream, Signal::Verification, facts, now).await
}

/// Puts a token into the queue of a stream that says which status it has from now on, and why.
///
/// # Errors
/// When the database fails.
pub async fn insert_stream_updated(
    tx: &mut Tx,
    stream: Id<EventStream>,
    status: StreamStatus,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), StorageError> {
    let facts = SignalFacts {
        status: Some(status.name().to_owned()),
        reason: reason.map(str::to_owned),
        ..SignalFacts::default()
    };
    insert_own(tx, stream, Signal::StreamUpdated, facts, now).await
}

/// What is about the stream itself.
async fn insert_own(
    tx: &mut Tx,
    stream: Id<EventStream>,
    signal: Signal,
    facts: SignalFacts,
    now: Timestamp,
) -> Result<(), StorageError> {
    let id = Id::<SignalMessage>::new(now).uuid();
    let txn = provenance::request().unwrap_or(id);
    let message = NewMessage {
        id,
        stream: stream.uuid(),
        signal,
        body: encoded(&SignalFacts { txn, ..facts })?,
        user: None,
        at: now,
        position: 0,
    };
    insert(tx, &[message]).await
}

fn told(noted: &Noted) -> Option<Told> {
    use TokenKind::UserSessionToken;
    use TokenKind::{AccessToken, AuthorizationCode, CustomerSessionToken, RefreshToken};
    let short_lived = |kind| {
        matches!(
            kind,
            AccessToken
                | RefreshToken
                | AuthorizationCode
                | CustomerSessionToken
                | UserSessionToken
        )
    };
    let (signal, token, change, reason) = match &noted.event {
        Event::ExposureCreated {
            token,
            is_told: true,
            ..
        }
        | Event::ExposureRedecided { token, .. } => {
            (Signal::CredentialCompromise, *token, None, None)
        }
        Event::TokenIssued(token) if !short_lived(token.kind) => {
            (Signal::CredentialChange, token.id, Some("create"), None)
        }
        Event::Done(deed) if deed.name == "token.changed" => {
            let token = deed.about.token?;
            (Signal::CredentialChange, token, Some("update"), None)
        }
        Event::TokenRevoked(token) | Event::TokenQuarantined(token) => match token.reason {
            // Ended as they should, and were followed by others.
            RevocationReason::Redeemed | RevocationReason::Superseded => return None,
            reason if short_lived(token.kind) => {
                (Signal::SessionRevoked, token.id, None, Some(reason))
            }
            reason => {
                let change = Some("revoke");
                (Signal::CredentialChange, token.id, change, Some(reason))
            }
        },
        _ => return None,
    };
    Some(Told {
        at: noted.at,
        signal,
        token: token.uuid(),
        change,
        reason,
    })
}

fn body(told: &Told, token: &TokenFacts, txn: Uuid) -> SignalFacts {
    // The one that clients know from ID tokens, where there is one.
    let session = token.sid.or(token.granted_in).or(token.grant);
    let session = session.unwrap_or(told.token);
    SignalFacts {
        kind: token.kind.name().to_owned(),
        token: told.token,
        change: told.change.map(str::to_owned),
        reason: told.reason.map(|reason| reason.name().to_owned()),
        session: (told.signal == Signal::SessionRevoked).then(|| session.to_string()),
        user: token.person(),
        customer: token.customer.clone(),
        organization: token.owner(),
        client: token.client_id.clone(),
        txn,
        ..SignalFacts::default()
    }
}

/// Whom a token concerns, as receivers name subjects.
fn subjects_of(token: &TokenFacts) -> impl Iterator<Item = Uuid> {
    [token.person(), token.owner(), token.client]
        .into_iter()
        .flatten()
}

/// Who belongs to whom.
struct Audience {
    members: Pairs,
    granted: Pairs,
    exceptions: HashSet<(Uuid, Uuid)>,
}

impl Audience {
    fn hears(&self, listener: &Listener, told: &Told, token: &TokenFacts) -> bool {
        let sees = match listener.view {
            View::Everything => true,
            View::Organization(id) => self.is_of(id.uuid(), token),
            View::Client(id) => {
                let client = id.uuid();
                let in_session = |sid: Uuid| self.granted.contains(&(client, sid));
                token.client == Some(client) || token.sid.is_some_and(in_session)
            }
        };
        let excepted =
            subjects_of(token).any(|id| self.exceptions.contains(&(listener.stream, id)));
        let wanted = excepted == (listener.default_subjects == DefaultSubjects::None);
        sees && wanted && listener.requested.contains(told.signal)
    }

    /// Whether a token is an organization's, or a member's own.
    fn is_of(&self, organization: Uuid, token: &TokenFacts) -> bool {
        let elsewhere = token.organization.is_some_and(|id| id != organization);
        let member = |user: Uuid| self.members.contains(&(organization, user));
        !elsewhere && (token.owner() == Some(organization) || token.person().is_some_and(member))
    }
}

fn encoded(facts: &SignalFacts) -> Result<String, StorageError> {
    let encoding = |error| StorageError::Unexpected(sqlx::Error::Encode(Box::new(error)));
    serde_json::to_string(facts).map_err(encoding)
}

fn sorted(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    ids.collect::<BTreeSet<_>>().into_iter().collect()
}

async fn insert(tx: &mut Tx, messages: &[NewMessage]) -> Result<(), StorageError> {
    const SQLITE: &str = "INSERT INTO event_messages (
             id, stream_id, type, body, user_id, created_at, position, attempts
         )
         SELECT
             unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3, unhex(value ->> 4),
             value ->> 5, value ->> 6, 0
         FROM json_each($1)";
    const POSTGRES: &str = "INSERT INTO event_messages (
             id, stream_id, type, body, user_id, created_at, position, attempts
         )
         SELECT m.id, m.stream, m.type, m.body, m.user_id, m.at, m.position, 0
         FROM unnest(
             $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::bigint[]
         ) AS m (id, stream, type, body, user_id, at, position)";
    if messages.is_empty() {
        return Ok(());
    }
    match tx.connection() {
        Backend::Sqlite(c) => {
            let row = |new: &NewMessage| {
                let (id, stream) = (hex_of(new.id), hex_of(new.stream));
                let (user, at) = (new.user.map(hex_of), new.at.as_millis());
                json!([
                    id,
                    stream,
                    new.signal.name(),
                    new.body,
                    user,
                    at,
                    new.position
                ])
            };
            let rows: Vec<_> = messages.iter().map(row).collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.execute(c)).await.map(drop)
        }
        Backend::Postgres(c) => {
            fn each<'a, T>(all: &'a [NewMessage], of: impl Fn(&'a NewMessage) -> T) -> Vec<T> {
                all.iter().map(of).collect()
            }
            let query = sqlx::query(POSTGRES)
                .bind(each(messages, |new| new.id))
                .bind(each(messages, |new| new.stream))
                .bind(each(messages, |new| new.signal.name()))
                .bind(each(messages, |new| new.body.as_str()))
                .bind(each(messages, |new| new.user))
                .bind(each(messages, |new| new.at.as_millis()))
                .bind(each(messages, |new| new.position));
            patient(query.execute(c)).await.map(drop)
        }
    }
}
