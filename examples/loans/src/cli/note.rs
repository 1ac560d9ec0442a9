//! What is said beside the result.

use std::io::{self, Write};

/// Says something beside the result.
pub(super) fn note(line: &str) {
    // If that fails too, there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}
