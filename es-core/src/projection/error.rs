//! Why a projection does not run.

use std::error::Error;
use std::time::Duration;

use super::Projection;
use super::cause::Cause;
use super::failure::ProjectionFailure;
use super::named::Named;
use crate::error::StoreError;
use crate::record::BoxError;
use crate::stream::Position;

/// Why a [`Projector`](super::Projector) stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectorError {
    /// The store, or the database of the model, returned an error. [`StoreError::ForeignCheckpoint`]: the
    /// store was restored to an earlier state; raise `build`, so that the model is rebuilt.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event could not be handled, and the projector does not park events. Everything before it is in the
    /// model.
    #[error(transparent)]
    Failed(Box<ProjectionFailure>),
    /// A handler uses something that the target does not have, or that its role may not use: a table, a
    /// column, a function, a privilege. It would fail at every event, so none is parked, whatever its
    /// [`OnFailure`](super::OnFailure). Everything before the event is in the model.
    #[error("{failure}; the event is not at fault: {advice}, or raise `build` to build the model anew")]
    NotReady {
        /// The handler's error, and the event for which it was called.
        failure: Box<ProjectionFailure>,
        /// What has to be fixed, according to the target.
        advice: String,
    },
    /// The model could not be created.
    #[error("{} cannot set up its tables: {source}", Named(.projection, *.build))]
    Setup {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The projection's error.
        source: BoxError,
        /// What has to happen before it succeeds.
        cause: Cause,
    },
    /// An error specific to this kind of target, for example that a database belongs to another role;
    /// [`of_target`](Self::of_target) returns it with its type.
    #[error(transparent)]
    Target(BoxError),
    /// The projection is not set up, or its build was dropped.
    #[error("{} is not set up in this store", Named(.projection, *.build))]
    NotSetUp {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
    },
    /// The projection is divided into another number of partitions.
    #[error(
        "{} has {found} partitions, this program asks for {asked}; stop all of its workers and call \
         `repartition({asked})`",
        Named(.projection, *.build)
    )]
    PartitionsDiffer {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// How many there are; 0 if it runs inline.
        found: u32,
        /// How many this program asks for.
        asked: u32,
    },
    /// The partitions are at different positions, so they cannot be divided in another way.
    #[error(
        "the partitions of {} stand at positions {lowest} to {highest}; let all of them catch up, \
         then stop the workers",
        Named(.projection, *.build)
    )]
    PartitionsUneven {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// The lowest position.
        lowest: Position,
        /// The highest.
        highest: Position,
    },
    /// A worker has the lease of a partition, so its checkpoint cannot be moved by hand.
    #[error(
        "a worker has partition {partition} of {} for {rest:?} more; stop all of its workers, and wait for \
         that time",
        Named(.projection, 1)
    )]
    Leased {
        /// The reactor's name, as it is stored.
        projection: &'static str,
        /// The partition.
        partition: u32,
        /// How long the lease lasts.
        rest: Duration,
    },
    /// There are dead letters, which would come again beside those events.
    #[error("{} has {letters} dead letters; retry or discard them first", Named(.projection, 1))]
    Letters {
        /// The reactor's name, as it is stored.
        projection: &'static str,
        /// How many.
        letters: u64,
    },
    /// The checkpoint would pass events to which nothing has reacted.
    #[error(
        "{} stands at position {position}, before {to}: it goes back only; discard events as dead letters",
        Named(.projection, 1)
    )]
    NotBack {
        /// The reactor's name, as it is stored.
        projection: &'static str,
        /// The lowest position of its partitions.
        position: Position,
        /// The position to which it should have moved.
        to: Position,
    },
    /// Readers would be taken back to an earlier state.
    #[error(
        "{} stands at position {position}, the one that readers see at {live}; let it catch up",
        Named(.projection, *.build)
    )]
    BuildBehind {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// Its lowest position.
        position: Position,
        /// That of the build that readers see.
        live: Position,
    },
    /// Readers see this build, or a later one.
    #[error("{} cannot be dropped: readers see build {live}", Named(.projection, *.build))]
    BuildLive {
        /// The projection's name.
        projection: &'static str,
        /// The build to be dropped.
        build: u32,
        /// The build that readers see.
        live: u32,
    },
}

impl ProjectorError {
    /// The target's own error, if it has this type.
    ///
    /// ```
    /// # use es_core::projection::ProjectorError;
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("the file belongs to another program")]
    /// struct Taken;
    ///
    /// let error = ProjectorError::Target(Box::new(Taken));
    /// assert!(matches!(error.of_target(), Some(Taken)));
    /// ```
    #[must_use]
    pub fn of_target<E: Error + 'static>(&self) -> Option<&E> {
        match self {
            Self::Target(error) => error.downcast_ref(),
            _ => None,
        }
    }

    /// Why a runner stops at an event; `advice` is [`Target::advice`](super::Target::advice).
    pub fn stopped(failure: ProjectionFailure, advice: impl FnOnce() -> String) -> Self {
        match failure.cause {
            Cause::Setup => Self::NotReady { failure: Box::new(failure), advice: advice() },
            _ => failure.into(),
        }
    }

    /// The error of a projection that is not set up, for authors of targets.
    #[must_use]
    pub const fn not_set_up<P: Projection>() -> Self {
        Self::NotSetUp { projection: P::NAME, build: P::BUILD }
    }
}

impl From<ProjectionFailure> for ProjectorError {
    fn from(failure: ProjectionFailure) -> Self {
        Self::Failed(Box::new(failure))
    }
}
