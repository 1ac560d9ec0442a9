//! What is known about an event besides its payload.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{DecodeError, DecodeProblem, PayloadError, RawEvent, stored_time};
use crate::codec::Payload;

/// The entry of [`Metadata`] that contains the W3C trace context of the request.
pub const TRACEPARENT: &str = "traceparent";

/// What is known about an event besides its payload: who, why, and when it happened.
///
/// Set once per command, copied to each of its events.
///
/// ```
/// use es_core::Metadata;
///
/// let metadata = Metadata::new().actor("clerk-112").entry("channel", "web");
/// assert_eq!(metadata.actor.as_deref(), Some("clerk-112"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Metadata {
    /// The correlation id, shared by all events caused by one external request.
    pub correlation_id: Option<Uuid>,
    /// The causation id: the event or command that led to this one.
    pub causation_id: Option<Uuid>,
    /// When the fact happened, if that differs from when it is recorded. Kept in UTC and whole microseconds:
    /// see [`stored_time`].
    pub occurred_at: Option<OffsetDateTime>,
    /// Who requested it.
    pub actor: Option<String>,
    /// Anything else. Lists and objects can be nested 125 levels deep; what cannot be read back is rejected
    /// before anything is written
    /// ([`StoreError::MetadataNotReadable`](crate::StoreError::MetadataNotReadable)).
    pub entries: BTreeMap<String, Value>,
}

/// The part of [`Metadata`] that has no column of its own.
#[derive(Serialize, Deserialize)]
struct StoredMetadata<A, E> {
    #[serde(skip_serializing_if = "Option::is_none", default = "Option::default")]
    actor: Option<A>,
    #[serde(skip_serializing_if = "Option::is_none", default = "Option::default")]
    entries: Option<E>,
}

impl StoredMetadata<String, BTreeMap<String, Value>> {
    fn read(json: &[u8]) -> Result<Self, PayloadError> {
        serde_json::from_slice(json).map_err(|error| PayloadError::from(&error))
    }
}

impl Metadata {
    /// Empty metadata.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the correlation id.
    #[must_use]
    pub fn correlation_id(mut self, id: Uuid) -> Self {
        self.correlation_id = Some(id);
        self
    }

    /// Sets the causation id.
    #[must_use]
    pub fn causation_id(mut self, id: Uuid) -> Self {
        self.causation_id = Some(id);
        self
    }

    /// Sets when the fact happened.
    #[must_use]
    pub fn occurred_at(mut self, time: OffsetDateTime) -> Self {
        self.occurred_at = Some(time);
        self
    }

    /// Sets who requested it.
    #[must_use]
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// Adds an entry to the free map.
    #[must_use]
    pub fn entry(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.entries.insert(key.into(), value.into());
        self
    }

    /// The JSON that a store keeps for actor and entries; `None` when there are none.
    ///
    /// Stores call this; correlation, causation and occurred time have columns of their own.
    #[must_use]
    pub fn to_json(&self) -> Option<Vec<u8>> {
        self.json_within(usize::MAX).unwrap_or_default()
    }

    /// As [`to_json`](Self::to_json), if it has at most `limit` bytes; otherwise the error is its size, at
    /// least.
    pub(crate) fn json_within(&self, limit: usize) -> Result<Option<Vec<u8>>, usize> {
        if self.actor.is_none() && self.entries.is_empty() {
            return Ok(None);
        }
        let entries = (!self.entries.is_empty()).then_some(&self.entries);
        let mut json = Payload::within(limit);
        // Strings and JSON values always serialize, so the only error is that of the limit.
        let written =
            serde_json::to_writer(&mut json, &StoredMetadata { actor: self.actor.as_deref(), entries });
        match json.refused() {
            Some(bytes) => Err(bytes),
            None => Ok(written.ok().map(|()| json.into_vec())),
        }
    }

    /// The same, as every reader will see it; `None` if its time is out of range.
    pub(crate) fn into_stored(mut self) -> Option<Self> {
        if let Some(time) = self.occurred_at {
            self.occurred_at = Some(stored_time(time)?);
        }
        Some(self)
    }

    /// Rejects metadata that cannot be read back from `json`, which [`to_json`](Self::to_json) wrote.
    pub(crate) fn check_reads_back(&self, json: &[u8]) -> Result<(), PayloadError> {
        let plain = |value: &Value| match value {
            Value::Null | Value::Bool(_) | Value::String(_) => true,
            Value::Number(number) => number.is_i64() || number.is_u64(),
            Value::Array(_) | Value::Object(_) => false,
        };
        if self.entries.values().all(plain) {
            return Ok(());
        }
        let stored = StoredMetadata::read(json)?;
        if stored.entries.as_ref() == Some(&self.entries) {
            Ok(())
        } else {
            Err(PayloadError::another_value())
        }
    }
}

impl RawEvent<'_> {
    /// The metadata, decoded.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the stored metadata is not what the framework writes.
    pub fn metadata(&self) -> Result<Metadata, DecodeError> {
        let mut metadata = Metadata {
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            occurred_at: self.occurred,
            ..Metadata::default()
        };
        if let Some(json) = self.metadata {
            let stored = StoredMetadata::read(json)
                .map_err(|source| DecodeError::new(self, DecodeProblem::Metadata { source }))?;
            metadata.actor = stored.actor;
            metadata.entries = stored.entries.unwrap_or_default();
        }
        Ok(metadata)
    }

    /// As [`metadata`](Self::metadata), shared by all events without metadata.
    pub(crate) fn shared_metadata(&self) -> Result<Arc<Metadata>, DecodeError> {
        static NOTHING: LazyLock<Arc<Metadata>> = LazyLock::new(Arc::default);
        let Self { metadata: None, correlation_id: None, causation_id: None, occurred: None, .. } = self
        else {
            return self.metadata().map(Arc::new);
        };
        Ok(Arc::clone(&NOTHING))
    }
}
