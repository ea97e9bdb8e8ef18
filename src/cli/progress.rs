//! What a person sees while a long command works: nothing when standard error is no terminal.

use std::time::Duration;

use indicatif::ProgressBar;

/// A spinner that goes away with this value.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn start(message: String) -> Self {
        let spinner = ProgressBar::new_spinner().with_message(message);
        spinner.enable_steady_tick(Duration::from_millis(100));
        Self(spinner)
    }

    /// Prints something while it works, without either overwriting the other.
    pub(super) fn beside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    /// Tells how far it is.
    pub(super) fn say(&self, message: String) {
        self.0.set_message(message);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
