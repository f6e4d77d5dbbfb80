//! A parent that is an endpoint of the standard (§6.3): a second node, and a stub that misbehaves in every way it can.

mod alone;
mod foreign;
mod forged;
mod held;
mod outages;
mod parcels;
mod present;
mod refusals;
mod sesame;
pub mod stub;
mod tls;
