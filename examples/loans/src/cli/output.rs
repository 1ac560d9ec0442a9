//! Writing to the terminal or a pipe, which may be closed at any time.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use super::failure::Failure;

/// Prints a result.
pub(super) fn print(result: &impl Display) -> Result<(), Failure> {
    let (mut out, text) = (io::stdout().lock(), result.to_string());
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::closed_output()),
        Err(error) => Err(Failure::unable(format!("cannot write the output: {error}"))),
    }
}
