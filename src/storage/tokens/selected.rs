//! Tokens that are meant together, in the order they were made.

use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use super::revocation::EndingToken;
use crate::model::{Id, Selection, Timestamp, Token, TokenKind};
use crate::storage::StorageError;
use crate::storage::backend::{Backend, Db, patient};
use crate::storage::rows::{Columns, column, token_kind};

/// What is in quarantine may come back, and shall not.
const NOT_FOR_GOOD: &str = "COALESCE(t.revoked_reason, 'quarantined')
         IN ('quarantined', 'relative_quarantined')";

/// Up to `limit` of the selected tokens that nobody revoked for good and that were made before `end`, or come
/// from a grant that was, behind `after`: a family that is refreshed meanwhile is the same family.
///
/// # Errors
/// When the database fails.
pub async fn list_selected(
    db: &Db,
    selection: &Selection,
    end: Timestamp,
    after: Id<Token>,
    limit: i64,
) -> Result<Vec<EndingToken>, StorageError> {
    let start =
        format!("SELECT t.id, t.kind, t.grant_id, t.user_id FROM tokens AS t WHERE {NOT_FOR_GOOD}");
    match db.reader() {
        Backend::Sqlite(c) => {
            let mut text = QueryBuilder::new(start);
            which(&mut text, selection, end);
            rest(&mut text, after, limit);
            patient(text.build().try_map(|row| read(&row)).fetch_all(c)).await
        }
        Backend::Postgres(c) => {
            let mut text = QueryBuilder::new(start);
            which(&mut text, selection, end);
            rest(&mut text, after, limit);
            // A plan that is kept is made for an owner of a few tokens, and sorts all that this one has.
            let query = text.build().persistent(false);
            patient(query.try_map(|row| read(&row)).fetch_all(c)).await
        }
    }
}

/// How many there are.
///
/// # Errors
/// When the database fails.
pub async fn count_selected(
    db: &Db,
    selection: &Selection,
    end: Timestamp,
) -> Result<i64, StorageError> {
    let start = format!("SELECT count(*) AS total FROM tokens AS t WHERE {NOT_FOR_GOOD}");
    match db.reader() {
        Backend::Sqlite(c) => {
            let mut text = QueryBuilder::new(start);
            which(&mut text, selection, end);
            patient(
                text.build()
                    .try_map(|row| column(&row, "total"))
                    .fetch_one(c),
            )
            .await
        }
        Backend::Postgres(c) => {
            let mut text = QueryBuilder::new(start);
            which(&mut text, selection, end);
            patient(
                text.build()
                    .try_map(|row| column(&row, "total"))
                    .fetch_one(c),
            )
            .await
        }
    }
}

/// One condition for each thing that matters, so that a plan can use the index of it.
fn which<DB: Database>(text: &mut QueryBuilder<DB>, selection: &Selection, end: Timestamp)
where
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
    for<'q> &'q str: Encode<'q, DB> + Type<DB>,
{
    let ids = [
        (" AND t.user_id = ", selection.user.map(Id::uuid)),
        (
            " AND t.organization_id = ",
            selection.organization.map(Id::uuid),
        ),
        (" AND t.client_id = ", selection.client.map(Id::uuid)),
        (" AND t.grant_id = ", selection.grant.map(Id::uuid)),
    ];
    for (condition, id) in ids {
        if let Some(id) = id {
            text.push(condition).push_bind(id);
        }
    }
    if let Some(customer) = selection.customer.as_deref() {
        text.push(" AND t.customer = ").push_bind(customer);
    }
    if let Some(kind) = selection.kind.map(TokenKind::name) {
        text.push(" AND t.kind = ").push_bind(kind);
    }
    let end = selection
        .created_before
        .map_or(end, |before| before.min(end));
    // Not `EXISTS`: for that, PostgreSQL may read all grants first.
    text.push(" AND (t.created_at < ")
        .push_bind(end.as_millis());
    text.push(" OR (SELECT g.created_at FROM grants AS g WHERE g.id = t.grant_id) < ")
        .push_bind(end.as_millis());
    text.push(")");
}

fn rest<DB: Database>(text: &mut QueryBuilder<DB>, after: Id<Token>, limit: i64)
where
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
{
    text.push(" AND t.id > ").push_bind(after.uuid());
    text.push(" ORDER BY t.id LIMIT ").push_bind(limit);
}

fn read(row: &impl Columns) -> Result<EndingToken, sqlx::Error> {
    Ok(EndingToken {
        id: Id::from_uuid(row.read("id")?),
        kind: token_kind(row)?,
        grant: row.read::<Option<Uuid>>("grant_id")?.map(Id::from_uuid),
        user: row.read::<Option<Uuid>>("user_id")?.map(Id::from_uuid),
    })
}
