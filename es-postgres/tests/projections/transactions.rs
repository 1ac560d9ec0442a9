//! What handlers may do to the transaction in which they run, and what they must not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::{BoxError, NewEvent};
use es_core::store::{Append, AppendIn};
use es_core::{EventStore, Metadata, Recorded, Repository, Revision, StoreError, StreamId};
use es_postgres::{OnFailure, PostgresProjector, PostgresTargetError, Projector};
use sqlx::{Connection, PgConnection};

use crate::support::*;

/// What the handler does at 13 cents, or the set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Nothing,
    Commit,
    Drop,
    CommitTwice,
    RawCommit,
    RawRollback,
    RawCommitAndChain,
    RawCommitThenFail,
    RawCommitAndChainThenFail,
    RawCommitAndChainThenSwallow,
    RawRollbackThenBegin,
}

const NESTED: [Act; 3] = [Act::Commit, Act::Drop, Act::CommitTwice];
const ENDED: [Act; 7] = [
    Act::RawCommit,
    Act::RawRollback,
    Act::RawCommitAndChain,
    Act::RawCommitThenFail,
    Act::RawCommitAndChainThenFail,
    Act::RawCommitAndChainThenSwallow,
    Act::RawRollbackThenBegin,
];

impl Act {
    async fn run(self, db: &mut PgConnection) -> Result<(), BoxError> {
        match self {
            Self::Nothing => {}
            Self::Commit => db.begin().await?.commit().await?,
            Self::Drop => {
                let mut nested = db.begin().await?;
                sqlx::query("CREATE TABLE dropped ()").execute(&mut *nested).await?;
            }
            Self::CommitTwice => {
                let mut outer = db.begin().await?;
                let inner = outer.begin().await?;
                inner.commit().await?;
                drop(outer.begin().await?);
                outer.commit().await?;
            }
            Self::RawCommit => sql(db, "COMMIT").await,
            Self::RawRollback => sql(db, "ROLLBACK").await,
            Self::RawCommitAndChain => sql(db, "COMMIT AND CHAIN").await,
            Self::RawCommitThenFail => {
                sql(db, "COMMIT").await;
                return Err("failed".into());
            }
            Self::RawCommitAndChainThenFail => {
                sql(db, "COMMIT AND CHAIN").await;
                sqlx::raw_sql("SELECT 1 / 0").execute(db).await?;
            }
            Self::RawCommitAndChainThenSwallow => {
                sql(db, "COMMIT AND CHAIN").await;
                assert!(sqlx::raw_sql("SELECT 1 / 0").execute(db).await.is_err());
            }
            Self::RawRollbackThenBegin => sql(db, "ROLLBACK; BEGIN").await,
        }
        Ok(())
    }
}

/// The positions of deposits, one row for each time they were projected.
#[derive(Debug, Projection)]
#[projection(name = "acts", events(Deposited), model = PgConnection, setup)]
struct Acts {
    at_set_up: Act,
    at_thirteen: Act,
    /// Whether it fails at 13 cents.
    fails: Arc<AtomicBool>,
}

impl Acts {
    fn at_thirteen(act: Act) -> Self {
        Self { at_set_up: Act::Nothing, at_thirteen: act, fails: Arc::default() }
    }
}

impl ProjectSetup for Acts {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        sqlx::query("CREATE TABLE seen (position bigint NOT NULL)").execute(&mut *db).await?;
        self.at_set_up.run(db).await
    }
}

impl Project<Deposited> for Acts {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), BoxError> {
        if event.event.cents == 13 {
            if self.fails.load(Ordering::SeqCst) {
                return Err("not yet".into());
            }
            self.at_thirteen.run(db).await?;
        }
        let position = event.position.get().cast_signed();
        let done = sqlx::query("INSERT INTO seen VALUES ($1)").bind(position).execute(db).await;
        match self.at_thirteen {
            Act::RawCommitAndChainThenSwallow => Ok(()),
            _ => done.map(drop).map_err(Into::into),
        }
    }
}

async fn ten_deposits(store: &es_postgres::PostgresStore) {
    for cents in 8..18 {
        deposit(store, "a", cents).await;
    }
}

/// Each deposit was projected once.
async fn assert_whole(db: &mut PgConnection, act: Act) {
    let wrong = "SELECT count(*) FROM (SELECT position FROM es_acts.seen GROUP BY 1 HAVING count(*) > 1
         UNION ALL (SELECT position FROM es.event_log WHERE name = 'account.deposited' EXCEPT SELECT position FROM es_acts.seen)
         UNION ALL (SELECT position FROM es_acts.seen EXCEPT SELECT position FROM es.event_log)) w";
    assert_eq!(number(db, wrong).await, 0, "{act:?}");
}

#[tokio::test]
async fn a_nested_transaction_of_a_handler_is_a_savepoint() {
    for act in NESTED {
        for page_size in [4_000, 1] {
            let (database, store) = fresh().await;
            let mut db = connect(database.url()).await;
            ten_deposits(&store).await;
            let projector = Projector::new(store, Acts::at_thirteen(act)).page_size(page_size);
            projector.catch_up().await.expect("all events");
            assert_whole(&mut db, act).await;
            assert_eq!(number(&mut db, "SELECT count(*) FROM pg_class WHERE relname = 'dropped'").await, 0);
        }
    }
}

#[tokio::test]
async fn a_handler_that_ends_the_transaction_stops_the_projector() {
    for act in ENDED {
        for page_size in [4_000, 1] {
            let (database, store) = fresh().await;
            let mut db = connect(database.url()).await;
            ten_deposits(&store).await;
            let projector = Projector::new(store, Acts::at_thirteen(act)).page_size(page_size);
            let parking = projector.on_failure(OnFailure::Park);
            let stopped = parking.catch_up().await.expect_err("not the same transaction");
            assert!(
                matches!(stopped.of_target(), Some(PostgresTargetError::TransactionEnded { .. })),
                "{act:?}: {stopped}"
            );
            assert!(!stopped.is_retryable());
            assert!(parking.dead_letters().await.expect("a list").is_empty());
            let status = parking.status().await.expect("a status");
            assert!(status.error().is_some_and(|error| error.contains("ended the transaction")), "{act:?}");
            // Opened, then 8 cents at position 2.
            let thirteen = 7;
            let skipped = format!("SELECT count(*) FROM es.checkpoints WHERE position >= {thirteen}");
            assert_eq!(number(&mut db, &skipped).await, 0, "{act:?}");
        }
    }
}

#[tokio::test]
async fn a_dead_letter_is_retried_in_one_transaction() {
    let stream = StreamId::new("account", "a").expect("a stream id");
    for act in NESTED.into_iter().chain(ENDED) {
        let (database, store) = fresh().await;
        let mut db = connect(database.url()).await;
        ten_deposits(&store).await;
        let acts = Acts::at_thirteen(act);
        let fails = Arc::clone(&acts.fails);
        let parking = Projector::new(store.clone(), acts).on_failure(OnFailure::Park);
        fails.store(true, Ordering::SeqCst);
        parking.catch_up().await.expect("all but some");
        fails.store(false, Ordering::SeqCst);
        assert_eq!(parking.dead_letters().await.expect("a list").len(), 5);
        let retried = parking.retry(&stream).await;
        let left = parking.dead_letters().await.expect("a list").len();
        if NESTED.contains(&act) {
            assert_eq!((retried.expect("an outcome").left, left), (0, 0), "{act:?}");
            assert_whole(&mut db, act).await;
        } else {
            let stopped = retried.expect_err("not the same transaction");
            assert!(
                matches!(stopped.of_target(), Some(PostgresTargetError::TransactionEnded { .. })),
                "{act:?}: {stopped}"
            );
            assert_eq!(left, 5, "{act:?}");
        }
    }
}

#[tokio::test]
async fn tables_are_set_up_in_one_transaction() {
    for act in NESTED.into_iter().chain(ENDED) {
        let (database, store) = fresh().await;
        let mut db = connect(database.url()).await;
        ten_deposits(&store).await;
        let acts = Acts { at_set_up: act, ..Acts::at_thirteen(Act::Nothing) };
        let done = Projector::new(store, acts).catch_up().await;
        if NESTED.contains(&act) {
            done.expect("all events");
            assert_whole(&mut db, act).await;
        } else {
            let stopped = done.expect_err("not the same transaction");
            assert!(
                matches!(stopped.of_target(), Some(PostgresTargetError::TransactionEnded { .. })),
                "{act:?}: {stopped}"
            );
            assert_eq!(number(&mut db, "SELECT count(*) FROM es.checkpoints").await, 0, "{act:?}");
        }
    }
}

fn deposits(cents: &str) -> [NewEvent; 1] {
    let payload = format!("{{\"cents\":{cents}}}");
    [NewEvent::new("account.deposited", 1, payload.into(), Arc::new(Metadata::new()))]
}

fn ended(error: &StoreError) -> bool {
    let StoreError::Backend { source, retryable: false } = error else { return false };
    matches!(source.downcast_ref(), Some(PostgresTargetError::TransactionEnded { .. }))
}

/// The second append of a batch is refused after the first was projected.
#[tokio::test]
async fn an_inline_append_that_is_refused_is_not_stored() {
    let (a, b) = (StreamId::new("account", "a"), StreamId::new("account", "b"));
    let (a, b) = (a.expect("a stream id"), b.expect("a stream id"));
    let events = deposits("13");
    for act in NESTED {
        let (database, store) = fresh().await;
        let mut db = connect(database.url()).await;
        Repository::<Account, _>::new(store.clone()).register().await.expect("registered");
        let store = Projector::new(store, Acts::at_thirteen(act)).inline().await.expect("an inline store");
        let batch = [Append::new(&a, Revision::EMPTY, &events), Append::new(&b, Revision::new(7), &events)];
        let outcomes = store.append_all(&batch).await.expect("outcomes");
        assert!(
            outcomes.iter().all(|outcome| !matches!(outcome, es_core::store::AppendOutcome::Appended(_)))
        );
        assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, 0, "{act:?}");

        let mut tx = db.begin().await.expect("a transaction");
        let outcome = store.append_in(&mut tx, batch[0]).await.expect("an outcome");
        assert!(matches!(outcome, es_core::store::AppendOutcome::Appended(_)), "{outcome:?}");
        tx.rollback().await.expect("a rollback");
        assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, 0, "{act:?}");

        let outcomes = store.append_all(&batch[..1]).await.expect("an outcome");
        assert!(matches!(outcomes[..], [es_core::store::AppendOutcome::Appended(_)]), "{outcomes:?}");
        assert_whole(&mut db, act).await;
    }
}

#[tokio::test]
async fn an_inline_handler_that_ends_the_transaction_is_reported() {
    let (a, b) = (StreamId::new("account", "a"), StreamId::new("account", "b"));
    let (a, b) = (a.expect("a stream id"), b.expect("a stream id"));
    let events = deposits("13");
    for act in ENDED {
        let (database, store) = fresh().await;
        let mut db = connect(database.url()).await;
        let store = Projector::new(store, Acts::at_thirteen(act)).inline().await.expect("an inline store");
        let append = Append::new(&a, Revision::EMPTY, &events);
        let error = store.append(append).await.expect_err("not the same transaction");
        assert!(ended(&error), "{act:?}: {error}");

        let other = deposits("13");
        let append = Append::new(&b, Revision::EMPTY, &other);
        let mut tx = db.begin().await.expect("a transaction");
        let error = store.append_in(&mut tx, append).await.expect_err("not the same transaction");
        assert!(ended(&error), "{act:?}: {error}");
    }
}

/// The driver does not know about a transaction that was begun by a statement, so it nests with BEGIN and
/// COMMIT.
#[tokio::test]
async fn a_nested_transaction_in_one_that_the_driver_does_not_know_is_reported() {
    let a = StreamId::new("account", "a").expect("a stream id");
    let events = deposits("13");
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let store =
        Projector::new(store, Acts::at_thirteen(Act::Commit)).inline().await.expect("an inline store");
    sql(&mut db, "BEGIN").await;
    let append = Append::new(&a, Revision::EMPTY, &events);
    let error = store.append_in(&mut db, append).await.expect_err("not the same transaction");
    assert!(ended(&error), "{error}");
}
