//! Looking back through what came, a portion at a time. Each portion looks at so many rows and no more,
//! so that a filter that fits hardly anything takes no longer than one that fits everything.

/// How many rows one portion looks at.
pub(super) const WINDOW: i64 = 2_000;
/// How many of them it shows at most.
pub(super) const PORTION: i64 = 50;

/// A portion of what fits, the latest first.
#[derive(Clone, Debug)]
pub struct Portion<T, C> {
    /// What fits.
    pub items: Vec<T>,
    /// From where to look further back; `None` when there is nothing left to look at.
    pub next: Option<C>,
}

/// Whether a portion of this size is as large as any.
pub(super) fn is_full(size: usize) -> bool {
    i64::try_from(size).is_ok_and(|size| size >= PORTION)
}
