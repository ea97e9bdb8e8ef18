//! The id of a request: in the answer's header, in every log line about it, in every error.

use std::future::Future;

use uuid::Uuid;

use crate::domain::provenance::{self, Provenance};
use crate::model::{Id, Timestamp};

/// The header that carries it.
pub(super) const HEADER: &str = "x-request-id";

/// A new id. Ids that callers send are not taken over: they could hold anything.
pub(super) fn fresh(now: Timestamp) -> Uuid {
    Id::<Uuid>::new(now).uuid()
}

/// Runs `work` as part of the request `id`.
pub(super) async fn within<T>(id: Uuid, work: impl Future<Output = T>) -> T {
    Provenance::request(id).within(work).await
}

/// The id of the request under way, for an error's body.
pub(super) fn current() -> Option<Uuid> {
    provenance::request()
}
