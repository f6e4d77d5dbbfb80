//! The failure desk: lists, replays and discards (§7.4).

mod acts;
mod api;
mod commands;
mod fixture;
mod shown;
