//! A federation on one machine: seven nodes as processes on a private broker and a private database, fed through their
//! HTTP interfaces with generated records, compared tier by tier. Then two things go wrong on purpose (`trouble`), which README.md
//! mends (`walkthrough`). What `make demo` runs, and the last step of CI.

mod addresses;
mod compare;
mod control;
mod error;
mod federation;
mod feed;
mod nodes;
mod play;
mod progress;
mod run;
mod settings;
mod trouble;
mod walkthrough;

pub use control::restart;
pub use error::DemoError;
pub use federation::{DemoNode, Federation};
pub use run::{DemoOptions, Verdict, run};
