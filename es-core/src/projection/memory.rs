//! A projection whose model is a value in memory.

use std::fmt;

use super::cause::Cause;
use super::{Projection, ProjectionError, ProjectionFailure, ProjectionPage, ProjectionReader};
use crate::record::{BoxError, EventPlace};
use crate::store::{Checkpoint, ReadAll, Rest};

/// Runs a projection into a model in memory, over any store: for tests, and for read models that are small
/// and built anew at each start.
///
/// ```
/// # use es_core::{Aggregate, Apply, Events, Handle, Repository, emit};
/// use std::collections::BTreeMap;
/// use std::convert::Infallible;
/// use es_core::{MemoryProjection, MemoryStore, Project, Projection, Recorded, event};
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
/// let mut visits = MemoryProjection::new(store, Visits, BTreeMap::new()).await?;
/// visits.catch_up().await?;
/// assert_eq!(visits.model()["Ann"], 1);
/// # Ok(()) }
/// ```
pub struct MemoryProjection<P: Projection, S> {
    projection: P,
    model: P::Model,
    checkpoint: Checkpoint,
    reader: ProjectionReader<P, S>,
}

impl<P: Projection, S: ReadAll> MemoryProjection<P, S> {
    /// An empty model, before the first event.
    ///
    /// # Errors
    ///
    /// [`ProjectionError::Setup`] of a projection with the key `setup`.
    pub async fn new(store: S, projection: P, mut model: P::Model) -> Result<Self, ProjectionError> {
        projection.set_up(&mut model).await.map_err(|error| ProjectionError::Setup {
            projection: P::NAME,
            rev: P::REV,
            source: error.into(),
        })?;
        Ok(Self { projection, model, checkpoint: Checkpoint::START, reader: ProjectionReader::new(store) })
    }

    /// Takes in all events that can be read now.
    ///
    /// # Errors
    ///
    /// [`ProjectionError`]; the model then holds the events up to the [`checkpoint`](Self::checkpoint), and
    /// what the one that failed has left in it. The next call begins with that one.
    pub async fn catch_up(&mut self) -> Result<(), ProjectionError> {
        loop {
            self.reader.seek(self.checkpoint);
            let page = self.reader.page().await?;
            let rest = page.rest;
            self.take(page).await?;
            if rest != Rest::More {
                return Ok(());
            }
        }
    }

    /// Waits for events, and takes them in. To follow the store, call it again and again.
    ///
    /// # Errors
    ///
    /// As [`catch_up`](Self::catch_up).
    pub async fn next(&mut self) -> Result<(), ProjectionError> {
        self.reader.seek(self.checkpoint);
        let page = self.reader.next_page().await?;
        self.take(page).await
    }

    /// One event at a time, so that the checkpoint never stands behind an event that is not in the model.
    async fn take(&mut self, page: ProjectionPage<P>) -> Result<(), ProjectionError> {
        for (event, place) in page.events.iter().zip(page.places) {
            let checkpoint = place.checkpoint();
            let taken = self.projection.project_all(std::slice::from_ref(event), &mut self.model).await;
            taken.map_err(|error| failure::<P>(place, error.into()))?;
            self.checkpoint = checkpoint;
        }
        self.checkpoint = page.checkpoint;
        match page.broken {
            Some((place, error)) => Err(failure::<P>(place, error.into()).into()),
            None => Ok(()),
        }
    }

    /// The model.
    pub const fn model(&self) -> &P::Model {
        &self.model
    }

    /// The model, for good.
    pub fn into_model(self) -> P::Model {
        self.model
    }

    /// Behind the last event in the model.
    pub const fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }
}

fn failure<P: Projection>(place: EventPlace, error: BoxError) -> ProjectionFailure {
    let cause = Cause::of(&error, |_| None);
    ProjectionFailure::of::<P>(place, error, cause)
}

impl<P: Projection, S> fmt::Debug for MemoryProjection<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryProjection")
            .field("projection", &P::NAME)
            .field("rev", &P::REV)
            .field("checkpoint", &self.checkpoint)
            .finish_non_exhaustive()
    }
}
