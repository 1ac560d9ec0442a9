//! Projections whose models are values in memory.

mod batch;
mod state;
mod target;

use std::sync::Arc;

pub use self::target::MemoryTarget;

use super::Projection;
use super::projector::Projector;
use crate::memory::MemoryStore;
use crate::store::Checkpoint;

/// Runs a projection into a model in memory, over any store: for tests, and for small read models that are
/// rebuilt on each start. It is the same [`Projector`] as for all projections, on a [`MemoryTarget`].
///
/// Beside a [`MemoryStore`] it is made by [`Projector::new`], otherwise by [`with_model`](Self::with_model).
///
/// ```
/// # use es_core::{Aggregate, Apply, Events, Handle, Repository, emit};
/// use std::collections::BTreeMap;
/// use std::convert::Infallible;
/// use es_core::projection::{Project, Projection, Projector};
/// use es_core::{MemoryStore, Recorded, event};
///
/// #[event(name = "door.opened")]
/// pub struct Opened { pub by: String }
///
/// #[derive(Projection)]
/// #[projection(name = "visits", events(Opened), model = BTreeMap<String, u32>, error = Infallible)]
/// struct Visits;
///
/// impl Project<Opened> for Visits {
///     async fn project(
///         &self, event: &Recorded<Opened>, visits: &mut BTreeMap<String, u32>,
///     ) -> Result<(), Infallible> {
///         *visits.entry(event.event.by.clone()).or_default() += 1;
///         Ok(())
///     }
/// }
/// # #[derive(Aggregate, Default)] #[aggregate(name = "door", id = u64, events(Opened))]
/// # pub struct Door { open: bool }
/// # impl Apply<Opened> for Door { fn apply(&mut self, _: Opened) { self.open = true; } }
/// # pub struct Open;
/// # impl Handle<Open> for Door {
/// #     type Error = Infallible;
/// #     fn handle(&self, _: &Open) -> Result<Events<Self>, Self::Error> {
/// #         emit(Opened { by: "Ann".into() })
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
///
/// let store = MemoryStore::new();
/// Repository::<Door, _>::new(store.clone()).execute(&7, Open).await?;
///
/// let visits = Projector::new(store, Visits);
/// visits.catch_up().await?;
/// assert_eq!(visits.model()["Ann"], 1);
/// # Ok(()) }
/// ```
pub type MemoryProjection<P, S = MemoryStore> = Projector<P, S, MemoryTarget<<P as Projection>::Model>>;

impl<P: Projection, S> MemoryProjection<P, S> {
    /// Reads a store, and starts with this model.
    pub fn with_model(store: S, projection: P, empty: P::Model) -> Self {
        Self::with_target(store, projection, MemoryTarget::new(empty))
    }

    /// The model after the last batch. It is a snapshot; to see later events, call again.
    #[must_use]
    pub fn model(&self) -> Arc<P::Model> {
        self.target.model::<P>().0
    }

    /// The checkpoint of the model; of several partitions, of the one that lags most.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.target.model::<P>().1
    }
}
