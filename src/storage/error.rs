//! What can go wrong with a database, told apart by what the caller does next.

use sqlx::Error;

/// A statement did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database cannot be reached, or is shutting down, full or locked: try again later.
    #[error("the database is unavailable: {}", cause(.0))]
    Unavailable(Error),
    /// Two transactions got into each other's way and this one gave in: run it again.
    #[error("the transaction lost against another one: {}", cause(.0))]
    Conflict(Error),
    /// Anything else is a defect of ours.
    #[error("the database refused a statement: {}", cause(.0))]
    Unexpected(Error),
}

impl StorageError {
    /// For statements that find a row which a job may delete meanwhile, or delete a row which somebody
    /// may refer to meanwhile: doing the use case again finds out what is true now.
    pub(super) fn of_reference(self) -> Self {
        match self {
            Self::Unexpected(Error::Database(refusal)) if refusal.is_foreign_key_violation() => {
                Self::Conflict(Error::Database(refusal))
            }
            other => other,
        }
    }
}

/// The cause as an operator may read it. What a database adds to its message, such as the failing
/// row, holds addresses and names and stays out.
fn cause(error: &Error) -> String {
    match error {
        Error::Database(refusal) => match refusal.code() {
            Some(code) => format!("{} ({code})", refusal.message()),
            None => refusal.message().to_owned(),
        },
        other => other.to_string(),
    }
}

impl From<Error> for StorageError {
    fn from(error: Error) -> Self {
        match &error {
            Error::Io(_)
            | Error::Tls(_)
            | Error::Protocol(_)
            | Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed
            | Error::BeginFailed => Self::Unavailable(error),
            Error::Database(refusal) => match refusal.code().as_deref() {
                Some(code) if is_conflict(code) => Self::Conflict(error),
                Some(code) if is_unavailable(code) => Self::Unavailable(error),
                _ => Self::Unexpected(error),
            },
            _ => Self::Unexpected(error),
        }
    }
}

/// PostgreSQL: serialization failure, deadlock.
fn is_conflict(code: &str) -> bool {
    matches!(code, "40001" | "40P01")
}

/// PostgreSQL by class: connection (08), login refused (28), no such database (3D), insufficient
/// resources (53), operator intervention (57), system error (58), read-only after a failover
/// (25006). Login and database are asked about by a new connection only, so none of them is a
/// defect of a statement. SQLite by primary code: busy (5),
/// locked (6), read-only (8), I/O (10), full (13), cannot open (14).
fn is_unavailable(code: &str) -> bool {
    if code.len() == 5 {
        const CLASSES: [&str; 6] = ["08", "28", "3D", "53", "57", "58"];
        return code == "25006" || CLASSES.iter().any(|class| code.starts_with(class));
    }
    // SQLite's extended codes carry the primary one in their lowest byte.
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_by_what_helps() {
        assert!(is_conflict("40P01") && !is_conflict("23505"));
        for passing in [
            "08006", "28P01", "3D000", "57P01", "53300", "25006", "5", "261", "13", "14", "778",
        ] {
            assert!(is_unavailable(passing), "{passing}");
        }
        for lasting in ["23505", "42P01", "1", "19", "2067"] {
            assert!(!is_unavailable(lasting), "{lasting}");
        }
    }
}
