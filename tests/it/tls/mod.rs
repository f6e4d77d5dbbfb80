//! Certificates, and the bounds of the HTTP listeners (§6.2.1, §7.2, invariant 8).

mod callers;
mod crowd;
pub mod fixture;
mod https;
mod operators;
mod reload;
mod servers;
