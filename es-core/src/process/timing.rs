//! Timers of a process: which are pending, and how it reacts when one is due.

use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

use super::steps::Steps;
use super::wire::Timer;
use crate::__private::unknown_event;
use crate::model::Aggregate;
use crate::record::{DecodeError, RawEvent};
use crate::stream::{Position, Revision, StreamId};

/// How a process reacts when a timer fires.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it does when the timer `{T}` fires",
    label = "no `OnTimer<{T}>`",
    note = "write `impl es_core::process::OnTimer<{T}> for {Self} {{ fn on_timer(&self, due: \
            &es_core::process::Due<Self, {T}>) -> es_core::process::Steps<Self> {{ … }} }}`"
)]
pub trait OnTimer<T>: Aggregate {
    /// What to do, on the state of the process. Pure, like [`On::on`](super::On::on).
    fn on_timer(&self, due: &Due<Self, T>) -> Steps<Self>;
}

/// A timer that fires.
#[non_exhaustive]
pub struct Due<P: Aggregate, T> {
    /// The process instance that it belongs to.
    pub id: P::Id,
    /// The timer, as it was scheduled.
    pub timer: T,
    /// When it was due; that may be in the past by now.
    pub at: OffsetDateTime,
}

impl<P: Aggregate, T> fmt::Debug for Due<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Due").field("process", &P::NAME).field("at", &self.at).finish_non_exhaustive()
    }
}

/// A timer that is scheduled and has not fired.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Pending {
    /// The version under which it is stored.
    pub version: u32,
    /// When it is due.
    #[serde(with = "time::serde::rfc3339")]
    pub due: OffsetDateTime,
    /// The timer, as JSON.
    pub payload: String,
    /// The step that has scheduled it.
    pub scheduled_by: Uuid,
}

/// A pending timer that is due, to be decoded as the type of its name.
#[doc(hidden)]
pub struct DuePending<'a, P: Aggregate> {
    pub(crate) id: P::Id,
    pub(crate) stream: &'a StreamId,
    pub(crate) revision: Revision,
    pub(crate) name: &'a str,
    pub(crate) pending: &'a Pending,
}

impl<P: Aggregate> DuePending<'_, P> {
    /// Whether it is a `T`, by one of its names.
    #[must_use]
    pub fn is<T: Timer>(&self) -> bool {
        self.name == T::NAME || T::WAS.contains(&self.name)
    }

    /// Decodes it, and passes it to the process.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when it cannot be read.
    pub fn fire<T: Timer>(self, process: &P) -> Result<Steps<P>, DecodeError>
    where
        P: OnTimer<T>,
    {
        let timer = self.read(T::decode)?;
        let due = Due { id: self.id, timer, at: self.pending.due };
        Ok(process.on_timer(&due))
    }

    /// The error of a name that is not listed.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn unknown(self) -> Result<Steps<P>, DecodeError> {
        self.read(|raw| Err(unknown_event(raw, P::NAME)))
    }

    fn read<T>(&self, read: impl FnOnce(&RawEvent<'_>) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
        read(&stored(self.stream, self.revision, (self.name, self.pending.version), &self.pending.payload))
    }
}

impl<P: Aggregate> fmt::Debug for DuePending<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuePending")
            .field("process", &P::NAME)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A command or a timer as an event of the stream in which it is stored, by which it is decoded.
pub(crate) fn stored<'a>(
    stream: &'a StreamId,
    revision: Revision,
    (name, version): (&'a str, u32),
    payload: &'a str,
) -> RawEvent<'a> {
    RawEvent {
        stream,
        revision,
        position: Position::new(0),
        event_id: Uuid::nil(),
        name,
        version,
        payload: payload.as_bytes(),
        recorded_at: OffsetDateTime::UNIX_EPOCH,
        occurred: None,
        correlation_id: None,
        causation_id: None,
        metadata: None,
    }
}
