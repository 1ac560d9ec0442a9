//! Why a projection does not run.

use es_core::{BoxError, Position, ProjectionFailure, StoreError};

use crate::ConnectError;
use crate::error::Failure;

/// Why a [`Projector`](crate::Projector) went no further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectorError {
    /// The store said no. [`StoreError::ForeignCheckpoint`]: the store was restored to an earlier state;
    /// raise `rev`, so that the model is built anew.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event could not be taken, and the projector was not told to park it. What comes before it is in the
    /// model.
    #[error(transparent)]
    Failed(Box<ProjectionFailure>),
    /// The tables of the projection could not be made.
    #[error("projection `{projection}` rev {rev} cannot set up its tables: {source}")]
    Setup {
        /// The projection's name.
        projection: &'static str,
        /// Its revision.
        rev: u32,
        /// What the projection says.
        source: BoxError,
    },
    /// The schema for the projection's tables is there, and not made for it.
    #[error(
        "projection `{projection}` rev {rev} was never set up in this store, but its schema {schema:?} is there; drop the \
         schema, or raise `rev`"
    )]
    SchemaTaken {
        /// The projection's name.
        projection: &'static str,
        /// Its revision.
        rev: u32,
        /// The schema.
        schema: String,
    },
    /// The name of the schema would be longer than the server keeps.
    #[error(
        "schema name {schema:?} has more than 63 bytes; give the store's schema or the projection a shorter name"
    )]
    NameTooLong {
        /// The schema.
        schema: String,
    },
    /// The projection is not set up, or its revision was dropped.
    #[error("projection `{projection}` rev {rev} is not set up in this store")]
    NotSetUp {
        /// The projection's name.
        projection: &'static str,
        /// Its revision.
        rev: u32,
    },
    /// The projection is divided into another number of parts.
    #[error(
        "projection `{projection}` rev {rev} has {found} parts, this program asks for {asked}; stop all of its workers and call \
         `repartition({asked})`"
    )]
    Parts {
        /// The projection's name.
        projection: &'static str,
        /// Its revision.
        rev: u32,
        /// How many there are; 0 if it runs inline.
        found: u32,
        /// How many this program asks for.
        asked: u32,
    },
    /// The parts stand at different positions, so they cannot be divided in another way.
    #[error(
        "the parts of projection `{projection}` rev {rev} stand at positions {lowest} to {highest}; let all of them catch up, \
         then stop the workers"
    )]
    Uneven {
        /// The projection's name.
        projection: &'static str,
        /// Its revision.
        rev: u32,
        /// The lowest position.
        lowest: Position,
        /// The highest.
        highest: Position,
    },
    /// Readers would be taken back to an earlier state.
    #[error(
        "projection `{projection}` rev {rev} stands at position {position}, the one that readers see at {live}; let it catch up"
    )]
    Behind {
        /// The projection's name.
        projection: &'static str,
        /// Its revision.
        rev: u32,
        /// Its lowest position.
        position: Position,
        /// That of the revision that readers see.
        live: Position,
    },
    /// Readers see this revision, or a later one.
    #[error("projection `{projection}` rev {rev} cannot be dropped: readers see rev {live}")]
    Live {
        /// The projection's name.
        projection: &'static str,
        /// The revision to be dropped.
        rev: u32,
        /// The revision that readers see.
        live: u32,
    },
}

impl ProjectorError {
    /// Whether the same call can succeed later, without any change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_retryable())
    }
}

impl From<ProjectionFailure> for ProjectorError {
    fn from(failure: ProjectionFailure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl From<Failure> for ProjectorError {
    fn from(failure: Failure) -> Self {
        Self::Store(failure.into())
    }
}

impl From<sqlx::Error> for ProjectorError {
    fn from(error: sqlx::Error) -> Self {
        Failure::from(error).into()
    }
}

impl From<ConnectError> for ProjectorError {
    fn from(error: ConnectError) -> Self {
        Self::Store(error.into())
    }
}
