//! One program of a pair, without its types.

use std::fmt;
use std::path::Path;

use es_core::catalogue::{Catalogue, EventShape};
use es_core::lock::{Lock, LockError, Mode};
use es_core::record::RawEvent;
use es_core::shape::Schema;
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{Aggregate, Event, Position, Revision, StreamId};

use super::{Json, Make, Mean, Random};

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The event's name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The bytes.
    pub json: String,
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` version {}: {}", self.name, self.version, self.json)
    }
}

/// What a program makes of a stored event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The state after it, which says all that it was told.
    pub means: String,
    /// The current events that it stands for, as they are written again.
    pub written: Vec<String>,
}

/// Makes a random event: its payload, and what it means.
type MakeEvent = fn(&mut Random) -> Result<(Vec<u8>, String), String>;

/// A struct whose values are stored.
#[derive(Debug, Clone, Copy)]
pub struct Writer {
    name: &'static str,
    version: u32,
    is_todays: bool,
    make: MakeEvent,
}

impl Writer {
    /// The newest version of an event.
    #[must_use]
    pub const fn of<E: Event + Make + Mean>() -> Self {
        Self { is_todays: true, ..Self::old::<E>() }
    }

    /// A version of an event, or a retired event, which becomes another one when it is read.
    #[must_use]
    pub const fn old<E: Event + Make + Mean>() -> Self {
        let make = |random: &mut Random| {
            let event = E::make(random);
            let mut json = es_core::codec::Payload::new();
            event.encode(&mut json).map_err(|error| error.to_string())?;
            Ok((json.into_vec(), event.meaning()))
        };
        Self { name: E::NAME, version: E::VERSION, is_todays: false, make }
    }

    /// Whether its values are read as themselves.
    #[must_use]
    pub const fn is_todays(&self) -> bool {
        self.is_todays
    }

    /// A random value of it, as it is stored, with what it meant to the program that wrote it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, random: &mut Random) -> Result<(Payload, String), String> {
        let (json, meaning) = (self.make)(random)?;
        let json = String::from_utf8(json).map_err(|error| error.to_string())?;
        Ok((self.payload(json), meaning))
    }

    /// An event of this version that holds this JSON.
    #[must_use]
    pub fn payload(&self, json: String) -> Payload {
        Payload { name: self.name.into(), version: self.version, json }
    }
}

/// One program: what it publishes, reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct Side {
    streams: (&'static str, fn() -> &'static str),
    lock: fn(&Path, Mode) -> Result<(), LockError>,
    read: fn(&RawEvent<'_>) -> Result<Reading, String>,
    catalogue: fn() -> Catalogue,
    writers: &'static [Writer],
}

impl Side {
    /// The program whose aggregate is `A`, and whose events are those of `writers`.
    #[must_use]
    pub const fn of<A: Aggregate + Mean>(writers: &'static [Writer]) -> Self {
        Self {
            streams: (A::NAME, std::any::type_name::<A::Id>),
            lock: |folder, mode| {
                Lock::new(folder).with::<A>().run(mode)?;
                Ok(())
            },
            read: read::<A>,
            catalogue: Catalogue::of::<A>,
            writers,
        }
    }

    /// Compares the program with the lock of a folder.
    ///
    /// # Errors
    ///
    /// What the lock finds.
    pub fn lock(&self, folder: &Path, mode: Mode) -> Result<(), LockError> {
        (self.lock)(folder, mode)
    }

    /// Which streams it reads: the category, and the type of the keys in it.
    #[must_use]
    pub fn streams(&self) -> String {
        format!("{}/{}", self.streams.0, (self.streams.1)())
    }

    /// Its events.
    #[must_use]
    pub const fn writers(&self) -> &'static [Writer] {
        self.writers
    }

    /// The shape of what is written.
    #[must_use]
    pub fn schema(&self, writer: &Writer) -> Option<Schema> {
        let catalogue = (self.catalogue)();
        let is_of = |shape: &&EventShape| (shape.name(), shape.version()) == (writer.name, writer.version);
        let shape = catalogue.events().iter().find(is_of);
        shape.map(|shape| shape.schema().clone())
    }

    /// Reads and folds a stored event.
    ///
    /// # Errors
    ///
    /// When the program cannot read it, or not write it again.
    pub fn read(&self, payload: &Payload) -> Result<Reading, String> {
        let stream = StreamId::new("subject", "one").map_err(|error| error.to_string())?;
        (self.read)(&RawEvent::new(
            &stream,
            (Revision::new(1), Position::new(1)),
            Uuid::nil(),
            (&payload.name, payload.version),
            payload.json.as_bytes(),
            OffsetDateTime::UNIX_EPOCH,
        ))
    }
}

fn read<A: Aggregate + Mean>(raw: &RawEvent<'_>) -> Result<Reading, String> {
    let mut events = Vec::new();
    A::decode(raw, &mut |event| events.push(event)).map_err(|error| error.to_string())?;
    let (mut state, mut written) = (A::initial(), Vec::new());
    for event in events {
        let of = A::event_type(&event);
        let mut json = es_core::codec::Payload::new();
        A::encode(&event, &mut json).map_err(|error| error.to_string())?;
        written.push(format!("`{}` version {}: {}", of.name, of.written, Json::read(json.as_slice())?));
        state.apply_event(event);
    }
    Ok(Reading { means: state.meaning(), written })
}
