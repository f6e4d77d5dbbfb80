//! The `sesame` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sesame::cli::run()
}
