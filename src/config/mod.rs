//! Configuration: defaults, a file, the environment, and every problem at once.
