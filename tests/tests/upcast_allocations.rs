//! Reading old events with a history of fields allocates nothing, except for fields that an upcast adds. A
//! separate binary, as its allocator counts.

#![allow(missing_docs, reason = "events that only this test looks at")]

use allocation_counter::measure;
use es_core::record::RawEvent;
use es_core::shape::Shape;
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{Aggregate, Apply, Position, Revision, StreamId, event};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Shape)]
pub struct Line {
    item: String,
    count: u32,
}

#[event(name = "parcel.sent", version = 5, removed(in = 3, note: String))]
pub struct Sent {
    to: String,
    lines: Vec<Line>,
    #[event(renamed(in = 2, from = "weight"))]
    grams: Box<u32>,
    #[event(added(in = 4, default = "post".to_owned()))]
    carrier: String,
    #[event(added(in = 5, default))]
    tags: Vec<String>,
}

#[event(name = "parcel.returned")]
pub struct Returned;

#[derive(Aggregate, Default)]
#[aggregate(name = "parcel", id = String, events(Returned, Sent))]
pub struct Parcel;

impl Apply<Sent> for Parcel {
    fn apply(&mut self, _: Sent) {}
}

impl Apply<Returned> for Parcel {
    fn apply(&mut self, _: Returned) {}
}

/// The fields of each version, as written by a program that knows only this version.
mod by_hand {
    use super::{Deserialize, Line};

    macro_rules! version {
        ($name:ident: $($field:ident: $type:ty),*) => {
            #[derive(Deserialize)]
            #[allow(dead_code, reason = "only its decoding is of interest")]
            pub struct $name { $($field: $type),* }
        };
    }

    version!(V1: to: String, lines: Vec<Line>, weight: Box<u32>, note: String);
    version!(V2: to: String, lines: Vec<Line>, grams: Box<u32>, note: String);
    version!(V3: to: String, lines: Vec<Line>, grams: Box<u32>);
    version!(V4: to: String, lines: Vec<Line>, grams: Box<u32>, carrier: String);
    version!(V5: to: String, lines: Vec<Line>, grams: Box<u32>, carrier: String, tags: Vec<String>);
}

const LINES: &str = r#""to":"Ann","lines":[{"item":"pen","count":3},{"item":"ink","count":1}]"#;

/// How many allocations it takes to read a stored event as the newest version.
fn ours(version: u32, payload: &str) -> u64 {
    let stream = StreamId::new("parcel", "1").expect("a stream");
    let raw = RawEvent::new(
        &stream,
        (Revision::new(1), Position::new(1)),
        Uuid::nil(),
        ("parcel.sent", version),
        payload.as_bytes(),
        OffsetDateTime::UNIX_EPOCH,
    );
    let mut events = 0;
    let counted = measure(|| {
        let mut parcel = Parcel;
        let decoded = Parcel::decode(&raw, &mut |event| {
            parcel.apply_event(event);
            events += 1;
        });
        assert!(decoded.is_ok(), "version {version} is read");
    });
    assert_eq!(events, 1);
    counted.count_total
}

/// How many it takes to read it as its own version.
fn floor<T: for<'de> Deserialize<'de>>(payload: &str) -> u64 {
    measure(|| assert!(serde_json::from_str::<T>(payload).is_ok(), "{payload}")).count_total
}

#[test]
fn an_upcast_allocates_only_for_the_fields_that_it_adds() {
    let payload = |rest: &str| format!("{{{LINES},{rest}}}");
    let first = payload(r#""weight":5,"note":"fragile""#);
    let second = payload(r#""grams":5,"note":"fragile""#);
    let third = payload(r#""grams":5"#);
    let fourth = payload(r#""grams":5,"carrier":"bike""#);
    let fifth = payload(r#""grams":5,"carrier":"bike","tags":["a","b"]"#);

    // The name, two items and their list, and the box; one more for the note.
    assert_eq!((floor::<by_hand::V1>(&first), floor::<by_hand::V3>(&third)), (6, 5));
    assert_eq!(ours(5, &fifth), floor::<by_hand::V5>(&fifth));
    // An empty list allocates nothing.
    assert_eq!(ours(4, &fourth), floor::<by_hand::V4>(&fourth));
    // The word "post".
    assert_eq!(ours(3, &third), floor::<by_hand::V3>(&third) + 1);
    assert_eq!(ours(2, &second), floor::<by_hand::V2>(&second) + 1);
    assert_eq!(ours(1, &first), floor::<by_hand::V1>(&first) + 1);
}
