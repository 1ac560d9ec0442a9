//! Read models in files, next to the events or elsewhere.

mod batch;
mod cause;
mod error;
mod files;
mod lease;
mod letters;
mod live;
mod port;
mod publish;
mod session;
mod setup;
mod status;
mod target;

pub use self::batch::SqliteBatch;
pub use self::error::SqliteTargetError;
pub use self::session::SqliteSession;
pub use self::target::SqliteTarget;

/// The [`Projector`](es_core::projection::Projector) of `es-core`, with the model in files:
/// `Projector::new(store, Balances)` puts them next to the store.
pub type Projector<P, S = crate::store::SqliteStore> = es_core::projection::Projector<P, S, SqliteTarget<P>>;
