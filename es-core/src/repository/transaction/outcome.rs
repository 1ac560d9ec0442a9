//! The outcomes of a transaction and of its commands.

use std::error::Error;
use std::fmt;

use crate::error::{ExecuteError, StoreError};
use crate::model::Aggregate;
use crate::record::BoxError;
use crate::stream::{InvalidStreamId, Revision, StreamId};

/// The outcome of a [transaction](crate::Repository::transaction).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transacted<T> {
    /// What the transaction returned.
    pub value: T,
    /// The streams that were written, in their order, each with the revision of its last event.
    pub streams: Vec<(StreamId, Revision)>,
    /// Whether it was executed before, and this is its first outcome.
    pub repeated: bool,
}

/// What a command of a transaction writes, if the transaction is written.
#[non_exhaustive]
pub struct Planned<A: Aggregate> {
    /// The events, as later readers will see them; empty if there was nothing to do.
    pub events: Vec<A::Event>,
    /// The revision of the last of them or, if there are none, the revision on which the decision was made.
    pub revision: Revision,
}

impl<A: Aggregate> fmt::Debug for Planned<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (events, revision) = (self.events.len(), self.revision);
        f.debug_struct("Planned").field("events", &events).field("revision", &revision).finish()
    }
}

/// Why a transaction had no effect.
///
/// The error of any command of a transaction converts into it with `?`.
///
/// ```
/// use es_core::repository::TransactionError;
/// use es_core::ExecuteError;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("the branch is closed")]
/// struct Closed;
///
/// let error = TransactionError::rejected(Closed);
/// assert!(error.rejection::<Closed>().is_some());
/// assert_eq!(error.to_string(), "the branch is closed");
/// let error: TransactionError = ExecuteError::Rejected(Closed).into();
/// assert!(error.rejection::<Closed>().is_some());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// The domain rejected it: an aggregate a command, or the transaction itself.
    #[error(transparent)]
    Rejected(BoxError),
    /// Optimistic concurrency conflict: retries were exhausted because other writers kept appending first.
    #[error("stream {stream:?} is at revision {actual}, not at {expected}", stream = stream.to_string())]
    Conflict {
        /// The stream.
        stream: StreamId,
        /// The revision on which the transaction was decided.
        expected: Revision,
        /// The revision found.
        actual: Revision,
    },
    /// The store returned an error.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl TransactionError {
    /// The domain's reason.
    pub fn rejected(reason: impl Error + Send + Sync + 'static) -> Self {
        Self::Rejected(Box::new(reason))
    }

    /// The domain's reason, if it is of this type.
    #[must_use]
    pub fn rejection<E: Error + 'static>(&self) -> Option<&E> {
        match self {
            Self::Rejected(reason) => reason.downcast_ref(),
            _ => None,
        }
    }

    /// Whether the same transaction can succeed later, without any change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Rejected(_) => false,
            Self::Conflict { .. } => true,
            Self::Store(error) => error.is_retryable(),
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<ExecuteError<E>> for TransactionError {
    fn from(error: ExecuteError<E>) -> Self {
        match error {
            ExecuteError::Rejected(reason) => Self::rejected(reason),
            ExecuteError::Conflict { stream, expected, actual } => {
                Self::Conflict { stream, expected, actual }
            }
            ExecuteError::Store(error) => Self::Store(error),
        }
    }
}

impl From<InvalidStreamId> for TransactionError {
    fn from(error: InvalidStreamId) -> Self {
        Self::Store(error.into())
    }
}
