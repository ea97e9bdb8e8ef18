//! What is kept: one file per table, both engines. `Db` reads, `Tx` writes.
