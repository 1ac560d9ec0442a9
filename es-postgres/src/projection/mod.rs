//! Projections into tables of PostgreSQL.
//!
//! A batch is one transaction, which locks the checkpoint, passes the events to the projection, and then
//! moves the checkpoint. A rebuild is another build with checkpoints and tables of its own; an inline
//! projection does the same without a checkpoint. The loop around the batches is in `es-core`.

mod batch;
mod cause;
mod error;
mod extension;
mod inline;
mod lease;
mod letters;
mod partitions;
mod port;
mod projector;
mod publish;
mod session;
mod setup;
mod source;
mod status;
mod target;
mod transaction;
mod values;

pub use self::error::PostgresTargetError;
pub use self::extension::PostgresProjector;
pub use self::inline::Inline;
pub use self::projector::Projector;
pub use self::target::PostgresTarget;
