//! Every route in one table; extractors that make authorization part of a handler's signature.
