//! Handlers that lose their transaction, or its settings, by mistake.

use std::sync::Arc;

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::{BoxError, NewEvent};
use es_core::store::{Append, AppendIn};
use es_core::{EventStore, Metadata, Recorded, Revision, StoreError, StreamId};
use es_postgres::{OnFailure, PostgresProjector, PostgresTargetError, Projector};
use sqlx::{Connection, PgConnection};

use crate::support::*;

/// What the handler does at 13 cents, after it has projected the deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// Resets all settings, including those of the batch.
    Reset,
    /// Calls `begin` after an error that it swallowed. The driver then rolls back the outermost transaction.
    Begin,
    /// The same, and also swallows that error.
    BeginAndSwallow,
    /// The same, and then writes: nothing would undo that.
    BeginAndWrite,
    /// Calls `begin` after an error that it swallowed in a nested transaction. The driver rolls back to that
    /// one, and treats the commit as that of the outer one.
    NestedBegin,
}

const ALL: [Act; 5] = [Act::Reset, Act::Begin, Act::BeginAndSwallow, Act::BeginAndWrite, Act::NestedBegin];

async fn fail(db: &mut PgConnection) {
    assert!(sqlx::raw_sql("SELECT 1 / 0").execute(db).await.is_err());
}

impl Act {
    async fn run(self, db: &mut PgConnection) -> Result<(), BoxError> {
        match self {
            Self::Reset => sql(db, "RESET ALL").await,
            Self::Begin => {
                fail(db).await;
                db.begin().await?;
            }
            Self::BeginAndSwallow | Self::BeginAndWrite => {
                fail(db).await;
                assert!(db.begin().await.is_err());
                if self == Self::BeginAndWrite {
                    sql(db, "INSERT INTO es_careless_1.seen VALUES (0)").await;
                }
            }
            Self::NestedBegin => {
                let mut nested = db.begin().await?;
                fail(&mut nested).await;
                assert!(nested.begin().await.is_err());
                nested.commit().await?;
            }
        }
        Ok(())
    }
}

/// The positions of deposits, one row for each time they were projected.
#[derive(Debug, Projection)]
#[projection(name = "careless", events(Deposited), model = PgConnection, setup)]
struct Careless(Act);

impl ProjectSetup for Careless {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        sqlx::query("CREATE TABLE seen (position bigint NOT NULL)").execute(db).await?;
        Ok(())
    }
}

impl Project<Deposited> for Careless {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), BoxError> {
        let insert = sqlx::query("INSERT INTO seen VALUES ($1)").bind(event.position.get().cast_signed());
        insert.execute(&mut *db).await?;
        if event.event.cents == 13 { self.0.run(db).await } else { Ok(()) }
    }
}

/// Counts passed deposits that are neither in the model nor a dead letter, and those that are there twice.
const LOST: &str = "SELECT count(*) FROM (
    SELECT position FROM es.event_log e WHERE name = 'account.deposited' AND position <= (SELECT position FROM es.checkpoints)
    EXCEPT (SELECT position FROM es_careless_1.seen UNION SELECT position FROM es.dead_letters)
    UNION ALL SELECT position FROM es_careless_1.seen GROUP BY 1 HAVING count(*) > 1) w";

#[tokio::test]
async fn a_batch_that_has_lost_its_transaction_stops_the_projector() {
    for act in ALL {
        for page_size in [4_000, 1] {
            let (database, store) = fresh().await;
            let mut db = connect(database.url()).await;
            for cents in 8..18 {
                deposit(&store, "a", cents).await;
            }
            let projector = Projector::new(store, Careless(act)).page_size(page_size);
            let projector = projector.on_failure(OnFailure::Park);
            let done = projector.catch_up().await;
            assert_eq!(number(&mut db, LOST).await, 0, "{act:?}");
            let stopped = done.expect_err("not the same transaction");
            assert!(
                matches!(stopped.of_target(), Some(PostgresTargetError::TransactionEnded { .. })),
                "{act:?}: {stopped}"
            );
            let passed = "SELECT count(*) FROM es.checkpoints WHERE position >= 7";
            assert_eq!(number(&mut db, passed).await, 0, "{act:?}");
            assert_eq!(projector.dead_letters().await.expect("a list"), []);
        }
    }
}

#[tokio::test]
async fn an_inline_append_that_has_lost_its_transaction_is_refused() {
    let stream = StreamId::new("account", "a").expect("a stream id");
    let payload = br#"{"cents":13}"#.to_vec();
    let events = [NewEvent::new("account.deposited", 1, payload, Arc::new(Metadata::new()))];
    let append = Append::new(&stream, Revision::EMPTY, &events);
    for act in ALL {
        let (database, store) = fresh().await;
        let mut db = connect(database.url()).await;
        let store = Projector::new(store, Careless(act)).inline().await.expect("an inline store");
        let ended = |error: StoreError| {
            let StoreError::Backend { source, retryable: false } = &error else {
                panic!("{act:?}: {error:?}")
            };
            let ended = matches!(source.downcast_ref(), Some(PostgresTargetError::TransactionEnded { .. }));
            assert!(ended, "{act:?}: {error}");
        };
        ended(store.append(append).await.expect_err("refused"));
        // In a transaction of the caller, at the top and nested.
        let mut tx = db.begin().await.expect("a transaction");
        ended(store.append_in(&mut tx, append).await.expect_err("refused"));
        drop(tx);
        let mut tx = db.begin().await.expect("a transaction");
        let mut nested = tx.begin().await.expect("a savepoint");
        ended(store.append_in(&mut nested, append).await.expect_err("refused"));
        drop(nested);
        drop(tx);
        let model = "SELECT count(*) FROM es_careless.seen WHERE position > 0";
        assert_eq!(number(&mut db, model).await, 0, "{act:?}");
        if act != Act::NestedBegin {
            assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, 0, "{act:?}");
        }
    }
}
