//! The program of 2012 as it was while that of 2011 still ran: it reads both versions, and writes the first.

use std::process::ExitCode;

use loans::generations::in_2012::rollout::Application2012;

fn main() -> ExitCode {
    loans::cli::main::<Application2012>(
        "loans-2012-rollout",
        "A bank's loan process of 2012, for as long as programs of 2011 run",
    )
}
