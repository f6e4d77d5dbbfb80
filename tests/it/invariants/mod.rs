//! Tests that try to break the invariants of the design.

mod layers;
mod order;
mod outage;
mod restart;
