//! Answers as text, without what may differ from store to store: positions, and the time on its clock.

use std::collections::HashMap;
use std::fmt::Debug;

use es_core::record::{NewEvent, RawEvent};
use es_core::store::{AppendOutcome, Appended, Checkpoint};
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{Position, StoreError};

/// Where and when a store has stored each event, according to its answers.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<Uuid, (Position, OffsetDateTime)>);

impl Places {
    pub(crate) fn take(&mut self, events: &[NewEvent], outcome: &AppendOutcome) {
        if let AppendOutcome::Appended(Appended { positions, recorded_at, .. }) = outcome {
            assert_eq!(events.len(), positions.len(), "a position for each event");
            let places = positions.iter().map(|position| (*position, *recorded_at));
            self.0.extend(events.iter().map(|event| event.id).zip(places));
        }
    }

    pub(crate) fn position(&self, event: Uuid) -> Option<Position> {
        self.0.get(&event).map(|(position, _)| *position)
    }

    /// An event, and where it is stored if that differs from the answer.
    pub(crate) fn event(&self, raw: &RawEvent<'_>) -> String {
        let RawEvent { stream, revision, event_id, name, version, occurred, .. } = raw;
        let (payload, metadata) = (text(raw.payload), raw.metadata.map(text));
        let ids = (raw.correlation_id, raw.causation_id);
        let place = (raw.position, raw.recorded_at);
        let elsewhere = match self.0.get(event_id) {
            Some(said) if *said == place => String::new(),
            said => format!(" elsewhere: {place:?}, not {said:?}"),
        };
        format!(
            "{stream}@{revision} {event_id} {name:?} {version} {payload} {occurred:?} {ids:?} {metadata:?}{elsewhere}"
        )
    }
}

pub(crate) fn outcome(outcome: &AppendOutcome) -> String {
    match outcome {
        AppendOutcome::Appended(appended) => format!("Appended {}", appended.positions.len()),
        other => format!("{other:?}"),
    }
}

pub(crate) fn checkpoint(checkpoint: Checkpoint) -> String {
    format!("behind {:?}", checkpoint.event().map(|(_, id)| id))
}

/// The answer that `say` writes for a result, or the error.
pub(crate) fn result<T>(result: Result<T, StoreError>, say: impl FnOnce(T) -> String) -> String {
    result.map_or_else(|error| self::error(&error), say)
}

pub(crate) fn error(error: &StoreError) -> String {
    match error {
        StoreError::ForeignCheckpoint { event_id, found, .. } => {
            format!("ForeignCheckpoint: {event_id} is {found:?}")
        }
        error => {
            let kind = debug(&error);
            let kind = kind.split([' ', '(']).next().unwrap_or_default();
            format!("{kind}: {error}")
        }
    }
}

pub(crate) fn debug(of: &impl Debug) -> String {
    format!("{of:?}")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
