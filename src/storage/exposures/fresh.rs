//! Exposures as they are first written down.

use std::collections::HashSet;

use serde_json::json;
use uuid::Uuid;

use crate::model::{Concerned, Delivery, Exposure, HashKey, Id, Timestamp};
use crate::storage::backend::{Backend, Tx, patient};
use crate::storage::error::StorageError;
use crate::storage::journal::Event;
use crate::storage::rows::{Columns, hex_of};

/// An exposure as it is first written down.
#[derive(Clone, Debug)]
pub struct NewExposure {
    /// The record.
    pub exposure: Exposure,
    /// What the token's state was when the report came, as [`crate::model::TokenState::name`].
    pub state_before: &'static str,
    /// Who finds it among theirs.
    pub concerned: Concerned,
    /// Whether anybody hears of it.
    pub is_told: bool,
}

/// An exposure that was written down and is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshExposure {
    /// Which.
    pub id: Id<Exposure>,
    /// Whether its token had been seen before and only been observed there.
    pub was_observed: bool,
}

const INSERT_SQLITE: &str = "INSERT INTO exposures (
             delivery_id, place_hash_key, id, token_id, origin, place_key, url, source, first_seen_at,
             state_before, revoked_at, verdict, decision, decided_by, user_id, organization_id
         )
         SELECT
             $2, $3, unhex(value ->> 0), unhex(value ->> 1), value ->> 2, unhex(value ->> 3),
             value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9,
             value ->> 10, value ->> 11, unhex(value ->> 12), unhex(value ->> 13)
         FROM json_each($1)
         WHERE true
         ON CONFLICT (token_id, place_key) DO NOTHING
         RETURNING id, EXISTS (
             SELECT 1
             FROM exposures AS o
             WHERE o.token_id = exposures.token_id AND o.decision = 'observe'
         ) AS was_observed";
const INSERT_POSTGRES: &str = "INSERT INTO exposures (
             delivery_id, place_hash_key, id, token_id, origin, place_key, url, source, first_seen_at,
             state_before, revoked_at, verdict, decision, decided_by, user_id, organization_id
         )
         SELECT $1, $2, e.*
         FROM unnest(
             $3::uuid[], $4::uuid[], $5::text[], $6::bytea[], $7::text[], $8::text[],
             $9::bigint[], $10::text[], $11::bigint[], $12::text[], $13::text[], $14::text[],
             $15::uuid[], $16::uuid[]
         ) AS e
         ON CONFLICT (token_id, place_key) DO NOTHING
         RETURNING id, EXISTS (
             SELECT 1
             FROM exposures AS o
             WHERE o.token_id = exposures.token_id AND o.decision = 'observe'
         ) AS was_observed";

/// Writes down exposures and tells which of them are new: a place where the same token was seen
/// before, in this delivery or an earlier one, is not written twice. Places are told apart by what
/// `seal` makes of their keys.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    delivery: Option<Id<Delivery>>,
    exposures: &[NewExposure],
    seal: &HashKey,
) -> Result<Vec<FreshExposure>, StorageError> {
    let written: Result<Vec<FreshExposure>, StorageError> = match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = exposures.iter().map(|new| as_json(new, seal)).collect();
            let query = sqlx::query(INSERT_SQLITE)
                .bind(json!(rows).to_string())
                .bind(delivery.map(Id::uuid))
                .bind(seal.id().as_str());
            patient(query.try_map(|row| written(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            fn each<'a, T>(all: &'a [NewExposure], of: impl Fn(&'a NewExposure) -> T) -> Vec<T> {
                all.iter().map(of).collect()
            }
            let query = sqlx::query(INSERT_POSTGRES)
                .bind(delivery.map(Id::uuid))
                .bind(seal.id().as_str())
                .bind(each(exposures, |e| e.exposure.id.uuid()))
                .bind(each(exposures, |e| e.exposure.token.uuid()))
                .bind(each(exposures, |e| e.exposure.origin.as_str()))
                .bind(each(exposures, |e| seal.seal(e.exposure.place.key())))
                .bind(each(exposures, |e| e.exposure.place.url.as_deref()))
                .bind(each(exposures, |e| e.exposure.place.source.as_deref()))
                .bind(each(exposures, |e| e.exposure.first_seen_at.as_millis()))
                .bind(each(exposures, |e| e.state_before))
                .bind(each(exposures, |e| dead_since(e.exposure.revoked_at)))
                .bind(each(exposures, |e| e.exposure.verdict.name()))
                .bind(each(exposures, |e| e.exposure.decision.reaction.name()))
                .bind(each(exposures, |e| e.exposure.decision.rule.as_str()))
                .bind(each(exposures, |e| user_or_nobody(e.concerned)))
                .bind(each(exposures, |e| e.concerned.organization.map(Id::uuid)));
            patient(query.try_map(|row| written(&row)).fetch_all(c)).await
        }
    };
    let written = written.map_err(StorageError::of_reference)?;
    note(tx, exposures, &written);
    Ok(written)
}

fn written(row: &impl Columns) -> Result<FreshExposure, sqlx::Error> {
    Ok(FreshExposure {
        id: Id::from_uuid(row.read("id")?),
        was_observed: row.read("was_observed")?,
    })
}

fn note(tx: &mut Tx, exposures: &[NewExposure], written: &[FreshExposure]) {
    let fresh: HashSet<_> = written.iter().map(|fresh| fresh.id).collect();
    let is_fresh = |new: &&NewExposure| fresh.contains(&new.exposure.id);
    for new in exposures.iter().filter(is_fresh) {
        let exposure = &new.exposure;
        let event = Event::ExposureCreated {
            exposure: exposure.id,
            token: exposure.token,
            decision: exposure.decision.clone(),
            is_told: new.is_told,
        };
        tx.note(exposure.first_seen_at, event);
    }
}

fn as_json(new: &NewExposure, seal: &HashKey) -> serde_json::Value {
    let exposure = &new.exposure;
    json!([
        hex_of(exposure.id.uuid()),
        hex_of(exposure.token.uuid()),
        exposure.origin.as_str(),
        hex::encode(seal.seal(exposure.place.key())),
        exposure.place.url,
        exposure.place.source,
        exposure.first_seen_at,
        new.state_before,
        dead_since(exposure.revoked_at),
        exposure.verdict.name(),
        exposure.decision.reaction.name(),
        exposure.decision.rule,
        hex_of(user_or_nobody(new.concerned)),
        new.concerned.organization.map(|id| hex_of(id.uuid())),
    ])
}

/// Nothing is what nobody looked up yet.
fn user_or_nobody(concerned: Concerned) -> Uuid {
    concerned.user.map_or(Uuid::nil(), Id::uuid)
}

/// The column cannot be empty, because an earlier version reads it.
fn dead_since(at: Option<Timestamp>) -> i64 {
    at.map_or(0, Timestamp::as_millis)
}
