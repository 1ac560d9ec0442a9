//! The dead letters of a consumer, as events of a separate stream in its store.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::letter::{self, DeadMessage, PARKED, SETTLED};
use crate::error::StoreError;
use crate::record::{Metadata, NewEvent};
use crate::store::{Append, AppendOutcome, EventStore, Registration, StreamRange};
use crate::stream::{InvalidStreamId, Revision, StreamId};

/// The category of the streams.
const CATEGORY: &str = "es-dead-messages";

/// The dead letters of a consumer. Several programs may change them: each append is guarded by its expected
/// revision (optimistic concurrency).
pub(super) struct Letters<S> {
    store: S,
    name: &'static str,
    known: Mutex<Option<ParkedLetters>>,
}

/// The fold of the stream.
#[derive(Default)]
struct ParkedLetters {
    revision: Revision,
    letters: BTreeMap<u64, DeadMessage>,
}

/// Why a message is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Failed,
    /// An earlier message of its stream is parked.
    Waits,
}

/// The outcome of parking a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parking {
    Parked,
    /// It no longer has anything to wait for.
    Free,
}

impl<S: EventStore> Letters<S> {
    pub(super) fn new(store: S, name: &'static str) -> Self {
        Self { store, name, known: Mutex::new(None) }
    }

    /// Whether there are dead letters of a stream, as far as this program knows.
    pub(super) async fn holds(&self, stream: &StreamId) -> Result<bool, StoreError> {
        let mut known = self.known.lock().await;
        Ok(self.fresh(&mut known).await?.holds(stream))
    }

    /// All letters, in order.
    pub(super) async fn all(&self) -> Result<Vec<DeadMessage>, StoreError> {
        let mut known = self.known.lock().await;
        *known = None;
        Ok(self.fresh(&mut known).await?.letters.values().cloned().collect())
    }

    /// Parks a message, unless it is parked already.
    pub(super) async fn park(&self, letter: &DeadMessage, why: Why) -> Result<Parking, StoreError> {
        let mut known = self.known.lock().await;
        loop {
            let seen = self.fresh(&mut known).await?;
            let stream = letter.message.as_ref().map(|message| &message.stream);
            if why == Why::Waits && !stream.is_some_and(|stream| seen.holds(stream)) {
                return Ok(Parking::Free);
            }
            if seen.letters.values().any(|other| other.is_of(letter)) {
                return Ok(Parking::Parked);
            }
            let payload = letter::encoded(letter)?;
            if let Some(revision) = self.append(seen.revision, PARKED, payload).await? {
                let mut letter = letter.clone();
                letter.number = revision.get();
                seen.letters.insert(letter.number, letter);
                seen.revision = revision;
                return Ok(Parking::Parked);
            }
            *known = None;
        }
    }

    /// Removes a letter; returns whether it existed.
    pub(super) async fn settle(&self, number: u64) -> Result<bool, StoreError> {
        let mut known = self.known.lock().await;
        loop {
            let seen = self.fresh(&mut known).await?;
            if !seen.letters.contains_key(&number) {
                return Ok(false);
            }
            let payload = format!("{{\"letter\":{number}}}").into_bytes();
            if let Some(revision) = self.append(seen.revision, SETTLED, payload).await? {
                seen.letters.remove(&number);
                seen.revision = revision;
                return Ok(true);
            }
            *known = None;
        }
    }

    fn stream(&self) -> Result<StreamId, InvalidStreamId> {
        StreamId::new(CATEGORY, self.name)
    }

    /// Appends one event; returns its revision, or nothing if another program came first.
    async fn append(
        &self,
        at: Revision,
        name: &'static str,
        payload: Vec<u8>,
    ) -> Result<Option<Revision>, StoreError> {
        let events = [NewEvent::new(name, 1, payload, Arc::new(Metadata::new()))];
        let outcome = self.store.append(Append::new(&self.stream()?, at, &events)).await?;
        Ok(matches!(outcome, AppendOutcome::Appended(_)).then(|| at.next()))
    }

    /// The known state, after reading the stream if nothing is known.
    async fn fresh<'a>(
        &self,
        known: &'a mut Option<ParkedLetters>,
    ) -> Result<&'a mut ParkedLetters, StoreError> {
        if known.is_none() {
            *known = Some(self.read().await?);
        }
        Ok(known.get_or_insert_default())
    }

    async fn read(&self) -> Result<ParkedLetters, StoreError> {
        self.store.register(&[PARKED, SETTLED].map(|name| Registration::new(name, 1))).await?;
        let mut known = ParkedLetters::default();
        let mut take = |raw: crate::record::RawEvent<'_>| {
            known.revision = raw.revision;
            match raw.name {
                PARKED => {
                    known.letters.insert(raw.revision.get(), letter::decoded(&raw)?);
                }
                _ => {
                    known.letters.remove(&letter::settled(&raw)?);
                }
            }
            Ok(())
        };
        self.store.read_stream(&self.stream()?, StreamRange::ALL, &mut take).await?;
        Ok(known)
    }
}

impl ParkedLetters {
    fn holds(&self, stream: &StreamId) -> bool {
        let streams = self.letters.values().filter_map(|letter| letter.message.as_ref());
        streams.into_iter().any(|message| message.stream == *stream)
    }
}
