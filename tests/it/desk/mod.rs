//! The failure desk: lists, replays and discards (§7.4).

mod acts;
mod api;
mod commands;
pub mod fixture;
mod shown;
