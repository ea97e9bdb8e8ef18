//! Who hears that somebody signed out (OpenID Connect Back-Channel Logout 1.0).

use uuid::Uuid;

use crate::model::Timestamp;
use crate::storage::{StorageError, Tx, logout_notices};

/// Puts down that these sessions ended, for every client that has tokens from them and wants to
/// hear of it.
pub(super) async fn announce(
    tx: &mut Tx,
    sids: &[Uuid],
    now: Timestamp,
) -> Result<(), StorageError> {
    for sid in sids {
        for listener in logout_notices::list_listeners(tx, *sid).await? {
            if listener.metadata.backchannel_logout_uri.is_some() {
                logout_notices::insert(tx, &listener, *sid, now).await?;
            }
        }
    }
    Ok(())
}
