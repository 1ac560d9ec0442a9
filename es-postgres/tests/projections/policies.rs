//! Failure policies: events that cannot be projected.

use std::time::Duration;

use es_core::projection::{Project, Projection};
use es_core::record::{BoxError, DecodeError, DecodeProblem};
use es_core::{Recorded, StoreError};
use es_postgres::{OnFailure, PostgresProjector, Projector, ProjectorError};
use sqlx::PgConnection;

use crate::support::*;
use crate::workers::{Gate, quick};

/// Three accounts, one of which was never opened: its deposits cannot be projected.
pub(crate) async fn poisoned(store: &es_postgres::PostgresStore) {
    deposit(store, "a", 1).await;
    append(store, "ghost", 0, "account.deposited", 1, r#"{"cents":7}"#).await;
    deposit(store, "b", 2).await;
    append(store, "ghost", 1, "account.deposited", 1, r#"{"cents":8}"#).await;
    deposit(store, "a", 3).await;
}

pub(crate) const OPEN_GHOST: &str = "INSERT INTO es_balances_1.balances VALUES ('ghost', 0, 0)";

#[tokio::test]
async fn a_poison_event_stops_the_projector_right_before_it() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    poisoned(&store).await;
    let projector = Projector::new(store.clone(), Balances);
    for _ in 0..2 {
        let Err(ProjectorError::Failed(failure)) = projector.catch_up().await else { panic!("not refused") };
        assert_eq!(failure.place.stream.to_string(), "account/ghost");
        assert_eq!(failure.source.to_string(), "ghost is not open");
        assert_eq!(number(&mut db, "SELECT sum(cents)::bigint FROM es_balances.balances").await, 1);
    }
    let status = projector.status().await.expect("a status");
    assert!(status.error().is_some_and(|error| error.contains("ghost is not open")), "{status:?}");
    assert_eq!((status.position().get(), status.partitions[0].projected), (2, 2));
    assert!(status.lag() > Duration::ZERO);

    sql(&mut db, OPEN_GHOST).await;
    projector.catch_up().await.expect("all events");
    assert_exact(&mut db, "es_balances").await;
    assert_eq!(projector.status().await.expect("a status").error(), None);
}

#[tokio::test]
async fn a_poison_event_is_retried_until_it_can_be_projected() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    poisoned(&store).await;
    let projector = Projector::new(store.clone(), Balances).retries(u32::MAX, Duration::from_millis(5));
    let running = tokio::spawn(async move { projector.run().await });
    until(&mut db, "SELECT error LIKE '%ghost is not open%' FROM es.checkpoints").await;
    assert_eq!(number(&mut db, "SELECT position FROM es.checkpoints").await, 2);
    sql(&mut db, OPEN_GHOST).await;
    until(&mut db, &is_exact("es_balances")).await;
    until(&mut db, "SELECT error IS NULL FROM es.checkpoints").await;
    running.abort();
}

#[tokio::test]
async fn a_stream_with_a_poison_event_is_parked_and_the_others_continue() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    poisoned(&store).await;
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but two");
    assert_eq!(number(&mut db, "SELECT sum(cents)::bigint FROM es_balances.balances").await, 6);
    // In later batches too.
    append(&store, "ghost", 2, "account.deposited", 1, r#"{"cents":9}"#).await;
    deposit(&store, "b", 4).await;
    projector.catch_up().await.expect("one more");
    let letters = projector.dead_letters().await.expect("a list");
    let list: Vec<_> = letters.iter().map(|l| (l.stream.key(), l.revision.get(), l.attempts)).collect();
    assert_eq!(list, [("ghost", 1, 1), ("ghost", 2, 0), ("ghost", 3, 0)]);
    assert_eq!(
        (letters[0].reason.as_str(), letters[0].event.as_str()),
        ("ghost is not open", "account.deposited")
    );
    assert_eq!(number(&mut db, "SELECT sum(cents)::bigint FROM es_balances.balances").await, 10);

    // Still failing: no event of the stream is projected.
    let ghost = letters[0].stream.clone();
    let retried = projector.retry(&ghost).await.expect("an outcome");
    assert_eq!((retried.taken, retried.left), (0, 3));
    assert_eq!(projector.dead_letters().await.expect("a list")[0].attempts, 2);

    sql(&mut db, OPEN_GHOST).await;
    let retried = projector.retry(&ghost).await.expect("an outcome");
    assert_eq!((retried.taken, retried.left), (3, 0));
    append(&store, "ghost", 3, "account.deposited", 1, r#"{"cents":1}"#).await;
    projector.catch_up().await.expect("the rest");
    assert_exact(&mut db, "es_balances").await;
    assert_eq!(projector.status().await.expect("a status").dead_letters, 0);
}

/// A stream that has lost an event by other means than the store: its dead letters are not projected around
/// the gap.
#[tokio::test]
async fn dead_letters_of_a_stream_with_a_missing_event_are_not_projected() {
    for missing in [0, 1] {
        letters_without_an_event(missing).await;
    }
}

async fn letters_without_an_event(missing: usize) {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    poisoned(&store).await;
    append(&store, "ghost", 2, "account.deposited", 1, r#"{"cents":9}"#).await;
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but three");
    let letters = projector.dead_letters().await.expect("a list");
    assert_eq!(letters.len(), 3);
    sql(&mut db, OPEN_GHOST).await;
    sql(&mut db, "ALTER TABLE es.events DISABLE TRIGGER ALL").await;
    sql(&mut db, &format!("DELETE FROM es.events WHERE position = {}", letters[missing].position)).await;
    let protect =
        "ALTER TABLE es.events ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER never_truncated";
    sql(&mut db, protect).await;
    let error = projector.retry(&letters[0].stream).await.expect_err("an event is missing");
    assert!(matches!(&error, ProjectorError::Store(StoreError::Damaged { .. })), "{error:?}");
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.dead_letters").await, 3);
    let ghost = "SELECT cents FROM es_balances.balances WHERE account = 'ghost'";
    assert_eq!(number(&mut db, ghost).await, 0, "none of them was projected");
}

/// The retry locks the checkpoints: otherwise a concurrent batch would park the next event of the stream
/// behind dead letters that are gone when both are committed, and it would stay parked forever.
#[tokio::test]
async fn a_later_event_waits_until_the_dead_letters_of_its_stream_were_retried() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    poisoned(&store).await;
    let projector = quick(Projector::new(store.clone(), Balances)).standstill(LONG);
    let projector = projector.on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but two");
    sql(&mut db, OPEN_GHOST).await;
    let mut gate = Gate::closed(database.url(), "es_balances_1", "ghost", "IMMEDIATE").await;
    let ghost = projector.dead_letters().await.expect("a list")[0].stream.clone();
    let retrying = tokio::spawn({
        let projector = projector.clone();
        async move { projector.retry(&ghost).await }
    });
    gate.wait_for(1).await;
    append(&store, "ghost", 2, "account.deposited", 1, r#"{"cents":9}"#).await;
    let working = tokio::spawn(async move { projector.run().await });
    gate.wait_for_fenced().await;
    gate.open().await;
    let retried = retrying.await.expect("no panic").expect("an outcome");
    assert_eq!((retried.taken, retried.left), (2, 0));
    until(&mut db, &is_exact("es_balances")).await;
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.dead_letters").await, 0);
    working.abort();
}

#[tokio::test]
async fn a_discarded_dead_letter_is_left_out_and_later_ones_can_be_retried() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    append(&store, "c", 0, "account.deposited", 1, r#"{"cents":100}"#).await;
    append(&store, "c", 1, "account.opened", 1, r#"{"owner":"Carl"}"#).await;
    append(&store, "c", 2, "account.deposited", 1, r#"{"cents":5}"#).await;
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    projector.catch_up().await.expect("nothing that stops");
    let letters = projector.dead_letters().await.expect("a list");
    assert_eq!(letters.len(), 3);
    assert!(projector.discard(&letters[0]).await.expect("an outcome"));
    assert!(!projector.discard(&letters[0]).await.expect("an outcome"));
    let retried = projector.retry(&letters[0].stream).await.expect("an outcome");
    assert_eq!((retried.taken, retried.left), (2, 0));
    assert_eq!(number(&mut db, "SELECT cents FROM es_balances.balances").await, 5);
}

/// Panics at deposits of 13 cents, and swallows an SQL error at those of 14.
#[derive(Projection)]
#[projection(name = "superstitious", events(Deposited), model = PgConnection)]
struct Superstitious;

impl Project<Deposited> for Superstitious {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), BoxError> {
        assert!(event.event.cents != 13, "thirteen");
        if event.event.cents == 14 {
            let _swallowed = sqlx::query("SELECT 1 / 0").execute(db).await;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_in_a_handler_is_a_failure_like_any_other() {
    let (_database, store) = fresh().await;
    for (account, cents) in [("a", 1), ("b", 13), ("c", 2)] {
        deposit(&store, account, cents).await;
    }
    let projector = Projector::new(store.clone(), Superstitious);
    let Err(ProjectorError::Failed(failure)) = projector.catch_up().await else { panic!("not refused") };
    assert_eq!(failure.source.to_string(), "it panicked: thirteen");
    let parking = projector.on_failure(OnFailure::Park);
    parking.catch_up().await.expect("all but one");
    let letters = parking.dead_letters().await.expect("a list");
    assert_eq!((letters.len(), letters[0].stream.key()), (1, "b"));
    assert_eq!(parking.status().await.expect("a status").lag_events(), 0);
}

#[tokio::test]
async fn an_sql_error_that_a_handler_swallows_is_a_failure() {
    let (_database, store) = fresh().await;
    for (account, cents) in [("a", 1), ("b", 14), ("c", 2)] {
        deposit(&store, account, cents).await;
    }
    let projector = Projector::new(store.clone(), Superstitious).on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but one");
    let letters = projector.dead_letters().await.expect("a list");
    assert_eq!((letters.len(), letters[0].stream.key()), (1, "b"));
}

#[tokio::test]
async fn an_event_of_a_newer_version_stops_the_projector_whatever_its_policy() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 1).await;
    append(&store, "a", 2, "account.deposited", 2, r#"{"cents":7}"#).await;
    deposit(&store, "b", 2).await;
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    for _ in 0..2 {
        let Err(ProjectorError::Failed(failure)) = projector.catch_up().await else { panic!("not refused") };
        let problem = failure.source.downcast_ref::<DecodeError>().map(DecodeError::problem);
        assert!(matches!(problem, Some(DecodeProblem::FutureVersion { found: 2, known: 1 })), "{failure}");
        assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances.balances").await, 1);
    }
    assert_eq!(projector.dead_letters().await.expect("a list"), []);
}

#[tokio::test]
async fn an_event_that_does_not_decode_can_be_parked() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 1).await;
    append(&store, "a", 2, "account.deposited", 1, r#"{"pence":7}"#).await;
    deposit(&store, "b", 2).await;
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but one");
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances.balances").await, 2);
    let letters = projector.dead_letters().await.expect("a list");
    assert_eq!((letters.len(), letters[0].revision.get()), (1, 3));
    assert!(letters[0].reason.contains("missing field `cents`"), "{letters:?}");
}

#[tokio::test]
async fn a_checkpoint_of_another_history_stops_the_projector() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    for _ in 0..3 {
        deposit(&store, "a", 1).await;
    }
    let projector = Projector::new(store.clone(), Balances);
    projector.catch_up().await.expect("all events");
    // The backup is restored, and the store grows again with other events.
    sql(
        &mut db,
        "ALTER TABLE es.events DISABLE TRIGGER append_only; UPDATE es.events SET event_id = gen_random_uuid()
         WHERE position = (SELECT max(position) FROM es.events);
         ALTER TABLE es.events ENABLE ALWAYS TRIGGER append_only",
    )
    .await;
    deposit(&store, "b", 1).await;
    let refused = projector.catch_up().await.expect_err("another history");
    assert!(matches!(refused, ProjectorError::Store(StoreError::ForeignCheckpoint { .. })), "{refused}");
    let error = projector.status().await.expect("a status").error().map(str::to_owned);
    assert!(error.is_some_and(|error| error.contains("the checkpoint stands on event")));
    assert_eq!(number(&mut db, "SELECT count(*) FROM es_balances.balances").await, 1);
}

#[tokio::test]
async fn a_constraint_that_fails_at_the_commit_is_a_failure_of_its_event() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let projector = Projector::new(store.clone(), Balances).on_failure(OnFailure::Park);
    projector.prepare().await.expect("tables");
    sql(&mut db, "ALTER TABLE es_balances_1.balances ADD UNIQUE (cents) DEFERRABLE INITIALLY DEFERRED").await;
    for (account, cents) in [("a", 1), ("b", 2), ("c", 1)] {
        deposit(&store, account, cents).await;
    }
    projector.catch_up().await.expect("all but one");
    let letters = projector.dead_letters().await.expect("a list");
    assert_eq!((letters.len(), letters[0].stream.key(), letters[0].revision.get()), (1, "c", 2));
    assert!(letters[0].reason.contains("duplicate key"), "{letters:?}");
}
