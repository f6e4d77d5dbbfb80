//! The `sesame` command.

use std::process::ExitCode;

/// A fifth of the time under many small exchanges went into the allocator of the C library.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sesame::cli::run()
}
