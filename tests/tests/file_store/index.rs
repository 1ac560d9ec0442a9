//! The index in memory: where each event is, and everything that an append is checked against.

use std::collections::{BTreeMap, HashMap, HashSet};

use es_core::shape::Fingerprint;
use es_core::store::{Checkpoint, CommandOutcome, Contiguous};
use es_core::uuid::Uuid;
use es_core::{Position, Revision, StoreError, StreamId};

use crate::record::{Name, Part, Record};

/// Category and key: what a stream is found by, under any name of its category.
pub(crate) type Key = (usize, String);

/// Where an event is: in the store, in its stream, and in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) position: Position,
    pub(crate) revision: Revision,
    /// The byte at which its record begins.
    pub(crate) at: u64,
    /// Which append of the record, and which event of it.
    pub(crate) nth: (usize, usize),
}

/// What the index contains of an event, without reading it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) bytes: usize,
    pub(crate) place: Place,
}

#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// Its events, in order, by their place in [`Index::entries`].
    pub(crate) events: Vec<usize>,
    pub(crate) closed: bool,
    /// The revision of each snapshot, and the byte at which its record begins.
    pub(crate) snapshots: HashMap<Fingerprint, (Revision, u64)>,
}

impl Stream {
    pub(crate) const fn revision(&self) -> Revision {
        Revision::new(self.events.len() as u64)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Several names may belong to one category, whose number is that of its first name.
    pub(crate) categories: HashMap<String, usize>,
    first_names: Vec<String>,
    pub(crate) streams: BTreeMap<Key, Stream>,
    /// All events: that of position `n` at `n - 1`, as a single writer leaves no gaps between positions.
    pub(crate) entries: Vec<Entry>,
    /// The command ledger. The stream of a command that wrote nothing need not exist.
    commands: HashMap<(Key, Uuid), CommandOutcome>,
    /// The known events, with their shapes if known.
    pub(crate) known: HashMap<(String, u32), Option<Fingerprint>>,
    pub(crate) former: HashSet<(String, u32)>,
}

impl Index {
    /// Adds a record: one that was just written, or one of a file that is being opened.
    pub(crate) fn apply(&mut self, at: u64, record: &Record) -> Result<(), StoreError> {
        match record {
            Record::Append { position, parts, .. } => {
                let next = self.next_position();
                if *position != next.get() {
                    let source = format!("the record at byte {at} begins with position {position}").into();
                    return Err(StoreError::DamagedEvent { position: next, source });
                }
                for (number, part) in parts.iter().enumerate() {
                    self.add(at, number, part)?;
                }
            }
            Record::Remember { stream, command } => {
                let key = self.make_key(stream);
                self.commands.insert((key, command.id), command.told());
            }
            Record::Snapshot { stream, revision, fingerprint, .. } => {
                let key = self.make_key(stream);
                let kept = (Revision::new(*revision), at);
                let stream = self.streams.entry(key).or_default();
                stream.snapshots.insert(Fingerprint::from_i64(*fingerprint), kept);
            }
            Record::Register { events } => {
                for event in events {
                    let of = (event.name.clone(), event.version);
                    if event.former {
                        self.former.insert(of.clone());
                    }
                    if !event.former || self.known.contains_key(&of) {
                        let known = self.known.entry(of).or_default();
                        *known = known.or(event.fingerprint.map(Fingerprint::from_i64));
                    }
                }
            }
            Record::Rename { names } => {
                let known = names.iter().find(|name| self.categories.contains_key(*name));
                let number = self.category(known.unwrap_or(&names[names.len() - 1]));
                self.categories.extend(names.iter().map(|name| (name.clone(), number)));
            }
            Record::Close { stream } => {
                let key = self.make_key(stream);
                self.streams.entry(key).or_default().closed = true;
            }
        }
        Ok(())
    }

    fn add(&mut self, at: u64, number: usize, part: &Part) -> Result<(), StoreError> {
        let key = self.make_key(&part.stream);
        if part.events.is_empty() {
            // A condition, of which only the outcome of the command is recorded.
            self.commands.extend(part.command.as_ref().map(|command| ((key, command.id), command.told())));
            return Ok(());
        }
        let stream = self.streams.entry(key.clone()).or_default();
        let id = StreamId::new(&part.stream.0, &part.stream.1)?;
        let mut revision = Revision::new(part.revision);
        Contiguous::after(&id, stream.revision()).take(revision)?;
        for (nth, event) in part.events.iter().enumerate() {
            let position = Position::new(self.entries.len() as u64 + 1);
            let place = Place { position, revision, at, nth: (number, nth) };
            stream.events.push(self.entries.len());
            let (id, name, bytes) = (event.id, event.name.clone(), event.bytes());
            self.known.entry((name.clone(), event.version)).or_default();
            self.entries.push(Entry { key: key.clone(), id, name, bytes, place });
            revision = revision.next();
        }
        if let Some(command) = &part.command {
            self.commands.insert((key, command.id), command.told());
        }
        Ok(())
    }

    fn category(&mut self, name: &str) -> usize {
        let next = self.first_names.len();
        let number = *self.categories.entry(name.to_owned()).or_insert(next);
        if number == next {
            self.first_names.push(name.to_owned());
        }
        number
    }

    fn make_key(&mut self, Name(category, key): &Name) -> Key {
        (self.category(category), key.clone())
    }

    /// What a stream is found by; `None` if the category does not exist.
    pub(crate) fn key(&self, id: &StreamId) -> Option<Key> {
        Some((*self.categories.get(id.category())?, id.key().to_owned()))
    }

    pub(crate) fn stream(&self, id: &StreamId) -> Option<&Stream> {
        self.streams.get(&self.key(id)?)
    }

    /// The outcome of a command that was executed before.
    pub(crate) fn command(&self, id: &StreamId, command: Uuid) -> Option<&CommandOutcome> {
        self.commands.get(&(self.key(id)?, command))
    }

    /// Revision and id of the last event of a stream.
    pub(crate) fn last(&self, stream: Option<&Stream>) -> (Revision, Option<Uuid>) {
        let last = stream.and_then(|stream| stream.events.last());
        let event = last.map(|at| &self.entries[*at]);
        event.map_or((Revision::EMPTY, None), |event| (event.place.revision, Some(event.id)))
    }

    pub(crate) const fn next_position(&self) -> Position {
        Position::new(self.entries.len() as u64 + 1)
    }

    pub(crate) fn head(&self) -> Checkpoint {
        self.entries.last().map_or(Checkpoint::START, Entry::checkpoint)
    }

    /// A stream under the requested name, or else under the first one of its category.
    pub(crate) fn named(&self, (category, key): &Key, asked: Option<&str>) -> Result<StreamId, StoreError> {
        Ok(StreamId::new(asked.unwrap_or(&self.first_names[*category]), key)?)
    }
}

impl Entry {
    pub(crate) const fn checkpoint(&self) -> Checkpoint {
        Checkpoint::behind(self.place.position, self.id)
    }
}
