//! Table `exposures`: which token was seen where, once per place.

use std::sync::LazyLock;

use uuid::Uuid;

mod decided;
mod earlier;
mod fresh;
mod of_delivery;
mod owned;
mod places;
mod sealed;

pub use decided::{Redecided, list_observed, redecide};
pub use earlier::list_seen_before;
pub use fresh::{FreshExposure, NewExposure, insert};
pub use of_delivery::list_by_delivery;
pub use owned::{SeenWhere, assign_owners, is_any_unowned, list_by_owner};
pub use places::{PlacesHeld, count_old, list_old, list_origins, places_held, scrub};
pub use sealed::{PlaceMove, SealedPlace, list_unsealed, move_places, seal};

use super::backend::{Backend, Db, Tx, patient, sql};
use super::error::StorageError;
use super::rows::{Columns, exactly, ids_as_json};
use super::tokens::{found, with_more};
use crate::model::{
    Exposure, Id, KnownToken, Organization, Origin, Reaction, Timestamp, Token, TokenKind, User,
    Verdict,
};

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
    /// Since when the token is dead; `None` when it was not dead and was left as it was.
    pub revoked_at: Option<Timestamp>,
    /// What was decided about it.
    pub decision: Reaction,
    /// Which rule decided; `None` from before there were several.
    pub decided_by: Option<String>,
    /// What the reporter was answered.
    pub verdict: Verdict,
    /// When address and kind of place were removed, because they had been kept for long enough.
    pub scrubbed_at: Option<Timestamp>,
}

/// A token, the key of a place where it was seen, and the record of it.
pub type Recorded = (Id<Token>, [u8; 32], Id<Exposure>);

/// The exposures of these tokens, each with the token and the key of its place.
///
/// # Errors
/// When the database fails.
pub async fn list_keys(tx: &mut Tx, tokens: &[Id<Token>]) -> Result<Vec<Recorded>, StorageError> {
    const SQLITE: &str = "SELECT token_id, place_key, id
         FROM exposures
         WHERE token_id IN (SELECT unhex(value) FROM json_each($1))";
    const POSTGRES: &str = "SELECT token_id, place_key, id
         FROM exposures
         WHERE token_id = ANY($1)";
    let ids: Vec<Uuid> = tokens.iter().map(|id| id.uuid()).collect();
    match tx.connection() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE).bind(ids_as_json(&ids));
            patient(query.try_map(|row| key(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let query = sqlx::query(POSTGRES).bind(ids);
            patient(query.try_map(|row| key(&row)).fetch_all(c)).await
        }
    }
}

fn key(row: &impl Columns) -> Result<Recorded, sqlx::Error> {
    Ok((
        Id::from_uuid(row.read("token_id")?),
        exactly(&row.read::<Vec<u8>>("place_key")?)?,
        Id::from_uuid(row.read("id")?),
    ))
}

/// Every place where a token was seen, first to last.
///
/// # Errors
/// When the database fails.
pub async fn list_by_token(db: &Db, token: Id<Token>) -> Result<Vec<StoredExposure>, StorageError> {
    sql!(db.reader(), |c| sqlx::query(
        "SELECT
             id, origin, url, source, first_seen_at, state_before, revoked_at, verdict,
             decision, decided_by, scrubbed_at
         FROM exposures
         WHERE token_id = $1
         ORDER BY first_seen_at, id",
    )
    .bind(token.uuid())
    .try_map(|row| stored(&row))
    .fetch_all(c))
}

/// Which exposures are wanted; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct ExposureFilter {
    /// Of this token.
    pub token: Option<Id<Token>>,
    /// Of this user's tokens, or those they made for an organization.
    pub user: Option<Id<User>>,
    /// Of this organization's tokens, or those limited to it.
    pub organization: Option<Id<Organization>>,
    /// Of tokens of the client with this public identifier.
    pub client: Option<String>,
    /// Of tokens that act for this customer.
    pub customer: Option<String>,
    /// Of tokens of this kind.
    pub kind: Option<TokenKind>,
    /// First reported by this origin.
    pub origin: Option<String>,
    /// First seen then or later.
    pub since: Option<Timestamp>,
    /// First seen earlier than that.
    pub until: Option<Timestamp>,
}

/// An exposure with its token.
#[derive(Clone, Debug)]
pub struct SeenToken {
    /// The record.
    pub exposure: StoredExposure,
    /// The token, as it is now.
    pub known: KnownToken,
}

const SEEN: &str = ",
        e.id AS exposure_id, e.origin AS exposure_origin, e.url AS exposure_url,
        e.source AS exposure_source, e.first_seen_at AS exposure_first_seen_at,
        e.state_before AS exposure_state_before, e.revoked_at AS exposure_revoked_at,
        e.verdict AS exposure_verdict, e.decision AS exposure_decision,
        e.decided_by AS exposure_decided_by, e.scrubbed_at AS exposure_scrubbed_at";

/// Up to `limit` exposures behind `after`, newest first.
///
/// # Errors
/// When the database fails.
pub async fn page(
    db: &Db,
    filter: &ExposureFilter,
    after: Option<Id<Exposure>>,
    limit: i64,
) -> Result<Vec<SeenToken>, StorageError> {
    // The casts tell PostgreSQL the type of what is perhaps NULL. On SQLite they only make another
    // value that is not NULL.
    static STATEMENT: LazyLock<String> = LazyLock::new(|| {
        with_more(
            SEEN,
            "JOIN exposures AS e ON e.token_id = t.id
             WHERE (CAST($1 AS UUID) IS NULL OR e.id < $1)
                 AND (CAST($2 AS UUID) IS NULL OR e.token_id = $2)
                 AND (CAST($3 AS UUID) IS NULL OR t.user_id = $3)
                 AND (CAST($4 AS UUID) IS NULL OR t.organization_id = $4)
                 AND (CAST($5 AS TEXT) IS NULL OR c.client_id = $5)
                 AND (CAST($6 AS TEXT) IS NULL OR t.kind = $6)
                 AND (CAST($7 AS TEXT) IS NULL OR e.origin = $7)
                 AND (CAST($8 AS BIGINT) IS NULL OR e.first_seen_at >= $8)
                 AND (CAST($9 AS BIGINT) IS NULL OR e.first_seen_at < $9)
                 AND (CAST($10 AS TEXT) IS NULL OR t.customer = $10)
             ORDER BY e.id DESC
             LIMIT $11",
        )
    });
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(after.map(Id::uuid))
        .bind(filter.token.map(Id::uuid))
        .bind(filter.user.map(Id::uuid))
        .bind(filter.organization.map(Id::uuid))
        .bind(filter.client.as_deref())
        .bind(filter.kind.map(TokenKind::name))
        .bind(filter.origin.as_deref())
        .bind(filter.since.map(Timestamp::as_millis))
        .bind(filter.until.map(Timestamp::as_millis))
        .bind(filter.customer.as_deref())
        .bind(limit)
        .try_map(|row| seen(&row))
        .fetch_all(c))
}

/// The exposure with this id.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: Id<Exposure>) -> Result<Option<SeenToken>, StorageError> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| {
        with_more(
            SEEN,
            "JOIN exposures AS e ON e.token_id = t.id WHERE e.id = $1",
        )
    });
    sql!(db.reader(), |c| sqlx::query(STATEMENT.as_str())
        .bind(id.uuid())
        .try_map(|row| seen(&row))
        .fetch_optional(c))
}

fn seen(row: &impl Columns) -> Result<SeenToken, sqlx::Error> {
    Ok(SeenToken {
        exposure: named(row, "exposure_")?,
        known: found(row)?.known,
    })
}

fn stored(row: &impl Columns) -> Result<StoredExposure, sqlx::Error> {
    named(row, "")
}

/// An exposure whose columns have this before their names.
fn named(row: &impl Columns, prefix: &str) -> Result<StoredExposure, sqlx::Error> {
    let name = |column: &str| format!("{prefix}{column}");
    let verdict: String = row.read(&name("verdict"))?;
    let genuine = verdict == Verdict::TruePositive.name();
    Ok(StoredExposure {
        id: Id::from_uuid(row.read(&name("id"))?),
        origin: Origin::from_stored(row.read(&name("origin"))?),
        url: row.read(&name("url"))?,
        source: row.read(&name("source"))?,
        first_seen_at: Timestamp::from_millis(row.read(&name("first_seen_at"))?),
        state_before: row.read(&name("state_before"))?,
        revoked_at: Some(row.read::<i64>(&name("revoked_at"))?)
            .filter(|at| *at != 0)
            .map(Timestamp::from_millis),
        decision: Reaction::from_stored(row.read::<Option<String>>(&name("decision"))?.as_deref()),
        decided_by: row.read(&name("decided_by"))?,
        verdict: if genuine {
            Verdict::TruePositive
        } else {
            Verdict::FalsePositive
        },
        scrubbed_at: row
            .read::<Option<i64>>(&name("scrubbed_at"))?
            .map(Timestamp::from_millis),
    })
}
