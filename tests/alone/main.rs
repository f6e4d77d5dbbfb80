//! Tests that take the whole machine for a while. What they hold is a bound of memory and the patience of callers, so they run apart
//! from all others and in turn: beside others they would measure these.

// Each binary of tests uses a part of what they share.
#[allow(dead_code)]
#[path = "../it/contract/ask.rs"]
mod ask;
#[allow(dead_code, unused_imports)]
#[path = "../it/harness/mod.rs"]
mod harness;
mod large;
mod memory;

/// Held by the test whose turn it is.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
