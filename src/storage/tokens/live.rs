//! About how many tokens work, from a sample.

use crate::model::Timestamp;
use crate::storage::StorageError;
use crate::storage::backend::{Db, sql};
use crate::storage::rows::{Columns, column};

/// What was found among the tokens with the smallest digests. Digests are evenly spread, so these are a
/// fair sample of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How many were looked at.
    pub seen: i64,
    /// How many of those had neither ended nor expired.
    pub live: i64,
    /// The first eight bytes of the largest digest looked at; `None` when all tokens were.
    pub until: Option<u64>,
}

/// Looks at `size` tokens, or at all when there are fewer. Tokens whose owner is blocked count as live.
///
/// # Errors
/// When the database fails.
pub async fn sample_live(db: &Db, size: i64, now: Timestamp) -> Result<Sample, StorageError> {
    let counted = sql!(db.reader(), |c| sqlx::query(
        "SELECT count(*) AS seen, count(CASE WHEN lives THEN 1 END) AS live
         FROM (
             SELECT
                 revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2) AS lives
             FROM tokens
             ORDER BY digest
             LIMIT $1
         ) AS due",
    )
    .bind(size)
    .bind(now.as_millis())
    .try_map(|row| counted(&row))
    .fetch_one(c))?;
    let last = sql!(db.reader(), |c| sqlx::query(
        "SELECT digest
         FROM tokens
         ORDER BY digest
         LIMIT 1 OFFSET $1",
    )
    .bind(size - 1)
    .try_map(|row| column::<Vec<u8>>(&row, "digest"))
    .fetch_optional(c))?;
    let first_bytes = |digest: Vec<u8>| {
        let bytes = digest.first_chunk::<8>().copied();
        u64::from_be_bytes(bytes.unwrap_or_default())
    };
    Ok(Sample {
        until: last.map(first_bytes),
        ..counted
    })
}

fn counted(row: &impl Columns) -> Result<Sample, sqlx::Error> {
    Ok(Sample {
        seen: row.read("seen")?,
        live: row.read("live")?,
        until: None,
    })
}
