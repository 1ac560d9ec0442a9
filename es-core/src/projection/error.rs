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

/// Why a [`Projector`](super::Projector) went no further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectorError {
    /// The store said no, or the database in which the model is. [`StoreError::ForeignCheckpoint`]: the store
    /// was restored to an earlier state; raise `build`, so that the model is built anew.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event could not be taken, and the projector was not told to park it. What comes before it is in the
    /// model.
    #[error(transparent)]
    Failed(Box<ProjectionFailure>),
    /// A handler uses something that the target does not have, or the role may not use: a table, a column, a
    /// function, a privilege. It would fail at every event, so none is parked, whatever its
    /// [`OnFailure`](super::OnFailure). What comes before the event is in the model.
    #[error("{failure}; the event is not at fault: {advice}, or raise `build` to build the model anew")]
    NotReady {
        /// What the handler says, and the event that it was called for.
        failure: Box<ProjectionFailure>,
        /// What has to be mended, as the target says.
        advice: String,
    },
    /// The model could not be made.
    #[error("{} cannot set up its tables: {source}", Named(.projection, *.build))]
    Setup {
        /// The projection's name.
        projection: &'static str,
        /// Its build.
        build: u32,
        /// What the projection says.
        source: BoxError,
        /// What has to happen before it succeeds.
        cause: Cause,
    },
    /// What only this kind of target says, such as that a database belongs to another role;
    /// [`of_target`](Self::of_target) gives its type back.
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
    /// The partitions stand at different positions, so they cannot be divided in another way.
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
        "a worker has partition {partition} of {} for {rest:?} more; stop all of its workers, and wait for that time",
        Named(.projection, 1)
    )]
    Leased {
        /// The reactor's name, as it is kept.
        projection: &'static str,
        /// The partition.
        partition: u32,
        /// How long the lease lasts.
        rest: Duration,
    },
    /// There are dead letters, which would come again beside those events.
    #[error("{} has {letters} dead letters; retry or discard them first", Named(.projection, 1))]
    Letters {
        /// The reactor's name, as it is kept.
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
        /// The reactor's name, as it is kept.
        projection: &'static str,
        /// The lowest position of its partitions.
        position: Position,
        /// Where it should have gone back to.
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
    /// Whether the same call can succeed later, without any change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Failed(failure) => failure.cause.passes(),
            Self::Setup { cause, .. } => cause.passes(),
            _ => false,
        }
    }

    /// What only this kind of target says, if it is that.
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

    /// That a projection is not set up, for those who write targets.
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
