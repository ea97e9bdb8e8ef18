//! What operators see: logs without secrets in them, and metrics.
