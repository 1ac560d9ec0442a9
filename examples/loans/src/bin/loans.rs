//! The loan process with today's events.

use std::process::ExitCode;

fn main() -> ExitCode {
    loans::cli::main_of_loans("loans", "A bank's loan process on its real history")
}
