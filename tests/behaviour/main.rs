//! What the service promises, through its public door, on a fresh database of either engine.

#[path = "../support/app/mod.rs"]
mod support;

mod addressees;
mod delivery;
mod families;
mod repetition;
