//! Batches of large events: bounded in bytes, from the first one on.

use std::sync::Arc;

use es_core::projection::{ProjectBatch, ProjectSetup, Projection};
use es_core::record::{BoxError, NewEvent};
use es_core::store::{Append, AppendOutcome};
use es_core::{EventStore, Metadata, Revision, StreamId, event};
use es_postgres::Projector;
use sqlx::{Executor, PgConnection};

use crate::support::{connect, fresh, number};

#[event(name = "note.written")]
struct Written {
    text: String,
}

/// The number of events and bytes of each batch.
#[derive(Projection)]
#[projection(name = "sizes", events(Written), model = PgConnection, setup, batch)]
struct Sizes;

impl ProjectSetup for Sizes {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        db.execute("CREATE TABLE sizes (events bigint NOT NULL, bytes bigint NOT NULL)").await?;
        Ok(())
    }
}

impl ProjectBatch for Sizes {
    async fn project_batch(&self, events: &[SizesEvent], db: &mut PgConnection) -> Result<(), BoxError> {
        let mut bytes = 0;
        for event in events {
            let SizesEvent::Written(event) = event;
            bytes += i64::try_from(event.event.text.len())?;
        }
        let insert = sqlx::query("INSERT INTO sizes VALUES ($1, $2)").bind(i64::try_from(events.len())?);
        insert.bind(bytes).execute(db).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_large_events_is_small() {
    for (page_bytes, most) in [(None, 4 << 20), (Some(1_200_000), 1_200_000), (Some(1), 500_000)] {
        let (database, store) = fresh().await;
        let note = StreamId::new("note", "1").expect("a stream id");
        let payload = format!("{{\"text\": \"{}\"}}", "x".repeat(500_000)).into_bytes();
        let event = || NewEvent::new("note.written", 1, payload.clone(), Arc::new(Metadata::new()));
        for nth in 0..3 {
            let batch: Vec<NewEvent> = (0..20).map(|_| event()).collect();
            let outcome = store.append(Append::new(&note, Revision::new(nth * 20), &batch)).await;
            assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))), "{outcome:?}");
        }
        let mut projector = Projector::new(store, Sizes);
        if let Some(bytes) = page_bytes {
            projector = projector.page_bytes(bytes);
        }
        projector.catch_up().await.expect("all events");
        let mut db = connect(database.url()).await;
        assert_eq!(number(&mut db, "SELECT sum(events)::bigint FROM es_sizes.sizes").await, 60);
        let largest = number(&mut db, "SELECT max(bytes) FROM es_sizes.sizes").await;
        assert!(largest <= most, "{largest} bytes in one batch");
    }
}
