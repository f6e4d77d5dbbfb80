//! A running node: its parts wired together, its three listeners, its health, and its graceful stop.

mod assemble;
mod certificates;
mod dictionary;
mod health;
mod interface;
mod link;
mod listen;
mod monitor;
mod run;
mod servers;
mod topology;

pub use assemble::{Assembly, StartError};
pub use dictionary::{dictionary_of, regions_of};
pub use health::{Check, Checks, Health};
pub use interface::interface_of;
pub use listen::Listeners;
pub use run::{Node, run_until};
pub use topology::topology_of;
