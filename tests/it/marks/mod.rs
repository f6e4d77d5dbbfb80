//! Three failures, a mark, 24 hours (§7.4): at a node's door, and in a sender that keeps to the rule.

mod commands;
mod door;
mod fixture;
mod keeping;
mod sender;
mod shared;
