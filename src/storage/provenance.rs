//! In whose name this task works, and in which request: known from the outside in, asked for by what is
//! written down, so that no use case has to pass it on.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use crate::model::Actor;

tokio::task_local! {
    static CURRENT: Provenance;
}

/// Who acts, and in which request.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    request: Option<Uuid>,
    actor: Arc<Mutex<Actor>>,
}

impl Provenance {
    /// Somebody whose request this is, and of whom nothing else is known yet.
    #[must_use]
    pub fn request(id: Uuid) -> Self {
        Self {
            request: Some(id),
            ..Self::default()
        }
    }

    /// Somebody who needs no request.
    #[must_use]
    pub fn of(actor: Actor) -> Self {
        Self {
            request: None,
            actor: Arc::new(Mutex::new(actor)),
        }
    }

    /// Somebody whose order is carried out now, under the id that it had then.
    #[must_use]
    pub fn order(actor: Actor, id: Uuid) -> Self {
        Self {
            request: Some(id),
            ..Self::of(actor)
        }
    }

    /// Does `work` in this name.
    pub async fn within<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }
}

/// From here on, whoever proved just now who they are acts in this task.
pub fn act_as(actor: Actor) {
    let _ = CURRENT.try_with(|current| {
        *current.actor.lock().unwrap_or_else(PoisonError::into_inner) = actor;
    });
}

/// Who acts in this task.
#[must_use]
pub fn actor() -> Actor {
    let actor = CURRENT.try_with(|current| {
        let actor = current.actor.lock();
        actor.unwrap_or_else(PoisonError::into_inner).clone()
    });
    actor.unwrap_or_default()
}

/// The request that this task answers.
#[must_use]
pub fn request() -> Option<Uuid> {
    CURRENT.try_with(|current| current.request).ok().flatten()
}
