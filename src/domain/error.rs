//! Why a use case did not happen, told apart by what the caller can do about it.

use crate::storage::StorageError;

/// Why a use case did not happen.
#[derive(Debug, thiserror::Error)]
pub enum DomainError {
    /// There is no such thing.
    #[error("{0}")]
    NotFound(&'static str),
    /// There is one already.
    #[error("{0}")]
    Taken(&'static str),
    /// It was asked for in a way that makes no sense.
    #[error("{0}")]
    Invalid(&'static str),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
