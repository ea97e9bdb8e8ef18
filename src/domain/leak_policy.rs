//! A policy about leaks that changes while the service runs.

use serde_json::json;

use super::Context;
use crate::model::{Deed, Rule};
use crate::storage::StorageError;
use crate::storage::journal::Event;

/// Writes the policy that is in force into the audit log, after it has changed.
///
/// # Errors
/// When it could not be written down.
pub async fn tell(ctx: &Context) -> Result<(), StorageError> {
    let policy = ctx.leak_policy.current();
    let rules: Vec<_> = policy.rules.iter().map(Rule::to_string).collect();
    let detail = json!({
        "default": policy.default.name(),
        "rules": rules,
        "quarantine_seconds": policy.quarantine.as_secs(),
        "quarantine_ends_with": policy.quarantine_end.name(),
        "breaker_revocations": policy.breaker.most,
        "breaker_share": policy.breaker.share,
        "breaker_window_seconds": policy.breaker.window.as_secs(),
        "breaker_quiet_seconds": policy.breaker.quiet.as_secs(),
    });
    let deed = Deed {
        name: "policy.changed",
        about: Default::default(),
        detail: Some(detail),
    };
    let mut tx = ctx.db.begin().await?;
    tx.note(ctx.clock.now(), Event::Done(deed));
    tx.commit().await
}
