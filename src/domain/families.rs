//! The end of families: a grant and every token that was minted from it.

use crate::model::{Grant, Id, Revocation};
use crate::storage::tokens::{self, RevokedToken};
use crate::storage::{StorageError, Tx, grants as grants_table};

/// Ends these grants and revokes their tokens; tells which tokens died. What is minted from one
/// of them at the same moment is dead on arrival, because every lookup asks for the grant.
pub(super) async fn end(
    tx: &mut Tx,
    grants: &[Id<Grant>],
    revocation: Revocation,
) -> Result<Vec<RevokedToken>, StorageError> {
    // In the order of a delivery, so that the two never wait for each other.
    let revoked = tokens::revoke_families(tx, grants, revocation).await?;
    grants_table::revoke(tx, grants, revocation.at).await?;
    Ok(revoked)
}
