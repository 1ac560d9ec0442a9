//! Projections that write a page at once, with `ProjectBatch`.

use std::time::Duration;

use es_core::Repository;
use es_core::projection::{ProjectBatch, ProjectSetup, Projection};
use es_core::record::BoxError;
use es_postgres::{OnFailure, PostgresStore, Projector, ProjectorError};
use sqlx::PgConnection;

use crate::support::*;

/// The balances, in two statements for each page.
#[derive(Projection)]
#[projection(name = "bulk", events(Opened, Deposited), model = PgConnection, setup, batch)]
struct Bulk;

impl ProjectSetup for Bulk {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        make_balances(db).await
    }
}

impl ProjectBatch for Bulk {
    async fn project_batch(&self, events: &[BulkEvent], db: &mut PgConnection) -> Result<(), BoxError> {
        let (mut opened, mut accounts, mut cents) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            match event {
                BulkEvent::Opened(event) => opened.push(event.stream.key()),
                BulkEvent::Deposited(event) => {
                    accounts.push(event.stream.key());
                    cents.push(event.event.cents);
                }
            }
        }
        sqlx::query("INSERT INTO balances SELECT account, 0, 1 FROM unnest($1::text[]) AS account")
            .bind(opened)
            .execute(&mut *db)
            .await?;
        let (deposits, update) = (
            accounts.len(),
            "WITH new AS (
                 SELECT account, sum(cents) AS cents, count(*) AS events
                 FROM unnest($1::text[], $2::bigint[]) AS e (account, cents) GROUP BY account
             ), done AS (
                 UPDATE balances b SET cents = b.cents + new.cents, events = b.events + new.events
                 FROM new WHERE b.account = new.account RETURNING new.events
             )
             SELECT coalesce(sum(events), 0)::bigint FROM done",
        );
        let done: i64 = sqlx::query_scalar(update).bind(accounts).bind(cents).fetch_one(db).await?;
        match usize::try_from(done) {
            Ok(done) if done == deposits => Ok(()),
            _ => Err("an account is not open".into()),
        }
    }
}

#[tokio::test]
async fn a_page_is_projected_at_once() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    for round in 0..60 {
        deposit(&store, &format!("a{}", round % 20), round).await;
    }
    let projector = Projector::new(store.clone(), Bulk).page_size(7);
    projector.catch_up().await.expect("all events");
    assert_exact(&mut db, "es_bulk").await;
    let batches = number(&mut db, "SELECT count(DISTINCT xmin::text) FROM es_bulk_1.balances").await;
    assert!((2..=12).contains(&batches), "{batches} transactions for 80 events in pages of 7");
}

/// The batch is undone as a whole; then its events are projected one by one, and the failing one is found.
#[tokio::test]
async fn a_poison_event_in_a_batch_is_found_and_the_others_are_projected() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "a", 1).await;
    append(&store, "ghost", 0, "account.deposited", 1, r#"{"cents":7}"#).await;
    deposit(&store, "b", 2).await;
    deposit(&store, "a", 3).await;
    let projector = Projector::new(store.clone(), Bulk);
    let Err(ProjectorError::Failed(failure)) = projector.catch_up().await else { panic!("not refused") };
    assert_eq!((failure.place.stream.key(), failure.place.position.get()), ("ghost", 3));
    assert_eq!(number(&mut db, "SELECT sum(cents)::bigint FROM es_bulk.balances").await, 1);
    let parking = projector.on_failure(OnFailure::Park);
    parking.catch_up().await.expect("all but one");
    assert_eq!(number(&mut db, "SELECT sum(cents)::bigint FROM es_bulk.balances").await, 6);
    let letters = parking.dead_letters().await.expect("a list");
    assert_eq!((letters.len(), letters[0].stream.key()), (1, "ghost"));
    sql(&mut db, "INSERT INTO es_bulk_1.balances VALUES ('ghost', 0, 0)").await;
    parking.retry(&letters[0].stream).await.expect("an outcome");
    assert_exact(&mut db, "es_bulk").await;
}

/// 100,000 events behind, while others come in.
#[tokio::test(flavor = "multi_thread")]
async fn a_projection_far_behind_catches_up() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    deposit(&store, "first", 1).await;
    sql(
        &mut db,
        r#"INSERT INTO es.streams (category, key, revision, head_event_id)
           SELECT 1, 'many ' || n, 1001, gen_random_uuid() FROM generate_series(1, 100) n;
           INSERT INTO es.events (position, stream, revision, recorded_at, event_id, type, payload)
           SELECT nextval('es.positions'), s.id, n / 100 + 1, clock_timestamp(), gen_random_uuid(), t.id,
                  CASE WHEN n < 100 THEN '{"owner":"Ann"}' ELSE json_build_object('cents', n) END
           FROM generate_series(0, 100099) n
           JOIN es.streams s ON s.key = 'many ' || (n % 100 + 1)
           JOIN es.event_types t ON t.name = CASE WHEN n < 100 THEN 'account.opened' ELSE 'account.deposited' END
           ORDER BY n"#,
    )
    .await;
    let projector = Projector::new(store.clone(), Bulk).partitions(2);
    let working = tokio::spawn({
        let projector = projector.clone();
        async move { projector.run().await }
    });
    let writing = |store: PostgresStore| async move {
        let accounts = Repository::<Account, _>::new(store);
        for cents in 0..50 {
            accounts.execute(&"first".to_owned(), Deposit(cents)).await.expect("a deposit");
        }
    };
    writing(store).await;
    until(
        &mut db,
        "SELECT count(*) > 0 AND min(position) = (SELECT max(position) FROM es.events) FROM es.checkpoints",
    )
    .await;
    assert_exact(&mut db, "es_bulk").await;
    let status = projector.status().await.expect("a status");
    assert_eq!((status.lag_events(), status.lag(), status.error()), (0, Duration::ZERO, None));
    let projected: u64 = status.partitions.iter().map(|partition| partition.projected).sum();
    assert_eq!(projected, 100_152);
    assert!(!working.is_finished());
    working.abort();
}
