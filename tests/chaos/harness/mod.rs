//! The harness of `make chaos`: a federation under load while everything fails at random, and a checker apart from the product.
//!
//! From the top: [`run`] lets [`sender`]s send to a [`federation`] on private [`servers`] what [`draw`] draws, and note it in
//! the [`ledger`], while [`storm`] does the faults of a [`plan`]. When all is [`quiet`] it reads every [`tier`], and
//! [`verdict`] holds it against the [`model`]. docs/chaos.md tells the rest.

pub mod act;
pub mod agreement;
pub mod arguments;
pub mod chance;
pub mod draw;
pub mod federation;
pub mod flow;
pub mod keep;
pub mod keys;
pub mod layout;
pub mod ledger;
pub mod model;
pub mod plan;
pub mod process;
#[path = "../../shared/proxy.rs"]
pub mod proxy;
pub mod quiet;
pub mod record;
pub mod replays;
pub mod report;
pub mod run;
pub mod sabotage;
pub mod sender;
pub mod servers;
pub mod storm;
pub mod strict;
pub mod tier;
pub mod timeline;
pub mod verdict;
