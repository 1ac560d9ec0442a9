//! Many events in one call.

use std::sync::Arc;

use es_core::record::NewEvent;
use es_core::store::{Append, StreamRange};
use es_core::{EventStore, Metadata, Revision};

use crate::support::{appended, fresh, ids, stream};

#[tokio::test]
async fn ten_thousand_events_are_appended_in_one_call() {
    let (_database, store) = fresh().await;
    for shared in [true, false] {
        let stream = stream(if shared { "shared" } else { "each its own" });
        let metadata = Arc::new(Metadata::new().actor("0"));
        let batch: Vec<NewEvent> = (0..10_000)
            .map(|nth| {
                let own =
                    || Arc::new(Metadata::new().actor(nth.to_string()).correlation_id(uuid::Uuid::now_v7()));
                let metadata = if shared { Arc::clone(&metadata) } else { own() };
                NewEvent::new("account.counted", 1, format!("{{\"nth\":{nth}}}").into_bytes(), metadata)
            })
            .collect();
        let outcome =
            appended(store.append(Append::new(&stream, Revision::EMPTY, &batch)).await.expect("an outcome"));
        assert_eq!(outcome.positions.len(), 10_000);
        assert!(outcome.positions.is_sorted());
        assert_eq!(ids(&store, &stream).await, batch.iter().map(|event| event.id).collect::<Vec<_>>());
        let mut nth = 0;
        let mut check = |event: es_core::record::RawEvent<'_>| {
            let expected = &batch[nth];
            assert_eq!(event.payload, expected.payload);
            assert_eq!(event.metadata().expect("metadata"), *expected.metadata);
            assert_eq!(event.position, outcome.positions[nth]);
            nth += 1;
            Ok(())
        };
        store.read_stream(&stream, StreamRange::ALL, &mut check).await.expect("read");
        assert_eq!(nth, 10_000);
    }
}
