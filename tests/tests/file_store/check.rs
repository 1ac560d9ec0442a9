//! The checks of appends, loads, snapshots and registrations.

use es_core::model::NewSnapshot;
use es_core::store::{Append, AppendOutcome, Load, Registration, StreamHead};
use es_core::{Revision, StoreError};

use crate::index::{Index, Place, Stream};

impl Index {
    /// What prevents an append from being written, if anything does.
    pub(crate) fn obstacle(&self, append: &Append<'_>) -> Result<Option<AppendOutcome>, StoreError> {
        if let Some(command) = append.command
            && let Some(outcome) = self.command(append.stream, command.key.id)
        {
            outcome.check(append.stream, command)?;
            return Ok(Some(AppendOutcome::Repeated(outcome.clone())));
        }
        let stream = self.stream(append.stream);
        if stream.is_some_and(|stream| stream.closed) && !append.is_condition() {
            return Err(StoreError::StreamClosed { stream: append.stream.clone() });
        }
        let (actual, last) = self.last(stream);
        if actual != append.expected || append.last_event_id.is_some_and(|head| last != Some(head)) {
            return Ok(Some(AppendOutcome::Conflict { actual }));
        }
        Ok(None)
    }

    /// Where the events of a range are, in the order of their revisions.
    pub(crate) fn places(&self, stream: &Stream, from: Revision, to: Revision) -> Vec<Place> {
        let count = stream.events.len();
        let end = usize::try_from(to.get()).unwrap_or(count).min(count);
        let begin = usize::try_from(from.get().saturating_sub(1)).unwrap_or(end).min(end);
        stream.events[begin..end].iter().map(|at| self.entries[*at].place).collect()
    }

    /// The head of a stream, its usable snapshot, and the places of the events after it: all as of one
    /// moment.
    pub(crate) fn look(&self, load: &Load<'_>) -> (StreamHead, Option<(Revision, u64)>, Vec<Place>) {
        let command = load.command_id.and_then(|id| self.command(load.stream, id)).cloned();
        let Some(stream) = self.stream(load.stream) else {
            return (StreamHead::default().command(command), None, Vec::new());
        };
        let snapshot = load.snapshot.and_then(|fingerprint| stream.snapshots.get(&fingerprint)).copied();
        let snapshot = snapshot.filter(|(revision, _)| *revision > load.after && *revision <= load.up_to);
        let after = snapshot.map_or(load.after, |(revision, _)| revision);
        let (revision, last) = self.last(Some(stream));
        let head = StreamHead::new(revision, last).closed(stream.closed).command(command);
        (head, snapshot, self.places(stream, after.next(), load.up_to))
    }

    /// Whether a snapshot is of stored events, and newer than the stored one.
    pub(crate) fn takes(&self, snapshot: &NewSnapshot) -> bool {
        let Some(stream) = self.stream(&snapshot.stream) else { return false };
        let (revision, kept) = (snapshot.revision, stream.snapshots.get(&snapshot.fingerprint));
        let place = usize::try_from(revision.get()).ok().and_then(|revision| revision.checked_sub(1));
        let Some(event) = place.and_then(|at| stream.events.get(at)) else { return false };
        snapshot.event_id.is_none_or(|id| self.entries[*event].id == id)
            && kept.is_none_or(|(kept, _)| *kept < revision)
    }

    pub(crate) fn is_known(&self, name: &str, version: u32) -> bool {
        let of = (name.to_owned(), version);
        self.known.contains_key(&of) || self.former.contains(&of)
    }

    /// Whether a program registers anything new.
    pub(crate) fn is_new(&self, event: &Registration) -> Result<bool, StoreError> {
        let &Registration { name, version, fingerprint, former, .. } = event;
        let of = (name.to_owned(), version);
        let known = self.known.get(&of);
        match (known.copied().flatten(), fingerprint) {
            (Some(registered), Some(found)) if registered != found => {
                Err(StoreError::SchemaConflict { name: name.into(), version, registered, found })
            }
            (None, Some(_)) if known.is_some() => Ok(true),
            _ if former => Ok(!self.former.contains(&of)),
            _ => Ok(known.is_none()),
        }
    }
}
