//! Private RabbitMQ and PostgreSQL servers on this machine, for the demo, the tests and the benchmarks. They live in a
//! directory and on loopback ports of their own and have nothing to do with the system services of the same name.
//!
//! No server outlives the process that started it, however that process ends. Each is started through a few lines of
//! `sh` that leave a *reaper* behind in the server's process group: it reads a pipe whose other end only this process
//! holds, and kills the group when the pipe closes (`process.rs`). A pipe, because the kernel closes it even after
//! kill -9; a shell, because the death signal of prctl is tied to a thread and needs unsafe code; in the group, so that
//! the group's id cannot be reused while the reaper may still send a signal to it. So a demo, a test or a benchmark just
//! starts the servers it wants; `supervisor.rs` is the same as a command, for programs in other languages.
//!
//! Everything here blocks; call it inside `spawn_blocking` where that matters.

mod account;
pub mod authority;
pub mod broker;
pub mod broker_settings;
pub mod database;
mod directory;
pub mod error;
pub mod ports;
mod process;
mod program;
mod scratch;
pub mod supervisor;

pub use authority::{Authority, Secured};
pub use broker::PrivateBroker;
pub use broker_settings::{BrokerPorts, BrokerSettings};
pub use database::{DatabaseSettings, PrivateDatabase};
pub use error::LabError;
pub use program::Program;
pub use scratch::Scratch;
pub use supervisor::{Lab, LabAddresses, LabOptions, PortChoice};
