//! Identifiers: UUIDv7 (RFC 9562 5.7), so they sort by creation, with a type per kind of thing.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::{Builder, Uuid};

use super::random;
use super::time::Timestamp;

/// The id of one `T`; an `Id<User>` cannot be passed where an `Id<Token>` is wanted.
pub struct Id<T> {
    uuid: Uuid,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// A new id whose time part is `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Self::from_uuid(
            Builder::from_unix_timestamp_millis(millis, &random::bytes::<10>()).into_uuid(),
        )
    }

    /// The time part of an id that was made here; `None` when it cannot have been.
    #[must_use]
    pub fn made_at(self) -> Option<Timestamp> {
        let time = self
            .uuid
            .get_timestamp()
            .filter(|_| self.uuid.get_version_num() == 7)?;
        let (seconds, nanos) = time.to_unix();
        let millis = seconds
            .checked_mul(1_000)?
            .checked_add(u64::from(nanos) / 1_000_000)?;
        i64::try_from(millis).ok().map(Timestamp::from_millis)
    }

    /// Wraps an id as it was stored.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self {
            uuid,
            of: PhantomData,
        }
    }

    /// The bare UUID, as it is stored.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}

impl<T> FromStr for Id<T> {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self::from_uuid)
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.uuid.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::from_uuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::User;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let early = Id::<User>::new(Timestamp::from_millis(1_000));
        let late = Id::<User>::new(Timestamp::from_millis(2_000));
        assert!(early < late);
        assert_eq!(early.uuid().get_version_num(), 7);
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        let at = Timestamp::from_millis(1_767_225_600_123);
        assert_eq!(Id::<User>::new(at).made_at(), Some(at));
        assert_eq!(Id::<User>::from_uuid(Uuid::nil()).made_at(), None);
        assert_eq!(Id::<User>::from_uuid(Uuid::max()).made_at(), None);
    }

    #[test]
    fn an_id_survives_its_text_form() {
        let id = Id::<User>::new(Timestamp::from_millis(1_700_000_000_000));
        assert_eq!(id.to_string().parse::<Id<User>>().unwrap(), id);
    }
}
