//! Tests that try to break the invariants of the design.

mod failures;
mod forged;
mod layers;
mod order;
mod outage;
mod poison;
mod restart;
mod uplink;
