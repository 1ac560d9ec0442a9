//! The values of the numbers in a sequence.

use std::sync::Arc;

use es_core::record::NewEvent;
use es_core::shape::Fingerprint;
use es_core::store::{CommandKey, CommandRecord, Registration};
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{Metadata, StreamId};

use crate::step::{Command, Fact, Registered, Stream};

/// Nothing is ever written to the last one.
pub(crate) const CATEGORIES: [&str; 4] = ["account", "konto", "order", "order item"];
/// Not in the order of their bytes.
const KEYS: [&str; 6] = ["b", "a", "ä", "a/1", "a\u{10ffff}", ""];
const PREFIXES: [&str; 5] = ["", "a", "a/", "ä", "c"];
/// The last one is rejected.
pub(crate) const NAMES: [&str; 4] = ["noted", "moved", "bewegt", ""];
/// The last two are rejected.
const PAYLOADS: [&str; 6] =
    ["1", "{ \"b\":1,\"a\": [true, null ] }", "\"ä\u{1f980}\\n\"", "1.50e3", "{\"open\":", "\"\\u0000\""];
const COMMANDS: [&str; 3] = ["Note", "Move", "a\0b"];

pub(crate) fn stream(stream: Stream) -> StreamId {
    StreamId::new(CATEGORIES[stream.category], KEYS[stream.key]).expect("a stream")
}

/// All streams that sequences write to.
pub(crate) fn streams() -> impl Iterator<Item = StreamId> {
    (0..3).flat_map(|category| (0..4).map(move |key| stream(Stream { category, key })))
}

pub(crate) fn key(number: usize) -> &'static str {
    KEYS[number]
}

pub(crate) fn prefix(number: usize) -> &'static str {
    PREFIXES[number]
}

/// The `nth` event of the sequence.
pub(crate) fn event(fact: Fact, nth: u128) -> NewEvent {
    let metadata = Arc::new(metadata(fact.metadata));
    let mut event =
        NewEvent::new(NAMES[fact.name], fact.version, PAYLOADS[fact.payload].as_bytes().to_vec(), metadata);
    event.id = event_id(nth);
    event
}

pub(crate) const fn event_id(nth: u128) -> Uuid {
    Uuid::from_u128(0xe0_0000 + nth)
}

fn metadata(number: usize) -> Metadata {
    let time = |nanoseconds| OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).expect("a time");
    match number {
        0 => Metadata::new(),
        1 => Metadata::new().correlation_id(correlation(0)).causation_id(event_id(0)),
        2 => Metadata::new().actor("Zoë").entry("b", 1).entry("a", "\u{1f980}"),
        3 => Metadata::new().correlation_id(correlation(1)).occurred_at(time(1_500_000_000_123_456_789)),
        _ => Metadata::new().occurred_at(time(-1)).entry("deep", vec![vec![1, 2], vec![]]),
    }
}

pub(crate) const fn correlation(number: usize) -> Uuid {
    Uuid::from_u128(0xc0_0000 + number as u128)
}

pub(crate) const fn command_id(number: usize) -> Uuid {
    Uuid::from_u128(0xd0_0000 + number as u128)
}

pub(crate) const fn command(command: Command) -> CommandRecord<'static> {
    let key = CommandKey::new(command_id(command.id)).body_hash(command.body_hash);
    CommandRecord::new(key, COMMANDS[command.name])
}

pub(crate) fn fingerprint(number: usize) -> Fingerprint {
    Fingerprint::EMPTY.with(&number.to_string())
}

/// The type of an event, if stores accept it.
pub(crate) fn registered(event: &NewEvent) -> Option<Registration> {
    (event.name != NAMES[3] && event.version > 0).then(|| Registration::new(event.name, event.version))
}

pub(crate) fn registration(of: Registered) -> Registration {
    let fingerprint = of.fingerprint.map(fingerprint);
    Registration::new(NAMES[of.name], of.version).fingerprint(fingerprint).former(of.former)
}
