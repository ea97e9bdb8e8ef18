//! A mailbox in memory, for tests and the demonstration.

use std::sync::{Arc, Mutex, PoisonError};

/// Messages that were sent, as they would have crossed the wire. Clones share one mailbox.
#[derive(Clone, Debug, Default)]
pub struct MemoryMailbox(Arc<Mutex<Vec<Vec<u8>>>>);

impl MemoryMailbox {
    /// Every message so far, in the order they were sent.
    #[must_use]
    pub fn messages(&self) -> Vec<Vec<u8>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn put(&self, message: Vec<u8>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
    }
}
