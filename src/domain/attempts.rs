//! Transactions that lost against another one are begun again.

use super::DomainError;
use super::exchange::ExchangeError;
use super::revocation::RevocationRefusal;
use super::sign_in::SignInRefusal;
use crate::storage::StorageError;

/// How often a use case is begun before its failure is told.
const ATTEMPTS: usize = 8;

/// Whether doing it again may succeed where it just failed.
pub(super) trait Transient {
    fn is_conflict(&self) -> bool;
}

impl Transient for StorageError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

impl Transient for DomainError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Storage(StorageError::Conflict(_)))
    }
}

impl Transient for ExchangeError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Storage(StorageError::Conflict(_)))
    }
}

impl Transient for RevocationRefusal {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Storage(StorageError::Conflict(_)))
    }
}

impl Transient for SignInRefusal {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Storage(StorageError::Conflict(_)))
    }
}

/// Does `work`, and does it again while it loses against concurrent transactions (PostgreSQL:
/// deadlocks; on SQLite writers wait in line).
pub(super) async fn until_settled<T, E: Transient>(
    work: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    for _ in 1..ATTEMPTS {
        match work().await {
            Err(error) if error.is_conflict() => {}
            outcome => return outcome,
        }
    }
    work().await
}
