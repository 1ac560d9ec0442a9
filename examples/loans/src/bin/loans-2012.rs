//! The loan process with the events of 2012: amounts in cents, and work items that are known.

use std::process::ExitCode;

use loans::generations::in_2012::switched::Application2012;

fn main() -> ExitCode {
    loans::cli::main::<Application2012>(
        "loans-2012",
        "A bank's loan process, as the program of 2012 stored it",
    )
}
