//! What operators see: logs without secrets in them, and metrics.
//!
//! A leaf: every room may use it, and it uses only `model`.

mod buffer;
pub mod labels;
pub mod logs;
pub mod metrics;
mod process;
pub mod redaction;
mod series;
mod tally;

pub use buffer::LogBuffer;
pub use labels::{DeliveryOutcome, IntrospectionAnswer, KeyFetchOutcome, LetterOutcome};
pub use logs::LogFormat;
pub use metrics::{Metrics, OutboxDepth};
pub use tally::Counts;
