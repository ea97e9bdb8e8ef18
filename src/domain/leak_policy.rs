//! A policy about leaks that changes while the service runs.

use serde_json::json;

use super::Context;
use crate::model::{Deed, LeakPolicy, Rule};
use crate::storage::StorageError;
use crate::storage::journal::Event;

/// Puts this policy in force, and writes that into the audit log; `false` when it is in force already.
///
/// # Errors
/// When it could not be written down. It is in force all the same.
pub async fn change(ctx: &Context, policy: LeakPolicy) -> Result<bool, StorageError> {
    let rules: Vec<_> = policy.rules.iter().map(Rule::to_string).collect();
    let detail = json!({
        "default": policy.default.name(),
        "rules": rules,
        "quarantine_seconds": policy.quarantine.as_secs(),
        "quarantine_ends_with": policy.quarantine_end.name(),
        "breaker_revocations": policy.breaker.most,
        "breaker_share": policy.breaker.share,
    });
    if !ctx.leak_policy.replace(policy) {
        return Ok(false);
    }
    let deed = Deed {
        name: "policy.changed",
        about: Default::default(),
        detail: Some(detail),
    };
    let mut tx = ctx.db.begin().await?;
    tx.note(ctx.clock.now(), Event::Done(deed));
    tx.commit().await?;
    Ok(true)
}
