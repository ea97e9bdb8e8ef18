//! What the service has come to, as its metrics tell it.

use std::time::Duration;

use super::TestApp;

impl TestApp {
    /// What a series stands at, such as `tokenward_letters_total{outcome="sent"}`.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let text = self.metrics.render();
        let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        let found = lines.find(|(name, _)| *name == series);
        let (_, value) = found.unwrap_or_else(|| panic!("no series {series} in\n{text}"));
        value.parse().expect("a series has a number")
    }

    /// Waits until GitHub was asked for its keys once, as it is at every start.
    pub(crate) async fn keys_were_fetched(&self) {
        let fetches = || {
            let outcomes = ["ok", "not_modified", "failed"].iter();
            let counted = outcomes.map(|outcome| {
                let labels = format!("{{origin=\"github\",outcome=\"{outcome}\"}}");
                self.metric(&format!("tokenward_key_fetches_total{labels}"))
            });
            counted.sum::<f64>() >= 1.0
        };
        eventually("the keys are fetched", async || fetches()).await;
    }
}

/// Waits for what comes by itself and announces itself to nobody.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..3_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("half a minute passed and this did not come true: {what}");
}
