//! The cost of reading one stored event: `Aggregate::decode` against `serde_json` alone.
//!
//! `cargo bench -p es-benches --bench decode`

#![allow(missing_docs, reason = "events that only this bench looks at")]

mod events;

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use es_core::record::RawEvent;
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{Aggregate, Position, Revision, StreamId};
use serde::de::DeserializeOwned;

use events::{Closed, Deposited, Order, Ordered, OrderedV1};

const CLOSED: &str = r#"{"clerk":17}"#;
const DEPOSITED: &str = r#"{"cents":12345,"currency":"EUR","teller":"Ann Smith","confirmed":true}"#;
const ORDERED: &str = r#"{"customer":"Ann Smith","street":"Main Street 5","city":"Rome","lines":[
    {"item":"pen","count":3,"price":{"cents":120,"currency":"EUR"}},
    {"item":"ink","count":1,"price":{"cents":990,"currency":"EUR"}},
    {"item":"paper","count":500,"price":{"cents":1,"currency":"EUR"}}],
    "channel":{"kind":"web","url":"https://example.org/pens"},"rate":1.0825,"note":null,"express":true}"#;
const ORDERED_V1: &str = r#"{"name":"Ann Smith","street":"Main Street 5","city":"Rome","lines":[
    {"item":"pen","count":3,"price":{"cents":120,"currency":"EUR"}},
    {"item":"ink","count":1,"price":{"cents":990,"currency":"EUR"}},
    {"item":"paper","count":500,"price":{"cents":1,"currency":"EUR"}}],
    "channel":{"kind":"web","url":"https://example.org/pens"},"rate":1.0825,"fax":"0123"}"#;

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    pair::<Closed>(&mut group, "one number", ("order.closed", 1), CLOSED);
    pair::<Deposited>(&mut group, "four fields", ("order.deposited", 1), DEPOSITED);
    pair::<Ordered>(&mut group, "nested", ("order.ordered", 3), ORDERED);
    pair::<OrderedV1>(&mut group, "nested, two steps", ("order.ordered", 1), ORDERED_V1);
    group.finish();
}

/// The floor decodes the payload as its known type; ours selects the event and version, and upcasts it to the
/// current one.
fn pair<Floor: DeserializeOwned>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    case: &str,
    (name, version): (&str, u32),
    payload: &str,
) {
    let Ok(stream) = StreamId::new("order", "1") else { return };
    let raw = RawEvent::new(
        &stream,
        (Revision::new(1), Position::new(1)),
        Uuid::nil(),
        (name, version),
        payload.as_bytes(),
        OffsetDateTime::UNIX_EPOCH,
    );
    assert!(serde_json::from_slice::<Floor>(raw.payload).is_ok(), "{case}");
    assert!(Order::decode(&raw, &mut |_| ()).is_ok(), "{case}");
    group.bench_function(format!("{case}/serde_json"), |bencher| {
        bencher.iter(|| {
            let event = serde_json::from_slice::<Floor>(black_box(raw.payload));
            black_box(&event);
        });
    });
    group.bench_function(format!("{case}/es"), |bencher| {
        bencher.iter(|| {
            let mut sink = |event| {
                black_box(&event);
            };
            black_box(Order::decode(black_box(&raw), &mut sink).is_ok())
        });
    });
}

criterion_group!(benches, decode);
criterion_main!(benches);
