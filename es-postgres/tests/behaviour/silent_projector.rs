//! A projector whose connection falls silent in the middle of a batch continues on another one.

use std::time::Duration;

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::BoxError;
use es_core::{Recorded, event};
use es_postgres::{PostgresProjector, PostgresStore, Projector};
use futures_util::future::join_all;
use sqlx::{Executor, PgConnection};

use crate::support::{LONG, MOMENT, append_one, appended, connect, fresh, proxy_before, stream, until};

#[event(name = "account.counted")]
pub(crate) struct Counted {
    #[allow(dead_code, reason = "only their number is projected")]
    nth: u64,
}

/// Counts events.
#[derive(Projection)]
#[projection(name = "counts", events(Counted), model = PgConnection, setup)]
pub(crate) struct Counts;

impl ProjectSetup for Counts {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        db.execute("CREATE TABLE counts (position bigint PRIMARY KEY)").await?;
        Ok(())
    }
}

impl Project<Counted> for Counts {
    async fn project(&self, event: &Recorded<Counted>, db: &mut PgConnection) -> Result<(), BoxError> {
        let insert = sqlx::query("INSERT INTO counts VALUES ($1)");
        insert.bind(event.position.get().cast_signed()).execute(db).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_on_silent_connections_continues() {
    let (database, writer) = fresh().await;
    let proxy = proxy_before(&database).await;
    let options = PostgresStore::options(proxy.url()).answer_within(MOMENT);
    // This includes a connection that falls silent while it is opened.
    let options = options.patience(4 * MOMENT);
    let store = options.connect().await.expect("a store");
    let projector = Projector::new(store, Counts).poll_every(Duration::from_millis(20));
    let projector = projector.standstill(MOMENT);
    let running = tokio::spawn(async move { projector.run().await });
    let mut db = connect(database.url()).await;
    let a = stream("a");
    let holds = |count: u64| {
        format!(
            "CASE WHEN to_regclass('es_counts.counts') IS NULL THEN false ELSE \
                 (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM es_counts.counts', false, true, '')))[1]::text = '{count}' END"
        )
    };
    appended(append_one(&writer, &a, 0).await);
    until(&mut db, &holds(1)).await;
    for round in 1..6 {
        // Immediately, and after the first answers of the next batch.
        match round {
            1 => proxy.silence(),
            answer => proxy.silence_at_answer(answer),
        }
        appended(append_one(&writer, &a, round).await);
        until(&mut db, &holds(round + 1)).await;
    }
    assert!(!running.is_finished(), "{:?}", running.await);
    running.abort();
}

/// Each call, with a connection that falls silent sooner or later in it.
#[tokio::test(flavor = "multi_thread")]
async fn calls_of_a_projector_on_silent_connections_end_in_time() {
    join_all((0..7).map(falls_silent)).await;
}

/// Each on a database of its own, as the locks of a silent connection are held for a moment.
async fn falls_silent(call: u32) {
    let (database, writer) = fresh().await;
    appended(append_one(&writer, &stream("a"), 0).await);
    let proxy = proxy_before(&database).await;
    let options = PostgresStore::options(proxy.url()).answer_within(MOMENT);
    let store = options.patience(2 * MOMENT).notify(false).connect().await.expect("a store");
    let projector = Projector::new(store, Counts).standstill(MOMENT);
    let mut failed = 0;
    for answer in 1..8 {
        proxy.silence_at_answer(answer);
        let done = async {
            match call {
                0 => projector.prepare().await,
                1 => projector.catch_up().await,
                2 => projector.status().await.map(drop),
                3 => projector.dead_letters().await.map(drop),
                4 => projector.retry(&stream("a")).await.map(drop),
                5 => projector.repartition(1).await,
                _ => projector.drop_build(7).await,
            }
        };
        match tokio::time::timeout(LONG, done).await.expect("an end") {
            Ok(()) => {}
            Err(error) => {
                assert!(error.is_retryable(), "{call} {answer}: {error}");
                failed += 1;
            }
        }
    }
    proxy.silence_at_answer(0);
    // The first one may still get an earlier connection.
    let caught_up = async {
        while let Err(error) = projector.catch_up().await {
            assert!(error.is_retryable(), "{call}: {error}");
        }
    };
    tokio::time::timeout(LONG, caught_up).await.expect("on another connection");
    assert!(failed > 0, "{call}");
}

/// Takes long, and sends nothing to the server meanwhile.
#[derive(Projection)]
#[projection(name = "slow", events(Counted), model = PgConnection)]
struct Slow;

impl Project<Counted> for Slow {
    async fn project(&self, _: &Recorded<Counted>, _: &mut PgConnection) -> Result<(), BoxError> {
        tokio::time::sleep(3 * MOMENT).await;
        Ok(())
    }
}

/// The server waits for the handler, and not the other way round: that does not count as silence, until
/// `standstill`.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_takes_longer_than_an_answer_is_not_interrupted() {
    let (database, writer) = fresh().await;
    appended(append_one(&writer, &stream("a"), 0).await);
    let options = database.options().answer_within(MOMENT).patience(MOMENT);
    let store = options.connect().await.expect("a store");
    let projector = Projector::new(store, Slow).standstill(LONG);
    projector.catch_up().await.expect("it was not interrupted");
}
