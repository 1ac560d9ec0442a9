//! A stream that lost an event by other means than the store: no read skips the gap.

use es_core::store::{Load, StreamRange};
use es_core::subscription::Subscription;
use es_core::{EventStore, Revision, StoreError};

use crate::support::{append_one, appended, connect, fresh, sql, stream};

#[tokio::test]
async fn a_missing_event_is_damage_to_every_reader() {
    let (database, store) = fresh().await;
    let stream = stream("a");
    for expected in 0..4 {
        appended(append_one(&store, &stream, expected).await);
    }
    let mut owner = connect(database.url()).await;
    sql(&mut owner, "ALTER TABLE es.events DISABLE TRIGGER ALL").await;
    sql(&mut owner, "DELETE FROM es.events WHERE revision = 2").await;
    let protect =
        "ALTER TABLE es.events ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER never_truncated";
    sql(&mut owner, protect).await;
    let damaged = |read: Result<(), StoreError>| {
        assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
    };
    damaged(store.load(Load::all(&stream), &mut |_| Ok(())).await.map(|_| ()));
    damaged(store.read_stream(&stream, StreamRange::ALL, &mut |_| Ok(())).await);
    damaged(store.read_stream(&stream, StreamRange::ALL.backward(), &mut |_| Ok(())).await);
    let lost = StreamRange::from(Revision::new(2)).to(Revision::new(3));
    damaged(store.read_stream(&stream, lost, &mut |_| Ok(())).await);
    damaged(Subscription::new(store).page(&mut |_| Ok(())).await.map(|_| ()));
}
