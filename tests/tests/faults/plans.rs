//! Prepared statements that a session has lost, or that a migration has made stale.

use es_core::EventStore;
use es_core::store::{AllQuery, Checkpoint, Filter, ReadAll, StreamRange};
use es_postgres::PostgresStore;
use es_postgres::testing::TestDatabase;

use crate::support::*;

/// A store whose calls share one connection, except for appends.
async fn one_connection(database: &TestDatabase) -> PostgresStore {
    database.options().connections(1).notify(false).connect().await.expect("a store")
}

async fn read(store: &PostgresStore) -> usize {
    let all = Filter::new();
    let query = AllQuery::after(Checkpoint::START, &all);
    store.read_all(query, &mut |_| Ok(())).await.expect("a page").events
}

/// As after DISCARD ALL, or behind an undeclared pooler.
#[tokio::test]
async fn statements_that_a_session_has_lost_are_prepared_again() {
    let (database, _) = fresh().await;
    let store = one_connection(&database).await;
    let accounts = accounts(&store);
    let a = String::from("a");
    // Each append loses the statements of its session.
    sql(
        &mut connect(database.url()).await,
        "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN EXECUTE 'DEALLOCATE ALL'; RETURN NULL; END $$;
         CREATE TRIGGER forget AFTER INSERT ON es.events FOR EACH STATEMENT EXECUTE FUNCTION forget()",
    )
    .await;
    for deposit in 1..=10 {
        accounts.execute(&a, Deposit(1)).await.expect("a deposit");
        assert_eq!(accounts.load(&a).await.expect("an account").state.cents, deposit);
    }
    assert_eq!(read(&store).await, 10);
}

/// Reads the stream in both directions, and returns the number of events.
async fn events(store: &PostgresStore) -> u64 {
    let mut found = 0;
    let mut take = |_: es_core::record::RawEvent<'_>| {
        found += 1;
        Ok(())
    };
    let stream = accounts(store).stream_id(&"a".to_owned()).expect("a stream");
    for range in [StreamRange::ALL, StreamRange::ALL.backward()] {
        store.read_stream(&stream, range, &mut take).await.expect("events");
    }
    found
}

/// A statement whose result types have changed is refused on each session that has prepared it.
#[tokio::test]
async fn statements_that_a_migration_made_stale_are_prepared_again() {
    let (database, _) = fresh().await;
    let store = one_connection(&database).await;
    let accounts = accounts(&store);
    let a = String::from("a");
    let mut db = connect(database.url()).await;
    for (round, time) in [(1, "timestamptz(6)"), (2, "timestamptz"), (3, "timestamptz(6)")] {
        accounts.execute(&a, Deposit(1)).await.expect("a deposit");
        assert_eq!(events(&store).await, 2 * round);
        let alter = format!(
            "DO $$
             DECLARE
                 view text := pg_get_viewdef('es.event_log'::regclass);
             BEGIN
                 DROP VIEW es.event_log;
                 ALTER TABLE es.events ALTER COLUMN recorded_at TYPE {time};
                 EXECUTE 'CREATE VIEW es.event_log AS ' || view;
             END $$"
        );
        sql(&mut db, &alter).await;
        for _ in 0..2 {
            assert_eq!(events(&store).await, 2 * round);
            assert_eq!(accounts.load(&a).await.expect("an account").revision.get(), round);
        }
    }
    projector(&store).catch_up().await.expect("all events");
    assert!(holds(&mut db, BALANCED).await);
}
