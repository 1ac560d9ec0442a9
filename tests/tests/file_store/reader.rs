//! Reading the file, without the lock.

use std::fs::File;

use es_core::record::{BoxError, RawEvent};
use es_core::{StoreError, StreamId};

use crate::index::Place;
use crate::log;
use crate::record::Record;

/// Reads events by their places. Those of one record are mostly read one after the other, so it is cached.
pub(crate) struct Reader<'a> {
    file: &'a File,
    last: Option<(u64, Record)>,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(file: &'a File) -> Self {
        Self { file, last: None }
    }

    fn record(&mut self, at: u64) -> Result<&Record, BoxError> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != at) {
            let record = log::read(self.file, at, self.file.metadata()?.len())?;
            let (record, _) = record.ok_or_else(|| format!("the file ends before byte {at}"))?;
            self.last = Some((at, record));
        }
        self.last.as_ref().map(|(_, record)| record).ok_or_else(|| "nothing was read".into())
    }

    pub(crate) fn event<'b>(
        &'b mut self,
        stream: &'b StreamId,
        place: Place,
    ) -> Result<RawEvent<'b>, StoreError> {
        let damaged = |source| StoreError::DamagedEvent { position: place.position, source };
        let (part, nth) = place.nth;
        match self.record(place.at).map_err(damaged)? {
            Record::Append { recorded_at, parts, .. }
                if parts.get(part).is_some_and(|it| nth < it.events.len()) =>
            {
                parts[part].events[nth].raw(stream, place, *recorded_at)
            }
            _ => Err(damaged(format!("the record at byte {} does not hold it", place.at).into())),
        }
    }

    /// The state that was folded up to a revision.
    pub(crate) fn snapshot(&mut self, at: u64) -> Result<&[u8], BoxError> {
        match self.record(at)? {
            Record::Snapshot { state, .. } => Ok(state.as_bytes()),
            _ => Err(format!("the record at byte {at} is no snapshot").into()),
        }
    }
}
