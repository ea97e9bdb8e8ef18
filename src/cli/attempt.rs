//! Attempts to use a token after it leaked, as `token inspect` and `exposure show` tell of them.

use serde::Serialize;

use super::output::Shown;
use super::values::or;
use crate::domain::leaked_uses::StoredUse;

/// Attempts by one way in, from one address.
#[derive(Serialize)]
pub(super) struct AttemptView {
    via: String,
    address: Option<String>,
    first_at: String,
    last_at: String,
    times: i64,
}

impl From<StoredUse> for AttemptView {
    fn from(stored: StoredUse) -> Self {
        Self {
            via: stored.via,
            address: stored.from,
            first_at: stored.first_at.to_string(),
            last_at: stored.last_at.to_string(),
            times: stored.times,
        }
    }
}

impl Shown for AttemptView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("last tried", self.last_at.clone()),
            ("first tried", self.first_at.clone()),
            ("times", self.times.to_string()),
            ("via", self.via.clone()),
            ("from", or(self.address.as_ref(), "unknown")),
        ]
    }
}
