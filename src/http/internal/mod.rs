//! What internal services call with a service key.

pub(super) mod bulk;
pub(super) mod exposures;
pub(super) mod policy;
pub(super) mod revocations;
pub(super) mod tokens;
pub(super) mod webhooks;

mod body;
