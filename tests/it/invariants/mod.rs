//! Tests that try to break the invariants of the design.

mod order;
mod restart;
