//! The events of all aggregates of a lock, according to the code.

use std::collections::{BTreeMap, BTreeSet};

use super::advice;
use super::ambiguous;
use super::facts::Facts;
use super::findings::Finding;
use super::folding::Folding;
use super::later;
use super::published::{ADDED, Lines, Published};
use super::reader::{
    Reader, Replay, WriteForOld, Written, by_aggregate, by_process, by_projection, by_publisher, by_reactor,
    downcast, projected,
};
use super::rust_names::rust_lines;
use crate::catalogue::{Catalogue, EventShape};
use crate::messaging::Publisher;
use crate::model::{Aggregate, EventDescription, ReadEvent, ReadWhole};
use crate::projection::Projection;
use crate::reactor::Effects;
use crate::shape::{Line, quoted};
use crate::stream::StreamKey;

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) shape: EventShape,
    /// The path of the struct.
    pub(super) rust_path: &'static str,
    /// The defaults of the fields that this version added: what they are in events of the version before.
    pub(super) defaults: Vec<Line>,
    /// How the types in it have changed since they were first stored.
    pub(super) history: Vec<Line>,
    /// Whether it is made from the field history of the newest version.
    pub(super) is_of_history: bool,
    /// Whether the version before it is made from the field history.
    pub(super) has_history: bool,
    /// The newest version of this event, and its struct.
    pub(super) newest: (u32, &'static str),
    /// Whether an aggregate no longer writes it.
    pub(super) is_retired: bool,
    /// Reads an event as this version of it, where this one is not the newest, or is only read.
    pub(super) as_itself: Option<ReadWhole>,
    /// What writes the newest version as the one before, with `write_as`.
    pub(super) downcast: Option<(Reader, WriteForOld)>,
    /// What reads the event.
    pub(super) readers: Vec<(Reader, Replay)>,
}

impl Entry {
    pub(super) fn lines(&self) -> Lines {
        let Self { defaults, history, .. } = self;
        let shape = self.shape.lines();
        let rust = rust_lines(self.rust_path, &shape);
        Lines { shape, defaults: defaults.clone(), history: history.clone(), rust }
    }
}

#[derive(Debug, Default)]
pub(super) struct Code {
    pub(super) entries: BTreeMap<Published, Entry>,
    /// The events that a stored name may be, by their present names: two aggregates may share the past of an
    /// event.
    names: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// Each event, by its present name, with what its versions are published as.
    events: BTreeMap<&'static str, BTreeMap<u32, Published>>,
    /// The aggregates, by their names.
    pub(super) aggregates: BTreeMap<&'static str, Facts>,
    /// The aggregates with snapshots.
    pub(super) folds: Vec<Folding>,
    findings: Vec<Finding>,
    /// The same for types, which occur in many events.
    of_types: BTreeSet<String>,
}

impl Code {
    pub(super) fn add<A: Aggregate>(&mut self) {
        let aggregate = A::description();
        let mut facts = Facts {
            id: Some(A::Id::form().into_owned()),
            was: A::WAS.iter().map(|was| (*was).to_owned()).collect(),
            ..Facts::default()
        };
        let reader = Reader::Aggregate(A::NAME);
        for newest in aggregate.events.iter().map(|event| event()) {
            self.add_versions(newest, None, (reader, by_aggregate::<A>));
            facts.events.insert(newest.name.to_owned());
            let published = Published { name: newest.name.to_owned(), version: newest.version };
            if newest.whole.is_some()
                && let Some(entry) = self.entries.get_mut(&published)
            {
                entry.downcast = Some((reader, downcast::<A>));
            }
        }
        for (newest, read) in aggregate.retired.iter().map(|(event, read)| (event(), read)) {
            self.add_versions(newest, Some(*read), (reader, by_aggregate::<A>));
            facts.retired.insert(newest.name.to_owned());
        }
        self.add_list(aggregate.beside, (Reader::Process(A::NAME), by_process::<A>));
        let known = self
            .aggregates
            .entry(A::NAME)
            .or_insert_with(|| Facts { id: facts.id.clone(), ..Facts::default() });
        if known.id != facts.id {
            let [one, other] = [&known.id, &facts.id].map(|id| id.as_deref().unwrap_or_default());
            self.findings.push(Finding::new(format!(
                "two types are the aggregate `{}`, one with the id `{one}` and one with `{other}`\n\
                 Both read the same streams, which are named by one kind of id. Give both the same.",
                A::NAME,
            )));
        }
        known.join(facts);
        self.folds.extend(Folding::of::<A>());
        self.check_state::<A>();
    }

    /// Finds what is wrong with the state of an aggregate that takes snapshots.
    fn check_state<A: Aggregate>(&mut self) {
        let catalogue = Catalogue::of::<A>();
        let Some(state) = catalogue.state() else { return };
        let what = format!("the state of aggregate `{}`, which is kept in snapshots,", A::NAME);
        self.findings.extend(ambiguous::values(&what, state));
        for part in state.opaque() {
            self.findings.push(Finding::new(format!(
                "the state of aggregate `{}` is kept in snapshots, and a part of it has no shape: {part}\n\
                 A change of it would not be seen, and old snapshots be misread.\n{}",
                A::NAME,
                advice::no_shape(&part, std::any::type_name::<A>()),
            )));
        }
    }

    pub(super) fn add_projection<P: Projection>(&mut self) {
        self.add_list(&projected::<P>(), (Reader::Projection(P::NAME), by_projection::<P>));
    }

    pub(super) fn add_reactor<E: Effects>(&mut self) {
        self.add_list(E::events(), (Reader::Reactor(E::NAME), by_reactor::<E>));
    }

    /// What is published stays as it is, as others keep it or read it later.
    pub(super) fn add_publisher<P: Publisher>(&mut self) {
        let mut events: Vec<ReadEvent> = Vec::new();
        for event in P::events().iter().chain(P::public_events()) {
            if events.iter().all(|(known, _)| known().name != event.0().name) {
                events.push(*event);
            }
        }
        self.add_list(&events, (Reader::Publisher(P::NAME), by_publisher::<P>));
    }

    fn add_list(&mut self, events: &[ReadEvent], reader: (Reader, Replay)) {
        for (newest, _) in events {
            self.add_versions(newest(), None, reader);
        }
    }

    fn add_versions(
        &mut self,
        newest: &'static EventDescription,
        retired: Option<ReadWhole>,
        reader: (Reader, Replay),
    ) {
        let mut as_itself = retired;
        for version in newest.versions() {
            let published = Published { name: version.name.to_owned(), version: version.version };
            self.events.entry(newest.name).or_default().insert(version.version, published);
            let newest = (newest.version, newest.struct_name());
            self.add_event(version, newest, reader, (retired.is_some(), as_itself));
            as_itself = version.read_previous;
        }
        self.add_names(newest);
    }

    fn add_event(
        &mut self,
        description: &EventDescription,
        newest: (u32, &'static str),
        reader: (Reader, Replay),
        (is_retired, as_itself): (bool, Option<ReadWhole>),
    ) {
        let shape = EventShape::new(description);
        let published = Published { name: shape.name().to_owned(), version: shape.version() };
        let defaults = self.defaults(&published, description);
        let history = later::lines(&shape, &mut self.of_types);
        match self.entries.get_mut(&published) {
            None => {
                let entry = Entry {
                    rust_path: (description.type_name)(),
                    shape,
                    defaults,
                    history,
                    is_of_history: description.is_of_history,
                    has_history: description.previous.is_some_and(|previous| previous().is_of_history),
                    newest,
                    is_retired,
                    as_itself,
                    downcast: None,
                    readers: vec![reader],
                };
                self.check(&published, &entry);
                self.entries.insert(published, entry);
            }
            Some(entry) if entry.shape == shape && entry.defaults == defaults => {
                entry.readers.push(reader);
                entry.is_retired |= is_retired;
                entry.as_itself = entry.as_itself.or(as_itself);
            }
            Some(entry) => self.findings.push(Finding::new(format!(
                "{published} are two structs: `{}` in {} and `{}` in {}\n\
                 Give one of the events another name, or list the same struct in both aggregates.",
                entry.shape.struct_name(),
                entry.readers.first().map_or_else(String::new, |(first, _)| first.to_string()),
                shape.struct_name(),
                reader.0,
            ))),
        }
    }

    /// Finds parts without a description, and forms that cannot be distinguished.
    fn check(&mut self, published: &Published, entry: &Entry) {
        let Entry { shape, rust_path, newest, is_retired, .. } = entry;
        for part in shape.schema().opaque().into_iter().chain(shape.schema().opaque_later()) {
            self.findings.push(Finding::new(format!(
                "{published} (`{}`) has a part without a shape: {part}\n\
                 Parts without a description cannot be compared.\n{}",
                shape.struct_name(),
                advice::no_shape(&part, rust_path),
            )));
        }
        let what = format!("{published} (`{}`)", shape.struct_name());
        self.findings.extend(ambiguous::forms(&what, shape.today()));
        // Events that are no longer written can lose nothing.
        if published.version == newest.0 && !is_retired {
            self.findings.extend(ambiguous::values(&what, shape.today()));
        }
    }

    /// Computes each default twice: one that is not deterministic gives old events another meaning at each
    /// read.
    fn defaults(&mut self, published: &Published, description: &EventDescription) -> Vec<Line> {
        let mut defaults: Vec<Line> = Vec::new();
        for (field, default) in description.added {
            match (default(), default()) {
                (Some(json), Some(again)) if json == again => defaults.push(added(field, json)),
                (Some(_), Some(_)) => self.findings.push(Finding::new(format!(
                    "the default of `{field}`, which {published} added, is not deterministic\n\
                     Events that were stored before would mean something else at every reading. Write a \
                     constant, or take what the stored event holds in an `UpcastFrom`."
                ))),
                _ => self.findings.push(Finding::new(format!(
                    "the default of `{field}`, which {published} added, cannot be written as JSON\n\
                     So it cannot be locked. Write one that a payload can hold."
                ))),
            }
        }
        defaults.sort_by(|left, right| left.key.cmp(&right.key));
        defaults
    }

    fn add_names(&mut self, newest: &EventDescription) {
        for name in newest.was.iter().copied().chain([newest.name]) {
            self.names.entry(name).or_default().insert(newest.name);
        }
    }

    /// The present names of the events that a stored name may be.
    pub(super) fn present(&self, name: &str) -> impl Iterator<Item = &'static str> {
        self.names.get(name).into_iter().flatten().copied()
    }

    /// The names that an event had before.
    pub(super) fn earlier_names(&self, now: &str) -> impl Iterator<Item = &'static str> {
        self.renamed().filter(move |(_, present)| *present == now).map(|(was, _)| was)
    }

    /// Earlier names, each with the present one.
    pub(super) fn renamed(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let pairs = self.names.iter().flat_map(|(was, now)| now.iter().map(|now| (*was, *now)));
        pairs.filter(|(was, now)| was != now)
    }

    /// The current form of a published version, if it has a current name.
    pub(super) fn under_present_names(&self, published: &Published) -> impl Iterator<Item = &Entry> {
        self.present(&published.name)
            .filter_map(|now| self.entries.get(self.events.get(now)?.get(&published.version)?))
    }

    /// A version of an event, by its present name.
    pub(super) fn version_of(&self, name: &str, version: u32) -> Option<(&Published, &Entry)> {
        self.entries.get_key_value(self.events.get(name)?.get(&version)?)
    }

    /// The payload with its sets in order, so that it can be compared.
    pub(super) fn in_order(&self, mut written: Written) -> Written {
        let published = Published { name: written.name.clone(), version: written.version };
        if let Some(entry) = self.entries.get(&published) {
            written.payload = entry.shape.today().in_order(written.payload);
        }
        written
    }

    /// The newest version of the event that has this name, or had it, and its struct.
    pub(super) fn newest(&self, name: &str) -> Option<(u32, &'static str)> {
        let versions = self.events.get(self.present(name).next()?)?;
        let (_, newest) = versions.last_key_value()?;
        self.entries.get(newest).map(|entry| entry.newest)
    }

    /// What is wrong with the code alone.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        findings.extend(self.of_types.iter().map(Finding::new));
        for (name, events) in &self.names {
            if let Some(other) = events.iter().find(|other| *other != name && events.contains(name)) {
                findings.push(Finding::new(format!(
                    "`{name}` is the name of an event, and what `{other}` was called before\n\
                     An event stored under that name is only one of them. Give the first a name that no \
                     event ever had, or remove it from the `was(…)` of `{other}`."
                )));
            }
        }
        findings
    }
}

/// The line of a default, which stands among those of the version that added the field.
fn added(field: &str, json: String) -> Line {
    Line::new(format!("{}{}", ADDED, quoted(field)), json)
}
