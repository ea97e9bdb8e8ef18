//! Who reports leaks: where an origin's keys are, how it signs, what its bodies look like.
