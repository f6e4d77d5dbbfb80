//! A federation on one machine: seven nodes as processes on a private broker and a private database, fed through their
//! HTTP interfaces with generated records, compared tier by tier. What `make demo` runs, and the last step of CI.

mod compare;
mod federation;
mod feed;
mod nodes;
mod run;
mod settings;

pub use federation::{DemoNode, Federation};
pub use run::{DemoError, DemoOptions, Verdict, run};
