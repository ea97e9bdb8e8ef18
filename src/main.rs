//! The `tokenward` binary.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    tokenward::cli::run().await
}
