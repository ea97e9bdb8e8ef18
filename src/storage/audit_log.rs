//! Tables `audit_log` and `audit_head`: rows are appended by whoever acts, in the transaction in which
//! they act, and chained one after another by a job. Chaining at once would make every writer wait
//! for every other.

use serde_json::{Value, json};
use uuid::Uuid;

mod chain;
mod lookback;
mod rows;

pub use chain::{
    AuditHead, Loose, is_loose, is_unused, link, list_loose, lock_head, move_head, prune,
};
pub use lookback::{look_back, window_end};
pub use rows::{
    AuditFilter, ChainedRecord, count_loose, count_old, head, last, last_configuration, latest,
    page,
};

use super::backend::{Backend, Tx, patient};
use super::error::StorageError;
use super::journal::{Event, Noted};
use super::provenance;
use super::rows::hex_of;
use super::tokens::RevokedToken;
use crate::model::{About, Actor, Decision, Exposure, Id, Origin, Timestamp, Token};

/// A row as it is appended.
struct NewRow {
    id: Uuid,
    at: Timestamp,
    event: &'static str,
    about: About,
    detail: Option<String>,
}

impl From<&Noted> for NewRow {
    fn from(noted: &Noted) -> Self {
        let (event, about, detail) = told(&noted.event);
        Self {
            id: Id::<Self>::new(noted.at).uuid(),
            at: noted.at,
            event,
            about,
            detail: detail.map(|detail| detail.to_string()),
        }
    }
}

/// What the log says of an event.
fn told(event: &Event) -> (&'static str, About, Option<Value>) {
    match event {
        Event::TokenIssued(token) => {
            let about = About {
                user: token.user,
                organization: token.organization,
                client: token.client,
                ..About::token(token.id)
            };
            let detail = json!({ "kind": token.kind.name() });
            ("token.issued", about, Some(detail))
        }
        Event::TokenRevoked(token) => ended("token.revoked", token),
        Event::TokenQuarantined(token) => ended("token.quarantined", token),
        Event::TokenReleased(token) => ended("token.released", token),
        Event::ReactionDecided {
            token,
            origin,
            decision,
        } => {
            let detail = json!({
                "origin": origin.as_str(),
                "decision": decision.reaction.name(),
                "decided_by": decision.rule,
            });
            ("policy.decided", About::token(*token), Some(detail))
        }
        Event::BreakerOpened { origin } => breaker("breaker.opened", origin),
        Event::BreakerClosed { origin } => breaker("breaker.closed", origin),
        Event::ExposureCreated {
            exposure,
            token,
            decision,
            ..
        } => seen("exposure.created", (*exposure, *token), decision),
        Event::ExposureRedecided {
            exposure,
            token,
            decision,
        } => seen("exposure.redecided", (*exposure, *token), decision),
        Event::ExposureAttempted(first) => {
            // The address is not kept for as long as this row.
            let detail = json!({ "via": first.via.name() });
            (
                "exposure.attempted",
                About::token(first.token),
                Some(detail),
            )
        }
        Event::Done(deed) => (deed.name, deed.about, deed.detail.clone()),
    }
}

fn seen(
    name: &'static str,
    (exposure, token): (Id<Exposure>, Id<Token>),
    decision: &Decision,
) -> (&'static str, About, Option<Value>) {
    let about = About {
        exposure: Some(exposure),
        ..About::token(token)
    };
    (name, about, Some(decided(decision)))
}

fn decided(decision: &Decision) -> Value {
    json!({ "decision": decision.reaction.name(), "decided_by": decision.rule })
}

fn ended(name: &'static str, token: &RevokedToken) -> (&'static str, About, Option<Value>) {
    let about = About {
        user: token.user,
        organization: token.organization,
        client: token.client,
        ..About::token(token.id)
    };
    let detail = json!({ "kind": token.kind.name(), "reason": token.reason.name() });
    (name, about, Some(detail))
}

fn breaker(name: &'static str, origin: &Origin) -> (&'static str, About, Option<Value>) {
    let detail = json!({ "origin": origin.as_str() });
    (name, About::default(), Some(detail))
}

/// Appends a row for each event, in the name of whoever acts in this task.
///
/// # Errors
/// When the database fails.
pub(super) async fn append(tx: &mut Tx, noted: &[Noted]) -> Result<(), StorageError> {
    const SQLITE: &str = "INSERT INTO audit_log (
             actor_kind, actor, origin, key_id, request_id,
             id, at, event, token_id, exposure_id, user_id, organization_id, client_id, detail
         )
         SELECT
             $2, $3, $4, $5, $6,
             unhex(value ->> 0), value ->> 1, value ->> 2, unhex(value ->> 3), unhex(value ->> 4),
             unhex(value ->> 5), unhex(value ->> 6), unhex(value ->> 7), value ->> 8
         FROM json_each($1)";
    const POSTGRES: &str = "INSERT INTO audit_log (
             actor_kind, actor, origin, key_id, request_id,
             id, at, event, token_id, exposure_id, user_id, organization_id, client_id, detail
         )
         SELECT $1, $2, $3, $4, $5, r.*
         FROM unnest(
             $6::uuid[], $7::bigint[], $8::text[], $9::uuid[], $10::uuid[], $11::uuid[],
             $12::uuid[], $13::uuid[], $14::text[]
         ) AS r";
    let rows: Vec<NewRow> = noted.iter().map(NewRow::from).collect();
    let actor = provenance::actor();
    let (origin, key) = match &actor {
        Actor::Origin(origin, key) => (Some(origin.as_str().to_owned()), key.clone()),
        _ => (None, None),
    };
    match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = rows.iter().map(as_json).collect();
            let query = sqlx::query(SQLITE).bind(json!(rows).to_string());
            let query = query.bind(actor.kind()).bind(actor.name()).bind(origin);
            let query = query.bind(key).bind(provenance::request());
            patient(query.execute(c)).await.map(drop)
        }
        Backend::Postgres(c) => {
            fn each<T>(all: &[NewRow], of: impl Fn(&NewRow) -> T) -> Vec<T> {
                all.iter().map(of).collect()
            }
            let query = sqlx::query(POSTGRES)
                .bind(actor.kind())
                .bind(actor.name())
                .bind(origin)
                .bind(key)
                .bind(provenance::request())
                .bind(each(&rows, |row| row.id))
                .bind(each(&rows, |row| row.at.as_millis()))
                .bind(each(&rows, |row| row.event))
                .bind(each(&rows, |row| row.about.token.map(Id::uuid)))
                .bind(each(&rows, |row| row.about.exposure.map(Id::uuid)))
                .bind(each(&rows, |row| row.about.user.map(Id::uuid)))
                .bind(each(&rows, |row| row.about.organization.map(Id::uuid)))
                .bind(each(&rows, |row| row.about.client.map(Id::uuid)))
                .bind(each(&rows, |row| row.detail.clone()));
            patient(query.execute(c)).await.map(drop)
        }
    }
}

fn as_json(row: &NewRow) -> Value {
    fn hex<T>(id: Option<Id<T>>) -> Option<Value> {
        id.map(|id| hex_of(id.uuid()))
    }
    json!([
        hex_of(row.id),
        row.at.as_millis(),
        row.event,
        hex(row.about.token),
        hex(row.about.exposure),
        hex(row.about.user),
        hex(row.about.organization),
        hex(row.about.client),
        row.detail,
    ])
}
