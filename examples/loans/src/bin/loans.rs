//! The loan process with today's events.

use std::process::ExitCode;

use loans::domain::Application;

fn main() -> ExitCode {
    loans::cli::main::<Application>("loans", "A bank's loan process on its real history")
}
