//! Table `exposures`: which token was seen where, once per place.

use serde_json::json;
use uuid::Uuid;

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::rows::{Columns, column, hex_of};
use crate::model::{Delivery, Exposure, Id, Origin, Timestamp, Token, Verdict};

/// An exposure as it is first written down.
#[derive(Clone, Debug)]
pub struct NewExposure {
    /// The record.
    pub exposure: Exposure,
    /// What the token's state was when the report came, as [`crate::model::TokenState::name`].
    pub state_before: &'static str,
}

/// Writes down exposures and tells which of them are new: a place where the same token was seen
/// before, in this delivery or an earlier one, is not written twice.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    delivery: Option<Id<Delivery>>,
    exposures: &[NewExposure],
) -> Result<Vec<Id<Exposure>>, StorageError> {
    const SQLITE: &str = "INSERT INTO exposures (
             delivery_id, id, token_id, origin, place_key, url, source, first_seen_at,
             state_before, revoked_at, verdict
         )
         SELECT
             $2, unhex(value ->> 0), unhex(value ->> 1), value ->> 2, unhex(value ->> 3),
             value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9
         FROM json_each($1)
         WHERE true
         ON CONFLICT (token_id, place_key) DO NOTHING
         RETURNING id";
    const POSTGRES: &str = "INSERT INTO exposures (
             delivery_id, id, token_id, origin, place_key, url, source, first_seen_at,
             state_before, revoked_at, verdict
         )
         SELECT $1, e.*
         FROM unnest(
             $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::text[], $7::text[],
             $8::bigint[], $9::text[], $10::bigint[], $11::text[]
         ) AS e
         ON CONFLICT (token_id, place_key) DO NOTHING
         RETURNING id";
    let ids: Vec<Uuid> = match tx.connection() {
        Backend::Sqlite(c) => {
            let rows: Vec<_> = exposures.iter().map(as_json).collect();
            let query = sqlx::query(SQLITE)
                .bind(json!(rows).to_string())
                .bind(delivery.map(Id::uuid));
            patient(query.try_map(|row| column(&row, "id")).fetch_all(c)).await?
        }
        Backend::Postgres(c) => {
            fn each<'a, T>(all: &'a [NewExposure], of: impl Fn(&'a NewExposure) -> T) -> Vec<T> {
                all.iter().map(of).collect()
            }
            let query = sqlx::query(POSTGRES)
                .bind(delivery.map(Id::uuid))
                .bind(each(exposures, |e| e.exposure.id.uuid()))
                .bind(each(exposures, |e| e.exposure.token.uuid()))
                .bind(each(exposures, |e| e.exposure.origin.as_str()))
                .bind(each(exposures, |e| e.exposure.place.key().as_slice()))
                .bind(each(exposures, |e| e.exposure.place.url.as_deref()))
                .bind(each(exposures, |e| e.exposure.place.source.as_deref()))
                .bind(each(exposures, |e| e.exposure.first_seen_at.as_millis()))
                .bind(each(exposures, |e| e.state_before))
                .bind(each(exposures, |e| e.exposure.revoked_at.as_millis()))
                .bind(each(exposures, |e| e.exposure.verdict.name()));
            patient(query.try_map(|row| column(&row, "id")).fetch_all(c)).await?
        }
    };
    Ok(ids.into_iter().map(Id::from_uuid).collect())
}

fn as_json(new: &NewExposure) -> serde_json::Value {
    let exposure = &new.exposure;
    json!([
        hex_of(exposure.id.uuid()),
        hex_of(exposure.token.uuid()),
        exposure.origin.as_str(),
        hex::encode(exposure.place.key()),
        exposure.place.url,
        exposure.place.source,
        exposure.first_seen_at,
        new.state_before,
        exposure.revoked_at,
        exposure.verdict.name(),
    ])
}

/// An exposure as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredExposure {
    /// Which.
    pub id: Id<Exposure>,
    /// Who reported it first.
    pub origin: Origin,
    /// Where, as an address.
    pub url: Option<String>,
    /// Where, as a kind of place.
    pub source: Option<String>,
    /// When it was reported first.
    pub first_seen_at: Timestamp,
    /// What the token's state was then.
    pub state_before: String,
    /// Since when the token is dead.
    pub revoked_at: Timestamp,
    /// What the reporter was answered.
    pub verdict: Verdict,
}

/// Every place where a token was seen, first to last.
///
/// # Errors
/// When the database fails.
pub async fn list_by_token(db: &Db, token: Id<Token>) -> Result<Vec<StoredExposure>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT id, origin, url, source, first_seen_at, state_before, revoked_at, verdict
         FROM exposures
         WHERE token_id = $1
         ORDER BY first_seen_at, id",
    )
    .bind(token.uuid())
    .try_map(|row| stored(&row))
    .fetch_all(c))
}

fn stored(row: &impl Columns) -> Result<StoredExposure, sqlx::Error> {
    let verdict: String = row.read("verdict")?;
    let genuine = verdict == Verdict::TruePositive.name();
    Ok(StoredExposure {
        id: Id::from_uuid(row.read("id")?),
        origin: Origin::from_stored(row.read("origin")?),
        url: row.read("url")?,
        source: row.read("source")?,
        first_seen_at: Timestamp::from_millis(row.read("first_seen_at")?),
        state_before: row.read("state_before")?,
        revoked_at: Timestamp::from_millis(row.read("revoked_at")?),
        verdict: if genuine {
            Verdict::TruePositive
        } else {
            Verdict::FalsePositive
        },
    })
}
