//! Messages that end, stall or disconnect whatever works on them, and those that no queue takes: neighbours flow on, nothing is
//! lost, and what is at fault lies among the failures with its bytes.

mod crash;
pub mod fixture;
mod parcels;
mod road;
mod stall;
mod unreadable;
