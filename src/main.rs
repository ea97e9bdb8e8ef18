//! The `tokenward` binary.

fn main() {}
