//! The check: whether any row was edited, removed, put in or moved since it was chained.

use std::fmt;
use std::str::FromStr;

use super::is_vouched;
use crate::model::audit::Link;
use crate::model::{HashKeyId, HashKeys};
use crate::storage::audit_log::{self, ChainedRecord};
use crate::storage::{Db, StorageError};

/// How many rows are read at a time.
const PAGE: i64 = 2_000;
/// How many flaws are told; whoever rewrote a million rows need not be told a million times.
const MOST_FLAWS: usize = 100;
/// How often the log is read anew because some of it was pruned meanwhile.
const MOST_READINGS: u32 = 4;

/// A place in the chain and its link, written `SEQ:HEX`. Noted elsewhere, it finds out whoever puts an
/// older log back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The place.
    pub seq: i64,
    /// Its link.
    pub link: Link,
}

/// The text is no anchor.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("an anchor is a number, a colon and 64 hexadecimal digits, as `audit verify` prints it")]
pub struct InvalidAnchor;

impl FromStr for Anchor {
    type Err = InvalidAnchor;

    fn from_str(text: &str) -> Result<Self, InvalidAnchor> {
        let (seq, link) = text.trim().split_once(':').ok_or(InvalidAnchor)?;
        let seq = seq.parse().map_err(|_| InvalidAnchor)?;
        let link = hex::decode(link).map_err(|_| InvalidAnchor)?;
        let link = link.try_into().map_err(|_| InvalidAnchor)?;
        Ok(Self { seq, link })
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(self.link))
    }
}

/// Something that is wrong with the log.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Flaw {
    /// Rows are missing.
    #[error("rows {from} to {to} are missing")]
    Missing {
        /// The first that is missing.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A row does not fit to the one before it.
    #[error("row {0} was edited or moved, or the one before it was")]
    Altered(i64),
    /// The last row is not the one that the head names.
    #[error("the head names row {named} with another link than the log has")]
    HeadDiffers {
        /// The place that the head names.
        named: i64,
    },
    /// Nothing says where the chain ends.
    #[error("the head of the log is missing")]
    HeadMissing,
    /// Somebody without a hash key of ours wrote the head.
    #[error("the head of the log was edited")]
    HeadForged,
    /// The head cannot be checked.
    #[error("the head is vouched for by hash key {0}, which is not configured here")]
    KeyMissing(HashKeyId),
    /// Rows stand behind the end.
    #[error("row {0} stands behind the end of the log")]
    BehindTheEnd(i64),
    /// What was noted elsewhere is past keeping.
    #[error("row {0}, which was noted, is past keeping: note a newer one")]
    AnchorPruned(i64),
    /// What was noted elsewhere is not there.
    #[error(
        "row {0} is not the one that was noted, or is gone: an older log may have been put back"
    )]
    AnchorDiffers(i64),
}

/// What the check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// How many rows were read.
    pub rows: u64,
    /// The place of the first one that is kept.
    pub first: i64,
    /// The end of the chain, to be noted elsewhere.
    pub head: Option<Anchor>,
    /// How many rows are not chained yet.
    pub loose: u64,
    /// What is wrong; the first hundred of it.
    pub flaws: Vec<Flaw>,
}

struct Walk {
    check: Check,
    seq: i64,
    link: Link,
    expected: Option<Anchor>,
}

impl Walk {
    fn flaw(&mut self, flaw: Flaw) {
        if self.check.flaws.len() < MOST_FLAWS {
            self.check.flaws.push(flaw);
        }
    }

    fn step(&mut self, row: &ChainedRecord) {
        if row.seq != self.seq + 1 {
            let (from, to) = (self.seq + 1, row.seq - 1);
            self.flaw(Flaw::Missing { from, to });
        } else if row.record.link(row.seq, &self.link) != row.link {
            self.flaw(Flaw::Altered(row.seq));
        }
        // From what is stored, so that one edited row is one flaw and not all that follow.
        (self.seq, self.link) = (row.seq, row.link);
        self.check.rows += 1;
        self.meet();
    }

    /// Compares with what was noted elsewhere.
    fn meet(&mut self) {
        if self
            .expected
            .is_some_and(|noted| noted.seq == self.seq && noted.link == self.link)
        {
            self.expected = None;
        }
    }
}

/// Reads the whole log and tells what is wrong with it. `expected` was noted after an earlier check.
///
/// # Errors
/// When the database fails.
pub async fn check(
    db: &Db,
    keys: &HashKeys,
    expected: Option<Anchor>,
) -> Result<Check, StorageError> {
    let mut before = pruned_seq(db).await?;
    for _ in 0..MOST_READINGS {
        let check = check_once(db, keys, expected).await?;
        // What was pruned while it was read is not missing.
        let after = pruned_seq(db).await?;
        if check.flaws.is_empty() || after == before {
            return Ok(check);
        }
        before = after;
    }
    check_once(db, keys, expected).await
}

async fn pruned_seq(db: &Db) -> Result<Option<i64>, StorageError> {
    let head = audit_log::head(db).await?;
    Ok(head.map(|head| head.pruned_seq))
}

async fn check_once(
    db: &Db,
    keys: &HashKeys,
    expected: Option<Anchor>,
) -> Result<Check, StorageError> {
    // First, so that rows that are chained meanwhile are not asked for.
    let head = audit_log::head(db).await?;
    let (loose, _) = audit_log::count_loose(db, super::MOST_COUNTED).await?;
    let Some(head) = head else {
        return Ok(Check {
            flaws: vec![Flaw::HeadMissing],
            ..Check::default()
        });
    };
    let mut walk = Walk {
        check: Check {
            first: head.pruned_seq + 1,
            head: Some(Anchor {
                seq: head.seq,
                link: head.link,
            }),
            loose: u64::try_from(loose).unwrap_or(0),
            ..Check::default()
        },
        seq: head.pruned_seq,
        link: head.pruned_link,
        expected,
    };
    match (is_vouched(&head, keys), &head.hash_key) {
        (Some(true), _) => {}
        (None, Some(id)) => walk.flaw(Flaw::KeyMissing(id.clone())),
        _ => walk.flaw(Flaw::HeadForged),
    }
    walk.meet();
    read(db, &mut walk, head.seq).await?;
    if walk.seq != head.seq {
        let (from, to) = (walk.seq + 1, head.seq);
        walk.flaw(Flaw::Missing { from, to });
    } else if walk.link != head.link {
        walk.flaw(Flaw::HeadDiffers { named: head.seq });
    }
    match walk.expected {
        Some(noted) if noted.seq < head.pruned_seq => walk.flaw(Flaw::AnchorPruned(noted.seq)),
        Some(noted) => walk.flaw(Flaw::AnchorDiffers(noted.seq)),
        None => {}
    }
    if let Some(last) = behind_the_end(db).await? {
        walk.flaw(Flaw::BehindTheEnd(last));
    }
    Ok(walk.check)
}

/// The last row, if the head does not know it.
async fn behind_the_end(db: &Db) -> Result<Option<i64>, StorageError> {
    // In this order: rows and head move together.
    let last = audit_log::last(db).await?;
    let head = audit_log::head(db).await?.map_or(0, |head| head.seq);
    Ok(last.filter(|last| *last > head))
}

/// Walks along the log up to the place `end`.
async fn read(db: &Db, walk: &mut Walk, end: i64) -> Result<(), StorageError> {
    while walk.seq < end {
        let rows = audit_log::page(db, walk.seq, PAGE).await?;
        let before = walk.seq;
        let known = rows.iter().filter(|row| row.seq <= end);
        known.for_each(|row| walk.step(row));
        if walk.seq == before {
            break;
        }
    }
    Ok(())
}
