//! An HTTP/1.1 server for one listener: it accepts connections, secures them, hands their requests to a router, and keeps each
//! of them within bounds of time, and all of them within a number.
//!
//! - A head of a request must come within seconds, and a connection may rest between two requests for a while only
//!   ([`pace`]). The time a body takes is the business of who reads it.
//! - At most so many connections are open ([`slots`]). When they are, the one that has rested longest makes room for a new one:
//!   whoever rests loses nothing but a new handshake, while turning newcomers away would let anyone who hoards idle
//!   connections shut out everybody else. Where none rests, newcomers wait in the kernel's queue.
//! - A want of files or memory in the kernel ends neither the loop nor a request ([`listener`]).

mod connection;
mod files;
mod listener;
mod pace;
mod slots;

pub use files::{FileLimit, raise_file_limit};
pub use listener::{Listening, serve};
