//! Inline projections, in the transactions of appends.

use es_core::projection::{Project, Projection};
use es_core::store::{AppendIn, ReadAll};
use es_core::{EventStore, Recorded, Repository, Revision, StoreError, StreamId};
use es_postgres::{Inline, PostgresProjector, Projector, ProjectorError};
use sqlx::{Connection, PgConnection};

use crate::support::*;

/// Counts deposits, in a table of its own.
#[derive(Projection)]
#[projection(name = "counts", events(Deposited), model = PgConnection, error = sqlx::Error, setup)]
struct Counts;

impl es_core::projection::ProjectSetup for Counts {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("CREATE TABLE counts AS SELECT 0::bigint AS deposits").execute(db).await.map(|_| ())
    }
}

impl Project<Deposited> for Counts {
    async fn project(&self, _: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE counts SET deposits = deposits + 1").execute(db).await.map(|_| ())
    }
}

async fn inline() -> (es_postgres::testing::TestDatabase, Inline<Balances>, PgConnection) {
    let (database, store) = fresh().await;
    let db = connect(database.url()).await;
    let store = Projector::new(store, Balances).inline().await.expect("an inline store");
    (database, store, db)
}

#[tokio::test]
async fn the_model_is_committed_with_the_events() {
    let (_database, store, mut db) = inline().await;
    let accounts = Repository::<Account, _>::new(store);
    for (account, cents) in [("a", 1), ("b", 2), ("a", 3)] {
        accounts.execute(&account.to_owned(), Deposit(cents)).await.expect("a deposit");
        assert_exact(&mut db, "es_balances").await;
    }
}

#[tokio::test]
async fn existing_events_are_projected_first() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 1).await;
    let projector = Projector::new(store.clone(), Balances);
    let inline = projector.clone().inline().await.expect("an inline store");
    assert_exact(&mut db, "es_balances").await;
    let accounts = Repository::<Account, _>::new(inline);
    accounts.execute(&"a".to_owned(), Deposit(2)).await.expect("a deposit");
    assert_exact(&mut db, "es_balances").await;

    // It is inline now: workers do not project the same events again.
    let refused = projector.catch_up().await.expect_err("inline");
    assert!(matches!(refused, ProjectorError::PartitionsDiffer { found: 0, asked: 1, .. }), "{refused}");
    let status = projector.status().await.expect("a status");
    assert_eq!((status.lag_events(), status.partitions[0].of), (0, 0));
    let again = projector.clone().inline().await.expect("unchanged");
    Repository::<Account, _>::new(again).execute(&"a".to_owned(), Deposit(2)).await.expect("a deposit");
    assert_exact(&mut db, "es_balances").await;

    // And back again.
    projector.repartition(1).await.expect("no appends now");
    deposit(&store, "a", 4).await;
    projector.catch_up().await.expect("one event");
    assert_exact(&mut db, "es_balances").await;
}

#[tokio::test]
async fn an_event_that_cannot_be_projected_is_not_appended() {
    let (_database, store, mut db) = inline().await;
    let ghost = StreamId::new("account", "ghost").expect("a stream id");
    let events = [es_core::record::NewEvent::new(
        "account.deposited",
        1,
        br#"{"cents":7}"#.to_vec(),
        std::sync::Arc::default(),
    )];
    let append = es_core::store::Append::new(&ghost, Revision::EMPTY, &events);
    let refused = store.append(append).await.expect_err("not projected");
    assert!(refused.to_string().contains("ghost is not open"), "{refused}");
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, 0);

    // Nor in a transaction of the caller, which may continue.
    let mut tx = db.begin().await.expect("a transaction");
    let refused = store.append_in(&mut tx, append).await.expect_err("not projected");
    assert!(matches!(refused, StoreError::Backend { retryable: false, .. }), "{refused}");
    sqlx::query("CREATE TABLE mine ()")
        .execute(&mut *tx)
        .await
        .expect("the transaction is usable, with its own schemas");
    tx.commit().await.expect("a commit");
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, 0);
    assert_eq!(number(&mut db, "SELECT count(*) FROM public.mine").await, 0);
}

#[tokio::test]
async fn a_batch_with_an_invalid_append_is_refused_before_any_other_is_tried() {
    let (_database, store, mut db) = inline().await;
    let (ghost, last) = (StreamId::new("account", "a"), StreamId::new("account", "b"));
    let (ghost, last) = (ghost.expect("a stream id"), last.expect("a stream id"));
    let deposit = |payload: String| {
        [es_core::record::NewEvent::new("account.deposited", 1, payload.into(), std::sync::Arc::default())]
    };
    // It cannot be projected, and comes first in the order of the streams.
    let first = deposit(r#"{"cents":7}"#.to_owned());
    let large = deposit(format!("\"{}\"", "x".repeat(store.limits().payload_bytes)));
    let unknown =
        [es_core::record::NewEvent::new("account.deposited", 9, b"{}".to_vec(), std::sync::Arc::default())];
    for events in [&large[..], &unknown[..]] {
        let batch = [
            es_core::store::Append::new(&last, Revision::EMPTY, events),
            es_core::store::Append::new(&ghost, Revision::EMPTY, &first),
        ];
        let error = store.append_all(&batch).await.expect_err("a bad partition");
        let expected = match &error {
            StoreError::TooLarge { stream, .. } => events == large && *stream == last,
            StoreError::NotRegistered { stream, version: 9, .. } => events == unknown && *stream == last,
            _ => false,
        };
        assert!(expected, "{error}");
    }
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, 0);
}

/// The cases of the conformance suite, with a read model in the transaction of the append.
#[tokio::test(flavor = "multi_thread")]
async fn conditions_hold_with_an_inline_model() {
    use es_core::conformance as suite;

    let (_database, store, _) = inline().await;
    suite::a_condition_that_is_met_writes_nothing_to_its_stream(store).await;
    let (_database, store, _) = inline().await;
    suite::a_condition_that_is_not_met_keeps_all_from_being_written(store).await;
    let (_database, store, _) = inline().await;
    suite::conditions_alone_say_whether_streams_stand_so(store).await;
    let (_database, store, _) = inline().await;
    suite::a_condition_with_a_command_remembers_that_it_wrote_nothing(store).await;
    let (_database, store, _) = inline().await;
    suite::of_two_batches_that_read_what_the_other_writes_one_goes_through(store).await;
}

#[tokio::test]
async fn the_callers_transaction_commits_events_model_and_rows_together() {
    let (_database, store, mut db) = inline().await;
    let accounts = Repository::<Account, _>::new(store);
    for commit in [false, true] {
        let mut tx = db.begin().await.expect("a transaction");
        accounts
            .execute_in(&mut *tx, &"a".to_owned(), Deposit(5), es_core::ExecuteOptions::default())
            .await
            .expect("a deposit");
        sqlx::query("CREATE TABLE mine ()").execute(&mut *tx).await.expect("in the schema of the caller");
        if commit {
            tx.commit().await.expect("a commit");
        } else {
            tx.rollback().await.expect("a rollback");
        }
        assert_eq!(
            number(&mut db, "SELECT (to_regclass('public.mine') IS NOT NULL)::integer::bigint").await,
            i64::from(commit)
        );
        assert_exact(&mut db, "es_balances").await;
    }
    assert_eq!(number(&mut db, "SELECT sum(cents)::bigint FROM es_balances.balances").await, 5);
}

/// Panics at deposits of 13 cents.
#[derive(Projection)]
#[projection(name = "panicking", events(Deposited), model = PgConnection, error = sqlx::Error)]
struct Panicking;

impl Project<Deposited> for Panicking {
    async fn project(&self, event: &Recorded<Deposited>, _: &mut PgConnection) -> Result<(), sqlx::Error> {
        assert!(event.event.cents != 13, "thirteen");
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_in_a_handler_fails_the_append_and_nothing_else() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let store = Projector::new(store, Panicking).inline().await.expect("an inline store");
    let accounts = Repository::<Account, _>::new(store);
    for (cents, events) in [(1, 2), (13, 2), (14, 3), (13, 3), (15, 4)] {
        let done = accounts.execute(&"a".to_owned(), Deposit(cents)).await;
        match done {
            Ok(_) => assert_ne!(cents, 13),
            Err(error) => {
                assert!(cents == 13 && error.to_string().contains("it panicked: thirteen"), "{error}");
            }
        }
        assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, events);
    }
}

#[tokio::test]
async fn two_inline_projections_run_side_by_side() {
    let (_database, store, mut db) = inline().await;
    let plain = es_postgres::PostgresStore::connect(_database.url()).await.expect("a store");
    let both = store.and(Projector::new(plain, Counts)).await.expect("an inline store");
    let accounts = Repository::<Account, _>::new(both);
    for cents in 1..4 {
        accounts.execute(&"a".to_owned(), Deposit(cents)).await.expect("a deposit");
    }
    assert_exact(&mut db, "es_balances").await;
    assert_eq!(number(&mut db, "SELECT deposits FROM es_counts.counts").await, 3);
}

/// An inline store passes the conformance suite.
mod conformance {
    use super::*;

    #[es_core::event(name = "inline.taken")]
    struct Taken;

    /// Handles no event that the suite appends.
    #[derive(Projection)]
    #[projection(name = "taken", events(Taken), model = PgConnection, error = sqlx::Error, batch)]
    struct TakenOnes;

    impl es_core::projection::ProjectBatch for TakenOnes {
        async fn project_batch(&self, _: &[TakenOnesEvent], _: &mut PgConnection) -> Result<(), sqlx::Error> {
            Ok(())
        }
    }

    es_core::conformance!(
        async {
            let database = es_postgres::testing::TestDatabase::new().await.expect("a test database");
            let store = database.store().await.expect("a migrated store");
            let store = Projector::new(store, TakenOnes).inline().await.expect("an inline store");
            (store, database)
        },
        without ImportStore
    );
}

/// Stores the times of each event as text, with nanoseconds and offset.
#[derive(Projection)]
#[projection(name = "times", events(Deposited), model = PgConnection, error = sqlx::Error, setup)]
struct Times;

impl es_core::projection::ProjectSetup for Times {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let table = "CREATE TABLE times (account text, revision bigint, occurred text, recorded text)";
        sqlx::query(table).execute(db).await.map(|_| ())
    }
}

impl Project<Deposited> for Times {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO times VALUES ($1, $2, $3, $4)")
            .bind(event.stream.key())
            .bind(event.revision.get().cast_signed())
            .bind(format!("{:?} {}", event.metadata.occurred_at, event.occurred_at()))
            .bind(event.recorded_at.to_string())
            .execute(db)
            .await
            .map(|_| ())
    }
}

#[tokio::test]
async fn a_projection_sees_the_same_times_inline_and_when_it_is_built_anew() {
    use es_core::Metadata;
    use es_core::record::NewEvent;
    use es_core::store::Append;
    use time::macros::datetime;

    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let inline = Projector::new(store.clone(), Times).inline().await.expect("an inline store");
    let times = [
        datetime!(1995-06-01 23:30:00.000_000_9 -5),
        datetime!(1999-12-31 23:59:59.999_999_999 UTC),
        datetime!(2024-02-29 01:30:00.123_456_789 +5:45),
    ];
    let accounts = Repository::<Account, _>::new(inline.clone());
    for (nth, time) in times.into_iter().enumerate() {
        let metadata = Metadata::new().occurred_at(time);
        let options = es_core::ExecuteOptions::new().metadata(metadata.clone());
        accounts.execute_with(&nth.to_string(), Deposit(1), options).await.expect("a deposit");
        // As a program would append it without a repository.
        let stream = StreamId::new("account", format!("raw-{nth}")).expect("a stream id");
        let payload = br#"{"cents":7}"#.to_vec();
        let event = NewEvent::new("account.deposited", 1, payload, std::sync::Arc::new(metadata));
        inline.append(Append::new(&stream, Revision::EMPTY, &[event])).await.map(drop).expect("appended");
    }
    accounts.execute(&"now".to_owned(), Deposit(1)).await.expect("a deposit");

    let seen = async |db: &mut PgConnection, table: &str| -> Vec<(String, String, String)> {
        let sql = format!("SELECT account, occurred, recorded FROM {table} ORDER BY account, revision");
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(db).await.expect("rows")
    };
    let inline_rows = seen(&mut db, "es_times.times").await;
    assert_eq!(inline_rows.len(), 7);
    // What the same projection reads later from a subscription.
    let mut later = Vec::new();
    let filter = es_core::store::Filter::new().event_name("account.deposited");
    let query = es_core::store::AllQuery::after(es_core::store::Checkpoint::START, &filter);
    let mut take = |raw: es_core::record::RawEvent<'_>| {
        let occurred = format!("{:?} {}", raw.occurred, raw.occurred_at());
        later.push((raw.stream.key().to_owned(), occurred, raw.recorded_at.to_string()));
        Ok(())
    };
    store.read_all(query, &mut take).await.expect("a page");
    later.sort();
    assert_eq!(inline_rows, later);
}
