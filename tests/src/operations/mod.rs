//! Administration of servers with the commands of `docs/operations.md`.

pub mod bank;
mod page;
mod program;
mod shell;

pub use page::{Block, block, blocks};
pub use program::{Acknowledged, Program, Report, verify};
pub use shell::Shell;
