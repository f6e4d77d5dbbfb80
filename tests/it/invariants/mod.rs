//! Tests that try to break the invariants of the design.

mod cursor;
mod documents;
mod failures;
mod forged;
mod layers;
mod migration;
mod order;
mod outage;
mod parent;
mod restart;
mod resumed;
mod uplink;
