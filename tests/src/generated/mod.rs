//! What generated programs share: random values, what a value means, and the comparison of two programs.
//!
//! `tests/random_evolution` writes programs, and pairs of them in which the second is the first with one
//! change. Each links this crate, so that only the types themselves are compiled again for each batch.

pub mod foreign;
mod json;
mod make;
mod mean;
mod pair;
mod program;
mod side;

pub use json::Json;
pub use make::{Make, Random};
pub use mean::Mean;
pub use pair::{Outcome, Pair, Verdict, report};
pub use program::{check, compile};
pub use side::{Payload, Reading, Side, Writer};
