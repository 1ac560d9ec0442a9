//! The store: a writer behind a lock, and readers without one.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use es_core::record::{BoxError, stored_now};
use es_core::store::{Append, AppendOutcome, Appended, Bell};
use es_core::{Position, StoreError};

use crate::index::Index;
use crate::log::{Log, OpenError, Unwritten};
use crate::record::{Part, Record, micros};

/// Events in one file, for one process. Clones share it.
///
/// Its calls block their thread until the disk has answered.
#[derive(Clone)]
pub(crate) struct FileStore {
    pub(crate) file: Arc<File>,
    content: Arc<Mutex<Content>>,
    pub(crate) bell: Bell,
}

pub(crate) struct Content {
    pub(crate) log: Log,
    pub(crate) index: Index,
}

impl FileStore {
    /// Opens a file, creating it if it does not exist.
    pub(crate) fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let mut index = Index::default();
        let log = Log::open(path.as_ref(), &mut index)?;
        let file = log.file();
        let content = Arc::new(Mutex::new(Content { log, index }));
        Ok(Self { file, content, bell: Bell::new() })
    }

    /// Code that holds the lock never leaves the contents half-changed, so a poisoned lock is still usable.
    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks appends and writes all of them, or none. The caller holds the lock from the first check of the
    /// streams until the events are on disk.
    pub(crate) fn append_each(
        &self,
        mut content: MutexGuard<'_, Content>,
        appends: &[Append<'_>],
    ) -> Result<Vec<AppendOutcome>, StoreError> {
        let obstacles =
            appends.iter().map(|append| content.index.obstacle(append)).collect::<Result<Vec<_>, _>>()?;
        if obstacles.iter().any(Option::is_some) {
            return Ok(obstacles.into_iter().map(|it| it.unwrap_or(AppendOutcome::NotWritten)).collect());
        }
        let Some(first) = appends.first() else { return Ok(Vec::new()) };
        let leaves_something = |append: &&Append<'_>| !append.is_condition() || append.command.is_some();
        let parts = appends.iter().filter(leaves_something).map(Part::new).collect::<Result<Vec<_>, _>>()?;
        let is_empty = parts.is_empty();
        let recorded_at = stored_now();
        let mut position = content.index.next_position().get();
        let record = Record::Append { position, recorded_at: micros(recorded_at), parts };
        let written = if is_empty { Ok(()) } else { content.write(&record) };
        written.map_err(|unwritten| match unwritten {
            Unwritten::Nothing(source) => StoreError::Unavailable { source },
            Unwritten::Unknown(error) => {
                StoreError::OutcomeUnknown { stream: first.stream.clone(), source: error.into() }
            }
        })?;
        drop(content);
        self.bell.ring();
        let outcome = |append: &Append<'_>| {
            let next = position + append.events.len() as u64;
            let positions = (position..next).map(Position::new).collect();
            position = next;
            AppendOutcome::Appended(Appended::new(positions, recorded_at))
        };
        Ok(appends.iter().map(outcome).collect())
    }
}

impl Content {
    fn write(&mut self, record: &Record) -> Result<(), Unwritten> {
        let at = self.log.write(record)?;
        // Only now, so that no reader sees what a crash could undo.
        self.index.apply(at, record).map_err(|error| Unwritten::Unknown(io::Error::other(error)))
    }

    /// Writes something that may be written twice, if it is not known whether it was written.
    pub(crate) fn note(&mut self, record: &Record) -> Result<(), StoreError> {
        self.write(record).map_err(|unwritten| {
            let source: BoxError = match unwritten {
                Unwritten::Nothing(source) => source,
                Unwritten::Unknown(error) => error.into(),
            };
            StoreError::Unavailable { source }
        })
    }
}
