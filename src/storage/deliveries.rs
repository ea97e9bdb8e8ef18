//! Table `deliveries`: what origins sent and what they were answered. Reported strings are never
//! kept; a repeated delivery is recognised by the digest of its body.

use uuid::Uuid;

mod answered;

pub use answered::{
    AnsweredDelivery, DeliveryFilter, Outcome, find, list_reactions, page, window_end,
};

use super::backend::{Backend, Db, Tx, sql};
use super::error::StorageError;
use super::overdue::{self, Overdue};
use super::rows::Columns;
use crate::model::{Delivery, Timestamp, Verdict};

/// Remembers a delivery and its answer, unless nothing of it may be kept. When the same body came
/// before, the earlier verdicts are returned instead and stay as they are.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    delivery: &Delivery,
    verdicts: &[Verdict],
) -> Result<Remembered, StorageError> {
    let Some(body_digest) = &delivery.body_digest else {
        return Ok(Remembered::Never);
    };
    let added = sql!(tx.connection(), execute sqlx::query(
        "INSERT INTO deliveries (
             id, origin, body_digest, key_id, received_at, report_count, verdicts
         )
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (origin, body_digest) DO NOTHING",
    )
    .bind(delivery.id.uuid())
    .bind(delivery.origin.as_str())
    .bind(body_digest.as_slice())
    .bind(delivery.key_id.as_str())
    .bind(delivery.received_at.as_millis())
    .bind(i64::try_from(verdicts.len()).unwrap_or(i64::MAX))
    .bind(pack(verdicts)))?;
    if added == 1 {
        return Ok(Remembered::Now);
    }
    let (id, packed) = sql!(tx.connection(), |c| sqlx::query(
        "SELECT id, verdicts
         FROM deliveries
         WHERE origin = $1 AND body_digest = $2",
    )
    .bind(delivery.origin.as_str())
    .bind(body_digest.as_slice())
    .try_map(|row| earlier(&row))
    .fetch_one(c))?;
    Ok(Remembered::Before {
        id,
        verdicts: unpack(&packed, verdicts.len()),
    })
}

fn earlier(row: &impl Columns) -> Result<(Uuid, Vec<u8>), sqlx::Error> {
    Ok((row.read("id")?, row.read("verdicts")?))
}

/// Whether a delivery is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// It is.
    Now,
    /// Nobody will know: nothing of it is kept.
    Never,
    /// The same body was handled before.
    Before {
        /// As this delivery.
        id: Uuid,
        /// With this answer.
        verdicts: Vec<Verdict>,
    },
}

/// Lets up to `limit` exposures forget by which delivery they came, of the `limit` oldest deliveries
/// that came before `before`; tells how many.
///
/// # Errors
/// When the database fails.
pub async fn detach_old(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StorageError> {
    const SQLITE: &str = "UPDATE exposures
         SET delivery_id = NULL
         WHERE id IN (
             SELECT id
             FROM exposures
             WHERE delivery_id IN (
                 SELECT id
                 FROM deliveries
                 WHERE received_at < $1
                 ORDER BY received_at, id
                 LIMIT $2
             )
             LIMIT $2
         )";
    // An array is looked up by the index; a set is joined, and while there are few exposures a plan
    // would read all of them, and would be kept while they become many.
    const POSTGRES: &str = "UPDATE exposures
         SET delivery_id = NULL
         WHERE id = ANY(ARRAY(
             SELECT id
             FROM exposures
             WHERE delivery_id = ANY(ARRAY(
                 SELECT id
                 FROM deliveries
                 WHERE received_at < $1
                 ORDER BY received_at, id
                 LIMIT $2
             ))
             LIMIT $2
         ))";
    let statement = match tx.connection() {
        Backend::Sqlite(_) => SQLITE,
        Backend::Postgres(_) => POSTGRES,
    };
    sql!(tx.connection(), execute sqlx::query(statement)
        .bind(before.as_millis())
        .bind(limit))
}

/// Deletes the `limit` oldest deliveries that came before `before`, those that no exposure names;
/// tells how many.
///
/// # Errors
/// When the database fails.
pub async fn delete_old(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, StorageError> {
    sql!(tx.connection(), execute sqlx::query(
        "DELETE FROM deliveries
         WHERE id IN (
                 SELECT id
                 FROM deliveries
                 WHERE received_at < $1
                 ORDER BY received_at, id
                 LIMIT $2
             )
             AND NOT EXISTS (
                 SELECT 1
                 FROM exposures AS e
                 WHERE e.delivery_id = deliveries.id
             )",
    )
    .bind(before.as_millis())
    .bind(limit))
    // One of them may just be handled again.
    .map_err(StorageError::of_reference)
}

/// How many deliveries came before `before`, `most` at most.
///
/// # Errors
/// When the database fails.
pub async fn count_old(db: &Db, before: Timestamp, most: i64) -> Result<Overdue, StorageError> {
    const STATEMENT: &str = "SELECT count(*) AS number, min(received_at) AS oldest
         FROM (
             SELECT received_at
             FROM deliveries
             WHERE received_at < $1
             ORDER BY received_at
             LIMIT $2
         ) AS due";
    overdue::count(db, STATEMENT, before, most).await
}

/// One bit per report, the first in the highest bit of the first byte.
fn pack(verdicts: &[Verdict]) -> Vec<u8> {
    verdicts
        .chunks(8)
        .map(|eight| {
            eight
                .iter()
                .enumerate()
                .fold(0, |byte, (place, verdict)| match verdict {
                    Verdict::TruePositive => byte | (0x80 >> place),
                    Verdict::FalsePositive => byte,
                })
        })
        .collect()
}

fn unpack(bytes: &[u8], count: usize) -> Vec<Verdict> {
    bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |place| byte & (0x80 >> place) != 0))
        .map(|bit| {
            if bit {
                Verdict::TruePositive
            } else {
                Verdict::FalsePositive
            }
        })
        .take(count)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn verdicts_survive_packing(bits: Vec<bool>) {
            let verdicts: Vec<_> = bits
                .iter()
                .map(|bit| if *bit { Verdict::TruePositive } else { Verdict::FalsePositive })
                .collect();
            prop_assert_eq!(unpack(&pack(&verdicts), verdicts.len()), verdicts);
        }
    }
}
