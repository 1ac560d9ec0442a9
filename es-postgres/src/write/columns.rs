//! The events of appends as columns: the arrays that the append functions take.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use es_core::record::{NewEvent, stored_time};
use es_core::{Metadata, StoreError};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::connect::failure::unexpected;
use crate::connect::names::Known;
use crate::write::json::Json;

/// One array for each column, one element for each event.
#[derive(Debug)]
pub(crate) struct EventColumns<'a> {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) types: Vec<i32>,
    pub(crate) payloads: Vec<Json<'a>>,
}

/// One array for each column that comes from the metadata.
#[derive(Debug)]
pub(crate) struct MetadataColumns {
    pub(crate) occurred: Vec<Option<OffsetDateTime>>,
    pub(crate) correlations: Vec<Option<Uuid>>,
    pub(crate) causations: Vec<Option<Uuid>>,
    pub(crate) json: Vec<Option<Json<'static>>>,
}

impl<'a> EventColumns<'a> {
    /// With capacity for this many events.
    pub(crate) fn for_events(count: usize) -> Self {
        Self {
            ids: Vec::with_capacity(count),
            types: Vec::with_capacity(count),
            payloads: Vec::with_capacity(count),
        }
    }

    /// Adds events, whose types must be known.
    pub(crate) fn extend(&mut self, events: &'a [NewEvent], known: &Known) -> Result<(), StoreError> {
        for event in events {
            self.ids.push(event.id);
            self.types.push(type_id(event, known)?);
            self.payloads.push(Json(Cow::Borrowed(&event.payload)));
        }
        Ok(())
    }
}

impl MetadataColumns {
    /// With capacity for this many events.
    pub(crate) fn for_events(count: usize) -> Self {
        Self {
            occurred: Vec::with_capacity(count),
            correlations: Vec::with_capacity(count),
            causations: Vec::with_capacity(count),
            json: Vec::with_capacity(count),
        }
    }

    /// One element if all events share their metadata; otherwise one for each event.
    pub(crate) fn of(events: &[NewEvent]) -> Self {
        let shared = events.windows(2).all(|pair| Arc::ptr_eq(&pair[0].metadata, &pair[1].metadata));
        let events = if shared { &events[..events.len().min(1)] } else { events };
        let mut columns = Self::for_events(events.len());
        columns.extend(events);
        columns
    }

    /// One element for each event.
    pub(crate) fn extend(&mut self, events: &[NewEvent]) {
        for event in events {
            let metadata = &event.metadata;
            self.occurred.push(occurred(metadata));
            self.correlations.push(metadata.correlation_id);
            self.causations.push(metadata.causation_id);
            self.json.push(metadata.to_json().map(|json| Json(Cow::Owned(json))));
        }
    }
}

/// When the fact happened, in the precision of the database: the driver would round towards the year 2000.
pub(crate) fn occurred(metadata: &Metadata) -> Option<OffsetDateTime> {
    metadata.occurred_at.and_then(stored_time)
}

/// Binds the parameters of an append. If the driver panics while it encodes a value, the append fails:
/// nothing was sent, and other appends in the same batch are not affected.
pub(crate) fn bound<T>(bind: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(bind))
        .unwrap_or_else(|_| Err(unexpected("a value of the append cannot be encoded for the database")))
}

/// The id of an event's type, which must be registered.
pub(crate) fn type_id(event: &NewEvent, known: &Known) -> Result<i32, StoreError> {
    let id = known.type_id(event.name, event.version);
    id.ok_or_else(|| unexpected(format!("event `{}` version {} has no id", event.name, event.version)))
}
