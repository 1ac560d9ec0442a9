//! The check of every reader of a stream: revisions follow one another without gaps.

use super::{EventStore, Load, LoadItem, StreamRange};
use crate::error::StoreError;
use crate::record::RawEvent;
use crate::stream::{Revision, StreamId};

/// Checks that the revisions of one stream come in order and without gaps.
///
/// Stores use it in [`load`](EventStore::load) and [`read_stream`](EventStore::read_stream), and the
/// framework in everything that it reads, whatever the store checks.
#[derive(Debug, Clone)]
pub struct Contiguous<'a> {
    stream: &'a StreamId,
    /// The revision that comes next; unknown at the upper end of a backward read.
    next: Option<Revision>,
    backward: bool,
}

impl<'a> Contiguous<'a> {
    /// For a read that begins after a revision.
    #[must_use]
    pub const fn after(stream: &'a StreamId, revision: Revision) -> Self {
        Self { stream, next: Some(revision.next()), backward: false }
    }

    /// For the read of a range, in its direction.
    #[must_use]
    pub fn range(stream: &'a StreamId, range: StreamRange) -> Self {
        let next = if range.backward { None } else { Some(range.from.max(Revision::new(1))) };
        Self { stream, next, backward: range.backward }
    }

    /// Checks the revision of the next event.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] when it is not the expected one.
    pub fn take(&mut self, found: Revision) -> Result<(), StoreError> {
        let expected = self.next.unwrap_or(found);
        if found != expected {
            return Err(self.damaged(expected, found));
        }
        self.next =
            Some(if self.backward { Revision::new(found.get().saturating_sub(1)) } else { found.next() });
        Ok(())
    }

    /// Ends a forward read that should have reached a revision, such as that of the stream's last event.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] when it ended before.
    pub fn reached(&self, last: Revision) -> Result<(), StoreError> {
        match self.next {
            Some(next) if !self.backward && next <= last => Err(self.damaged(next, last)),
            _ => Ok(()),
        }
    }

    fn damaged(&self, expected: Revision, found: Revision) -> StoreError {
        StoreError::Damaged { stream: self.stream.clone(), expected, found }
    }
}

/// Reads a range of a stream, and checks that nothing of it is missing: neither between two events nor at
/// either end.
pub(crate) async fn read_whole<S: EventStore + ?Sized>(
    store: &S,
    stream: &StreamId,
    range: StreamRange,
    take: &mut (dyn FnMut(&RawEvent<'_>) -> Result<(), StoreError> + Send),
) -> Result<(), StoreError> {
    let from = range.from.max(Revision::new(1));
    if range.to < from {
        return Ok(());
    }
    let before = Revision::new(from.get() - 1);
    if !range.backward {
        let mut order = Contiguous::after(stream, before);
        let mut checked = |item: LoadItem<'_>| match item {
            LoadItem::Event(raw) => {
                order.take(raw.revision)?;
                take(&raw)
            }
            LoadItem::Snapshot { .. } => Ok(()),
        };
        let head = store.load(Load::all(stream).after(before).up_to(range.to), &mut checked).await?;
        return order.reached(head.revision.min(range.to));
    }
    // The last revision from before the read: the stream can only have grown since.
    let head = store.load(Load::all(stream).after(Revision::MAX), &mut |_| Ok(())).await?;
    let highest = head.revision.min(range.to);
    let mut order = Contiguous::range(stream, range);
    let mut lowest = None;
    let mut checked = |raw: RawEvent<'_>| {
        if lowest.is_none() && raw.revision < highest {
            return Err(order.damaged(highest, raw.revision));
        }
        order.take(raw.revision)?;
        lowest = Some(raw.revision);
        take(&raw)
    };
    store.read_stream(stream, range, &mut checked).await?;
    match lowest {
        Some(lowest) if lowest > from => Err(order.damaged(from, lowest)),
        None if highest >= from => Err(order.damaged(highest, Revision::EMPTY)),
        _ => Ok(()),
    }
}
