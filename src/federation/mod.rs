//! Federations as files: which nodes there are and who shares up to whom (`topology/demo.toml`, `topology/province.toml`),
//! the settings and secrets of each node written from that, and what one more child needs. The region table fills in what
//! the file leaves out, so a whole province is a handful of lines.

mod address;
mod child;
mod error;
mod file;
mod link;
mod secrets;
mod settings;
mod write;

pub use child::{NewChild, new_child};
pub use error::FederationError;
pub use file::{Addresses, Federation, FederationNode};
pub use write::{Written, write};
