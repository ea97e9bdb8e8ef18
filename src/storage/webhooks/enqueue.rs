//! Putting messages into the queue, in the transaction that made them true.

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::facts::{self, ExposureFacts, Listener, TokenFacts};
use crate::model::{
    EventType, Id, LeakedUse, RevocationReason, Timestamp, WebhookEndpoint, WebhookMessage,
};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::journal::{Event, Noted};
use crate::storage::rows::hex_of;

/// Something that machines are told of.
struct Told {
    at: Timestamp,
    kind: EventType,
    token: Uuid,
    exposure: Option<Uuid>,
    attempt: Option<LeakedUse>,
}

/// A message as it is put into the queue.
struct NewMessage {
    id: Uuid,
    endpoint: Uuid,
    kind: &'static str,
    exposure: Option<Uuid>,
    body: String,
    at: Timestamp,
}

/// What a message says.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure: Option<&'a ExposureFacts>,
    token: &'a TokenFacts,
    /// Which exposures the token has, without places: it is tried because of one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposures: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<Attempt>,
}

/// The first attempt to use a token that leaked.
#[derive(Serialize)]
struct Attempt {
    via: &'static str,
    address: Option<String>,
    first_at: String,
}

impl From<&LeakedUse> for Attempt {
    fn from(first: &LeakedUse) -> Self {
        Self {
            via: first.via.name(),
            address: first.from.map(|address| address.to_string()),
            first_at: first.first_at.to_string(),
        }
    }
}

/// Whether any endpoint could be told of something like this.
pub(in crate::storage) fn is_telling(noted: &Noted) -> bool {
    told(noted).is_some()
}

/// Puts a message into the queue for each of these events and each endpoint that listens for it and
/// may hear of it. However many there are, it takes the same few statements.
///
/// # Errors
/// When the database fails.
pub(in crate::storage) async fn enqueue(tx: &mut Tx, noted: &[Noted]) -> Result<(), StorageError> {
    let all: Vec<Told> = noted.iter().filter_map(told).collect();
    if all.is_empty() {
        return Ok(());
    }
    let tokens = facts::tokens(tx, sorted(all.iter().map(|told| told.token))).await?;
    let owners = sorted(tokens.values().filter_map(|token| token.owner));
    let listeners = facts::listeners(tx, owners).await?;
    if listeners.is_empty() {
        return Ok(());
    }
    let exposures = sorted(all.iter().filter_map(|told| told.exposure));
    let exposures = facts::exposures(tx, exposures).await?;
    let tried = all.iter().filter(|told| told.attempt.is_some());
    let seen = facts::exposures_of(tx, sorted(tried.map(|told| told.token))).await?;
    let mut messages = Vec::new();
    for told in &all {
        let Some(token) = tokens.get(&told.token) else {
            continue;
        };
        let exposure = told.exposure.and_then(|id| exposures.get(&id));
        let seen = seen.get(&told.token).map(Vec::as_slice);
        let body = body(told, token, exposure, seen.unwrap_or_default())?;
        for listener in listeners.iter().filter(|one| hears(one, told, token)) {
            messages.push(NewMessage {
                id: Id::<WebhookMessage>::new(told.at).uuid(),
                endpoint: listener.endpoint,
                kind: told.kind.name(),
                exposure: told.exposure,
                body: body.clone(),
                at: told.at,
            });
        }
    }
    insert(tx, &messages).await
}

/// Puts a message without news into the queue of an endpoint.
///
/// # Errors
/// When the database fails.
pub async fn insert_test(
    tx: &mut Tx,
    endpoint: Id<WebhookEndpoint>,
    now: Timestamp,
) -> Result<Id<WebhookMessage>, StorageError> {
    let kind = EventType::Test.name();
    let data = json!({ "endpoint_id": endpoint });
    let body = json!({ "type": kind, "timestamp": now.to_string(), "data": data });
    let id = Id::new(now);
    let message = NewMessage {
        id: id.uuid(),
        endpoint: endpoint.uuid(),
        kind,
        exposure: None,
        body: body.to_string(),
        at: now,
    };
    insert(tx, &[message]).await?;
    Ok(id)
}

fn told(noted: &Noted) -> Option<Told> {
    let mut attempt = None;
    let (kind, token, exposure) = match &noted.event {
        Event::ExposureCreated {
            exposure,
            token,
            is_told: true,
            ..
        }
        | Event::ExposureRedecided {
            exposure, token, ..
        } => (EventType::ExposureCreated, *token, Some(exposure.uuid())),
        Event::ExposureAttempted(first) => {
            attempt = Some(*first);
            (EventType::ExposureAttempted, first.token, None)
        }
        Event::TokenRevoked(token) | Event::TokenQuarantined(token)
            if !is_rotation(token.reason) =>
        {
            (EventType::TokenRevoked, token.id, None)
        }
        _ => return None,
    };
    Some(Told {
        at: noted.at,
        kind,
        token: token.uuid(),
        exposure,
        attempt,
    })
}

/// A code that was exchanged and a refresh token that was followed by another ended as they should.
const fn is_rotation(reason: RevocationReason) -> bool {
    matches!(
        reason,
        RevocationReason::Redeemed | RevocationReason::Superseded
    )
}

fn hears(listener: &Listener, told: &Told, token: &TokenFacts) -> bool {
    let theirs = listener.organization.is_none() || listener.organization == token.owner;
    theirs && listener.events.contains(told.kind)
}

fn body(
    told: &Told,
    token: &TokenFacts,
    exposure: Option<&ExposureFacts>,
    seen: &[String],
) -> Result<String, StorageError> {
    let body = Body {
        r#type: told.kind.name(),
        timestamp: told.at.to_string(),
        data: Data {
            exposure,
            token,
            exposures: told.attempt.is_some().then_some(seen),
            attempt: told.attempt.as_ref().map(Attempt::from),
        },
    };
    let encoding = |error| StorageError::Unexpected(sqlx::Error::Encode(Box::new(error)));
    serde_json::to_string(&body).map_err(encoding)
}

fn sorted(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

async fn insert(tx: &mut Tx, messages: &[NewMessage]) -> Result<(), StorageError> {
    const SQLITE: &str = "INSERT INTO webhook_messages (
             id, endpoint_id, type, exposure_id, body, created_at, queued_at, due_at, attempts
         )
         SELECT
             unhex(value ->> 0), unhex(value ->> 1), value ->> 2, unhex(value ->> 3),
             value ->> 4, value ->> 5, value ->> 5, value ->> 5, 0
         FROM json_each($1)";
    const POSTGRES: &str = "INSERT INTO webhook_messages (
             id, endpoint_id, type, exposure_id, body, created_at, queued_at, due_at, attempts
         )
         SELECT m.id, m.endpoint, m.type, m.exposure, m.body, m.at, m.at, m.at, 0
         FROM unnest(
             $1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::bigint[]
         ) AS m (id, endpoint, type, exposure, body, at)";
    if messages.is_empty() {
        return Ok(());
    }
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = messages
                .iter()
                .map(|new| {
                    let exposure = new.exposure.map(hex_of);
                    let at = new.at.as_millis();
                    json!([
                        hex_of(new.id),
                        hex_of(new.endpoint),
                        new.kind,
                        exposure,
                        new.body,
                        at
                    ])
                })
                .collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            patient(query.execute(c)).await.map(drop)
        }
        Backend::Postgres(c) => {
            fn each<'a, T>(all: &'a [NewMessage], of: impl Fn(&'a NewMessage) -> T) -> Vec<T> {
                all.iter().map(of).collect()
            }
            let query = sqlx::query(POSTGRES)
                .bind(each(messages, |new| new.id))
                .bind(each(messages, |new| new.endpoint))
                .bind(each(messages, |new| new.kind))
                .bind(each(messages, |new| new.exposure))
                .bind(each(messages, |new| new.body.as_str()))
                .bind(each(messages, |new| new.at.as_millis()));
            patient(query.execute(c)).await.map(drop)
        }
    }
}
