//! Projections into tables of the same database.
//!
//! One idea carries all: a batch is one transaction, which holds the checkpoint, hands the events to the
//! projection, and then moves the checkpoint. A rebuild is another revision with checkpoints and tables of
//! its own; inline is the same without a checkpoint.

mod apply;
mod batch;
mod cause;
mod error;
mod inline;
mod letters;
mod operations;
mod options;
mod pace;
mod pages;
mod projector;
mod publish;
mod retrying;
mod session;
mod setup;
mod status;
mod target;
mod transaction;
mod worker;

pub use self::error::ProjectorError;
pub use self::inline::Inline;
pub use self::letters::{DeadLetter, Retried};
pub use self::projector::Projector;
pub use self::retrying::Retrying;
pub use self::status::{PartStatus, ProjectionStatus};
pub use self::target::OnFailure;
