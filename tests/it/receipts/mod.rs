//! Receipts (§6.5.3, §7.4): what each tier makes of a batch is known at the node where it entered, whatever is lost, doubled or
//! forged on the way down; and what a parent cannot verify is signed anew and sent again.

mod discarded;
pub mod fixture;
mod forged;
mod keys;
mod lost;
mod many;
mod onward;
mod peers;
mod tiers;
