//! Attempts to use a token after it leaked, as `token inspect` and `exposure show` tell of them.

use super::output::Shown;
use super::values::or;
use crate::http::AttemptAnswer;

impl Shown for AttemptAnswer {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("last tried", self.last_at.clone()),
            ("first tried", self.first_at.clone()),
            ("times", self.times.to_string()),
            ("via", self.via.clone()),
            ("from", or(self.address.as_ref(), "unknown")),
        ]
    }
}
