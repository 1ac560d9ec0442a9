//! The catalogue: every version of every event of an aggregate, with its shape.

use crate::model::{Aggregate, EventDescription};
use crate::shape::{Fingerprint, Line, Schema};
use crate::store::Registration;

/// Everything that an aggregate reads: its events in all their versions, and its state if that is stored.
///
/// [`lock`](crate::lock) compares it with what was published, and stores compare its
/// [registrations](Self::registrations) with those they hold.
///
/// ```
/// # use es_core::catalogue::Catalogue;
/// # use es_core::{Aggregate, Apply, event};
///
/// #[event(name = "counter.added")]
/// pub struct Added { pub by: u64 }
///
/// #[derive(Aggregate, Default)]
/// #[aggregate(name = "counter", id = String, events(Added))]
/// pub struct Counter { total: u64 }
/// # impl Apply<Added> for Counter { fn apply(&mut self, event: Added) { self.total += event.by; } }
///
/// let catalogue = Catalogue::of::<Counter>();
/// assert_eq!(catalogue.events()[0].text(), "payload: struct\n  by: u64\n");
/// ```
#[derive(Debug, Clone)]
pub struct Catalogue {
    aggregate: &'static str,
    events: Vec<EventShape>,
    state: Option<Schema>,
}

impl Catalogue {
    /// The catalogue of `A`.
    #[must_use]
    pub fn of<A: Aggregate>() -> Self {
        let mut events = Vec::new();
        for newest in A::description().all() {
            events.extend(newest.versions().map(EventShape::new));
        }
        let state = A::snapshots().map(|snapshots| snapshots.state());
        Self { aggregate: A::NAME, events, state }
    }

    /// The aggregate's name.
    #[must_use]
    pub const fn aggregate(&self) -> &'static str {
        self.aggregate
    }

    /// Every version of every event, retired ones included, the newest of each first.
    #[must_use]
    pub fn events(&self) -> &[EventShape] {
        &self.events
    }

    /// The event versions to register with a store: see
    /// [`EventStore::register`](crate::EventStore::register).
    #[must_use]
    pub fn registrations(&self) -> Vec<Registration> {
        let of_event = |event: &EventShape| {
            let (version, fingerprint) = (event.version, event.fingerprint());
            let of = move |name| Registration::new(name, version).fingerprint(fingerprint);
            event.was.iter().map(move |was| of(was).former(true)).chain([of(event.name)])
        };
        self.events.iter().flat_map(of_event).collect()
    }

    /// The shape of the state, if snapshots of it are taken.
    #[must_use]
    pub const fn state(&self) -> Option<&Schema> {
        self.state.as_ref()
    }
}

/// One version of one event.
#[derive(Debug, Clone, PartialEq)]
pub struct EventShape {
    name: &'static str,
    version: u32,
    was: &'static [&'static str],
    semantics: Option<&'static str>,
    struct_name: &'static str,
    schema: Schema,
    /// The same with the current form of types that have a history.
    today: Option<Schema>,
}

impl EventShape {
    pub(crate) fn new(description: &EventDescription) -> Self {
        let EventDescription { name, version, was, semantics, shape, .. } = *description;
        let struct_name = description.struct_name();
        let schema = Schema::described(shape);
        let today = schema.has_history().then(|| Schema::described_in_current_form(shape));
        Self { name, version, was, semantics, struct_name, schema, today }
    }

    /// The wire name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The names that the event had before.
    #[must_use]
    pub const fn was(&self) -> &'static [&'static str] {
        self.was
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The text of `semantics = "…"`.
    #[must_use]
    pub const fn semantics(&self) -> Option<&'static str> {
        self.semantics
    }

    /// The name of the struct, which is not part of the shape.
    #[must_use]
    pub const fn struct_name(&self) -> &'static str {
        self.struct_name
    }

    /// The shape of the payload. Types with a history of their own appear as they were first stored.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The same with the current form of types that have a history: read in each of their forms.
    pub(crate) fn today(&self) -> &Schema {
        self.today.as_ref().unwrap_or(&self.schema)
    }

    /// The canonical text of shape and semantics.
    #[must_use]
    pub fn text(&self) -> String {
        Line::text(&self.lines())
    }

    /// The hash of [`text`](Self::text); `None` if a part has no shape, so that a change of it could not be
    /// detected.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.schema.opaque().is_empty().then(|| Fingerprint::EMPTY.with(&self.text()))
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut lines = self.schema.lines();
        if let Some(payload) = lines.first_mut() {
            payload.rust = Some(self.struct_name.to_owned());
        }
        if let Some(semantics) = self.semantics {
            lines.insert(1, Line::new("semantics", format!("{semantics:?}")));
        }
        lines
    }
}
