//! Finding events by their ids.

use std::sync::Arc;

use uuid::Uuid;

use super::fixture::{append, event, rows, stream, third_is_refused};
use crate::error::StoreError;
use crate::record::{Metadata, NewEvent, RawEvent};
use crate::store::{EventStore, Find, FindEvents};
use crate::stream::StreamId;

/// Finds an event by its id, and all events of a correlation id, in any stream, in the order of their
/// positions.
pub async fn events_are_found_by_their_ids<S: EventStore + FindEvents>(store: S) {
    let correlation = Uuid::now_v7();
    let correlated = Arc::new(Metadata::new().correlation_id(correlation));
    let event =
        |metadata: &Arc<Metadata>| NewEvent::new("account.noted", 1, b"1".to_vec(), Arc::clone(metadata));
    let user = StreamId::new("user", "1").expect("valid");
    let (one, two) = ([event(&correlated), event(&Arc::default())], [event(&correlated)]);
    append(&store, &stream("1"), 0, &one).await;
    append(&store, &user, 0, &two).await;
    append(&store, &stream("1"), 2, &two.clone().map(|_| event(&correlated))).await;
    let find = async |what| {
        let mut found = Vec::new();
        let mut take = |raw: RawEvent<'_>| {
            found.push(format!("{}#{}", raw.stream, raw.revision));
            Ok(())
        };
        store.find(what, &mut take).await.expect("a search");
        found
    };
    assert_eq!(find(Find::Event(one[1].id)).await, ["account/1#2"]);
    assert_eq!(find(Find::Event(two[0].id)).await, ["user/1#1"]);
    assert!(find(Find::Event(correlation)).await.is_empty());
    assert_eq!(find(Find::Correlation(correlation)).await, ["account/1#1", "user/1#1", "account/1#3"]);
    assert!(find(Find::Correlation(one[0].id)).await.is_empty());
}

/// An error of the sink ends the search, and the store keeps working.
pub async fn an_error_of_the_sink_ends_the_search<S: EventStore + FindEvents>(store: S) {
    let correlation = Uuid::now_v7();
    let metadata = Arc::new(Metadata::new().correlation_id(correlation));
    let events: Vec<_> =
        (0..500).map(|_| NewEvent { metadata: Arc::clone(&metadata), ..event("1") }).collect();
    append(&store, &stream("1"), 0, &events).await;
    for _ in 0..20 {
        let mut seen = 0;
        let mut take = |raw: RawEvent<'_>| third_is_refused(&mut seen, &raw);
        let found = store.find(Find::Correlation(correlation), &mut take).await;
        let error = found.expect_err("the sink's error");
        assert!(matches!(error, StoreError::Damaged { found, .. } if found.get() == 3), "{error}");
        assert_eq!(seen, 3);
    }
    assert_eq!(rows(&store, &stream("1")).await.len(), 500);
}
