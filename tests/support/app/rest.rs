//! Work in batches, without a rest between them.

use std::time::Duration;

use tokenward::domain::retention::Rest;

/// Whoever goes on at once.
pub(crate) struct AtOnce;

impl Rest for AtOnce {
    async fn rest(&self, _: Duration) -> bool {
        true
    }
}
