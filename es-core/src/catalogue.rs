//! The catalogue: every version of every event of an aggregate, with its shape.

use crate::shape::{Describe, Line, Schema};
use crate::{Aggregate, Event, Fingerprint, RawEvent};

/// What `#[event]` says about one version, as a constant.
#[doc(hidden)]
#[derive(Debug)]
pub struct EventDescription {
    pub name: &'static str,
    pub version: u32,
    /// The earlier names.
    pub was: &'static [&'static str],
    pub semantics: Option<&'static str>,
    /// The path of the struct, the end of which is its name in messages.
    pub type_name: fn() -> &'static str,
    /// Whether the struct is made from the field history of a newer one, which then gives the name.
    pub is_of_history: bool,
    /// The fields that this version added, each with its default in older events as JSON, where it can be
    /// written.
    pub added: &'static [AddedDefault],
    pub shape: Describe,
    /// Reads an event, brings it up to this version and writes it as this version, where `write_as` makes it
    /// write the one before.
    pub whole: Option<ReadWhole>,
    /// The version before. A function, as the struct before may be private to the module of this one.
    pub previous: Option<fn() -> &'static Self>,
    /// Reads an event, brings it up to the version before and writes it as that one.
    pub read_previous: Option<ReadWhole>,
}

/// A wire name, and a function that makes the default and writes it as JSON.
#[doc(hidden)]
pub type AddedDefault = (&'static str, fn() -> Option<String>);

/// A function that reads a stored event and writes all of it.
#[doc(hidden)]
pub type ReadWhole = fn(&RawEvent<'_>) -> Result<Vec<u8>, String>;

/// The newest version of an event that is only read, and the function that reads it.
#[doc(hidden)]
pub type ReadEvent = (fn() -> &'static EventDescription, ReadWhole);

/// What `#[derive(Aggregate)]` says about the events, as a constant.
#[doc(hidden)]
#[derive(Debug)]
pub struct AggregateDescription {
    /// The newest version of each event.
    pub events: &'static [fn() -> &'static EventDescription],
    /// The same of those that are no longer written, with what reads them as themselves.
    pub retired: &'static [ReadEvent],
}

impl AggregateDescription {
    /// The newest version of every event that is read, written or not.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static EventDescription> {
        self.events.iter().chain(self.retired.iter().map(|(event, _)| event)).map(|description| description())
    }
}

impl EventDescription {
    /// What there is to say of an event that is all in its constants: most of them.
    pub(crate) const fn of<E: Event>() -> Self {
        Self {
            name: E::NAME,
            version: E::VERSION,
            was: E::WAS,
            semantics: None,
            type_name: std::any::type_name::<E>,
            is_of_history: false,
            added: &[],
            shape: E::shape,
            whole: None,
            previous: None,
            read_previous: None,
        }
    }

    /// The name of the struct, for messages.
    pub(crate) fn struct_name(&self) -> &'static str {
        let path = (self.type_name)();
        let name = path.rsplit("::").next().unwrap_or(path);
        name.strip_prefix("r#").unwrap_or(name)
    }

    /// This version and those before it.
    pub(crate) fn versions(&'static self) -> impl Iterator<Item = &'static Self> {
        std::iter::successors(Some(self), |description| description.previous.map(|previous| previous()))
    }
}

/// Everything that an aggregate reads: its events in all their versions, and its state where that is stored.
///
/// Stores compare it with what the database knows, and [`lock`](crate::lock) with what was published.
///
/// ```
/// # use es_core::{Aggregate, Apply, event};
/// use es_core::Catalogue;
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

    #[cfg(feature = "conformance")]
    pub(crate) fn of_events(aggregate: &'static str, events: impl Iterator<Item = EventDescription>) -> Self {
        let events = events.map(|event| EventShape::new(&event)).collect();
        Self { aggregate, events, state: None }
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

    /// What a store keeps of the events: see [`EventStore::register`](crate::EventStore::register).
    pub fn registrations(&self) -> impl Iterator<Item = Registration> {
        self.events.iter().flat_map(|event| {
            let (version, fingerprint) = (event.version, event.fingerprint());
            let of = move |name, former| Registration { name, version, fingerprint, former };
            event.was.iter().map(move |was| of(was, true)).chain([of(event.name, false)])
        })
    }

    /// The shape of the state, where snapshots of it are taken.
    #[must_use]
    pub const fn state(&self) -> Option<&Schema> {
        self.state.as_ref()
    }
}

/// A name and a version under which events are stored, and what they look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registration {
    /// The wire name.
    pub name: &'static str,
    /// The version.
    pub version: u32,
    /// The hash of the shape; `None` where it is not known, as a part has no shape.
    pub fingerprint: Option<Fingerprint>,
    /// Whether this is a name that the event had before. Events may be stored under it, or not, so it is
    /// compared with what a store knows and not made known to it.
    pub former: bool,
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
    /// The same with types that have a history as they are today.
    today: Option<Schema>,
}

impl EventShape {
    pub(crate) fn new(description: &EventDescription) -> Self {
        let EventDescription { name, version, was, semantics, shape, .. } = *description;
        let struct_name = description.struct_name();
        let schema = Schema::described(shape);
        let today = schema.has_history().then(|| Schema::described_today(shape));
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

    /// What `semantics = "…"` says.
    #[must_use]
    pub const fn semantics(&self) -> Option<&'static str> {
        self.semantics
    }

    /// The name of the struct, which is no part of the shape.
    #[must_use]
    pub const fn struct_name(&self) -> &'static str {
        self.struct_name
    }

    /// The shape of the payload. Types with a history of their own stand in it as they were first stored.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The same with types that have a history as they are today: read in each form that they had.
    pub(crate) fn today(&self) -> &Schema {
        self.today.as_ref().unwrap_or(&self.schema)
    }

    /// The canonical text of shape and semantics.
    #[must_use]
    pub fn text(&self) -> String {
        Line::text(&self.lines())
    }

    /// The hash of [`text`](Self::text); `None` where a part has no shape, so that a change of it would not
    /// be seen.
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
