//! Builds the application once, for `main` and for tests.
