//! Three versions of one event, old rows read by new code.
fn main() {}
