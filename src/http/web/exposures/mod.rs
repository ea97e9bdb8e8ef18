//! `/settings/exposures` and `/organizations/{slug}/exposures`: where tokens were seen that concern
//! somebody, and the story of each.

pub(in crate::http) mod list;
pub(in crate::http) mod story;

mod seen;
mod steps;
mod timeline;
