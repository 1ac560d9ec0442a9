//! What the macros record about events and aggregates, as constants.

use crate::record::RawEvent;
use crate::shape::Describe;

/// What `#[event]` records about one version, as a constant.
#[doc(hidden)]
#[derive(Debug)]
pub struct EventDescription {
    pub name: &'static str,
    pub version: u32,
    /// The earlier names.
    pub was: &'static [&'static str],
    pub semantics: Option<&'static str>,
    /// The path of the struct; its last segment is the name in messages.
    pub type_name: fn() -> &'static str,
    /// Whether the struct is generated from the field history of a newer one, which then gives the name.
    pub is_of_history: bool,
    /// The fields that this version added, each with its default in older events as JSON, if it can be
    /// serialized.
    pub added: &'static [AddedDefault],
    pub shape: Describe,
    /// Reads an event, brings it up to this version and writes it as this version, or as the previous one
    /// with `write_as`.
    pub whole: Option<ReadWhole>,
    /// The previous version. A function, as its struct may be private to the module of this one.
    pub previous: Option<fn() -> &'static Self>,
    /// Reads an event, brings it up to the previous version and writes it as that one.
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

/// The events of one aggregate, retired ones included.
#[doc(hidden)]
pub type WholeAggregate = fn() -> &'static [ReadEvent];

/// What `#[derive(Aggregate)]` records about the events, as a constant.
#[doc(hidden)]
#[derive(Debug)]
pub struct AggregateDescription {
    /// The newest version of each event.
    pub events: &'static [fn() -> &'static EventDescription],
    /// The same for those that are no longer written, with the function that reads each as itself.
    pub retired: &'static [ReadEvent],
    /// For a process: its inputs, timers and commands, which it reads as well.
    pub beside: &'static [ReadEvent],
}

impl AggregateDescription {
    /// The newest version of every event that is read, written or not.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static EventDescription> {
        self.events.iter().chain(self.retired.iter().map(|(event, _)| event)).map(|description| description())
    }
}

impl EventDescription {
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
