//! The workloads and their measurements; each library implements [`Column`].
//!
//! [`run`] is the main program of a column: `<program> <url> <workload>` prints one line of JSON for each
//! measurement.

mod column;
mod domain;
mod measure;
mod program;
mod proxy;
mod workloads;

pub use self::column::{Column, Failed, Seen};
pub use self::domain::{Account, BankEvent, Command, OWNER, amounts, note};
pub use self::measure::{events_a_second, print};
pub use self::program::run;
pub use self::workloads::{build, next_amount};

pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
