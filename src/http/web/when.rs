//! Moments on pages.

use time::macros::format_description;

use crate::model::Timestamp;

/// `3 January 2026, 12:00 UTC`.
pub(in crate::http) fn moment(at: Timestamp) -> String {
    at.to_utc()
        .format(format_description!(
            "[day padding:none] [month repr:long] [year], [hour]:[minute] UTC"
        ))
        .unwrap_or_else(|_| at.to_string())
}
