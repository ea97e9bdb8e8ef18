//! Finding codes and refresh tokens, each with what the authorization request said.

use std::sync::LazyLock;

use uuid::Uuid;

use super::known::{FoundToken, digests_as_json, found, time, with_more};
use crate::model::{Grant, GrantRequest, Id, PersonName, ScopeSet, Timestamp, TokenDigest};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, patient};
use crate::storage::rows::Columns;

/// A token with the grant it was minted from.
#[derive(Clone, Debug)]
pub struct GrantedToken {
    /// The token.
    pub found: FoundToken,
    /// Its grant, for kinds that have one.
    pub grant: Option<Grant>,
    /// Whether its user ever proved to read the mail that goes to their address.
    pub email_verified: bool,
    /// What its user is called.
    pub user_name: Option<PersonName>,
}

const MORE: &str = ",
        g.client_id AS grant_client_id, g.user_id AS grant_user_id,
        g.organization_id AS grant_organization_id, g.scopes AS grant_scopes,
        g.created_at AS grant_created_at, g.sid, g.auth_time, g.redirect_uri, g.code_challenge,
        g.nonce, g.claims, g.resources, g.ends_at, u.email_verified_at,
        u.name AS user_name";

/// The token that is stored under one of these digests, with its grant.
///
/// # Errors
/// When the database fails.
pub async fn find_with_grant(
    db: &Db,
    digests: &[TokenDigest],
) -> Result<Option<GrantedToken>, StorageError> {
    static SQLITE: LazyLock<String> = LazyLock::new(|| {
        with_more(
            MORE,
            "WHERE t.digest IN (SELECT unhex(value) FROM json_each($1))",
        )
    });
    // Why not `= ANY($1)` alone: see `find_by_digests`.
    static POSTGRES: LazyLock<String> = LazyLock::new(|| {
        with_more(
            MORE,
            "WHERE t.digest = ANY(ARRAY(SELECT unnest($1::bytea[])))",
        )
    });
    match db.reader() {
        Backend::Sqlite(c) => {
            let query = sqlx::query(SQLITE.as_str()).bind(digests_as_json(digests));
            patient(query.try_map(|row| granted(&row)).fetch_optional(c)).await
        }
        Backend::Postgres(c) => {
            let digests: Vec<&[u8]> = digests.iter().map(|d| d.as_bytes().as_slice()).collect();
            let query = sqlx::query(POSTGRES.as_str()).bind(digests);
            patient(query.try_map(|row| granted(&row)).fetch_optional(c)).await
        }
    }
}

/// The columns that tell of a token's grant, besides those of the token.
pub(in crate::storage) const fn with_grant() -> &'static str {
    MORE
}

pub(in crate::storage) fn granted(row: &impl Columns) -> Result<GrantedToken, sqlx::Error> {
    let found = found(row)?;
    let grant = match found.known.token.grant {
        Some(id) => Some(grant(id, row)?),
        None => None,
    };
    let email_verified = time(row, "email_verified_at")?.is_some();
    Ok(GrantedToken {
        found,
        grant,
        email_verified,
        user_name: row
            .read::<Option<String>>("user_name")?
            .map(PersonName::from_stored),
    })
}

fn grant(id: Id<Grant>, row: &impl Columns) -> Result<Grant, sqlx::Error> {
    let organization: Option<Uuid> = row.read("grant_organization_id")?;
    let resources: Option<String> = row.read("resources")?;
    Ok(Grant {
        id,
        client: Id::from_uuid(row.read("grant_client_id")?),
        user: Id::from_uuid(row.read("grant_user_id")?),
        organization: organization.map(Id::from_uuid),
        scopes: ScopeSet::from_stored(&row.read::<String>("grant_scopes")?),
        created_at: Timestamp::from_millis(row.read("grant_created_at")?),
        request: GrantRequest {
            sid: row.read("sid")?,
            auth_time: time(row, "auth_time")?,
            redirect_uri: row.read("redirect_uri")?,
            code_challenge: row.read("code_challenge")?,
            nonce: row.read("nonce")?,
            claims: row.read("claims")?,
            resources: resources
                .iter()
                .flat_map(|all| all.split(' '))
                .map(str::to_owned)
                .collect(),
            ends_at: time(row, "ends_at")?,
        },
    })
}
