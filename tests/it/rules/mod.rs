//! The rules of the data dictionary on a running node (§6.1 数据校验): at the door, at each tier, and while they change.

mod commands;
pub mod fixture;
mod levels;
mod reload;
mod tiers;
