//! The loan process with the events of 2011: whole euros, and work items by their Dutch names.

use std::process::ExitCode;

use loans::generations::in_2011::Application2011;

fn main() -> ExitCode {
    loans::cli::main::<Application2011>(
        "loans-2011",
        "A bank's loan process, as the program of 2011 stored it",
    )
}
