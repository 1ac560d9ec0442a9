//! Remembered decisions without events, in concurrent sessions.

use std::time::Duration;

use es_core::store::{
    Append, AppendIn, AppendOutcome, CommandOutcome, Decision, ListQuery, ListStreams, Load, Remembered,
};
use es_core::uuid::Uuid;
use es_core::{EventStore, Revision, StoreError};
use es_postgres::testing::TestDatabase;
use es_postgres::{ConnectError, PostgresStore};
use futures_util::future::join_all;
use sqlx::Connection;
use tokio::task::JoinHandle;

use crate::support::{
    Gate, another, append_one, appended, command, connect, events, fresh, ids, number, sql, stream, until,
};

async fn store_at(existing: u64) -> (TestDatabase, PostgresStore) {
    let (database, store) = fresh().await;
    for expected in 0..existing {
        appended(append_one(&store, &stream("a"), expected).await);
    }
    (database, store)
}

/// One event in `append_one`, two in `append`.
fn send(
    store: &PostgresStore,
    expected: u64,
    id: Uuid,
    count: usize,
) -> JoinHandle<Result<AppendOutcome, StoreError>> {
    let store = store.clone();
    tokio::spawn(async move {
        let (stream, batch) = (stream("a"), events(count));
        store.append(Append::new(&stream, Revision::new(expected), &batch).command(Some(command(id)))).await
    })
}

fn remember(store: &PostgresStore, revision: u64, id: Uuid) -> JoinHandle<Remembered> {
    let store = store.clone();
    tokio::spawn(async move {
        let stream = stream("a");
        let decision = Decision::rejected(&stream, Revision::new(revision), command(id));
        loop {
            match store.remember(decision).await {
                Ok(remembered) => return remembered,
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
        }
    })
}

fn outcome(first: u64, count: u64) -> CommandOutcome {
    CommandOutcome::new(Revision::new(first), count).rejected(count == 0).name(Some("count".into()))
}

/// The append has written its events, and not yet its command.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_waits_for_an_append_of_its_command_and_is_repeated() {
    for (existing, count) in [(0, 1), (0, 2), (3, 1), (3, 2)] {
        let (database, store) = store_at(existing).await;
        let mut gate = Gate::closed(database.url()).await;
        let id = Uuid::now_v7();
        let append = send(&store, existing, id, count);
        gate.wait_for(1).await;
        let remembered = remember(&another(&database).await, existing, id);
        gate.wait_for_blocked(1).await;
        gate.open().await;
        appended(append.await.expect("no panic").expect("an outcome"));
        let count = count as u64;
        assert_eq!(
            remembered.await.expect("no panic"),
            Remembered::Repeated(outcome(existing + 1, count)),
            "with {existing} events"
        );
        assert_eq!(number(&mut gate.connection, "SELECT count(*) FROM es.decisions").await, 0);
    }
}

/// The decision is written, and not yet committed.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_waits_for_a_decision_of_its_command_and_is_repeated() {
    for (existing, count) in [(0, 1), (0, 2), (3, 1), (3, 2)] {
        for commit in [true, false] {
            let (database, store) = store_at(existing).await;
            let mut connection = connect(database.url()).await;
            let mut tx = connection.begin().await.expect("begun");
            let id = Uuid::now_v7();
            let (stream, revision) = (stream("a"), Revision::new(existing));
            let decision = Decision::rejected(&stream, revision, command(id));
            let remembered = store.remember_in(&mut tx, decision).await.expect("an outcome");
            assert_eq!(remembered, Remembered::Kept);
            let append = send(&another(&database).await, existing, id, count);
            until(
                &mut connect(database.url()).await,
                "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')",
            )
            .await;
            if commit {
                tx.commit().await.expect("committed");
            } else {
                tx.rollback().await.expect("rolled back");
            }
            let sent = append.await.expect("no panic").expect("an outcome");
            if commit {
                assert_eq!(sent, AppendOutcome::Repeated(outcome(existing, 0)));
                assert_eq!(ids(&store, &stream).await.len() as u64, existing);
            } else {
                appended(sent);
            }
        }
    }
}

/// Another command creates the stream while the decision on its absence is not yet committed: an append that
/// expects the new stream cannot have seen the decision.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_on_an_absent_stream_holds_when_another_command_creates_the_stream() {
    for count in [1, 2] {
        let (database, store) = fresh().await;
        // The category has its id, and another stream.
        appended(append_one(&store, &stream("b"), 0).await);
        let mut connection = connect(database.url()).await;
        let mut tx = connection.begin().await.expect("begun");
        let id = Uuid::now_v7();
        let absent = stream("a");
        let decision = Decision::rejected(&absent, Revision::EMPTY, command(id));
        assert_eq!(store.remember_in(&mut tx, decision).await.expect("an outcome"), Remembered::Kept);
        appended(append_one(&store, &absent, 0).await);
        let append = send(&another(&database).await, 1, id, count);
        until(
            &mut connect(database.url()).await,
            "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory')",
        )
        .await;
        tx.commit().await.expect("committed");
        let sent = append.await.expect("no panic").expect("an outcome");
        assert_eq!(sent, AppendOutcome::Repeated(outcome(0, 0)));
        assert_eq!(ids(&store, &absent).await.len(), 1);
    }
}

/// The decision is about to be written, and not visible yet: it checks the stream after that, not before.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_checks_its_stream_after_it_was_written() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("b"), 0).await);
    let mut connection = connect(database.url()).await;
    sql(
        &mut connection,
        "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_advisory_xact_lock_shared(4712); RETURN NEW; END $$;
         CREATE TRIGGER gate BEFORE INSERT ON es.decisions FOR EACH ROW EXECUTE FUNCTION gate();
         SELECT pg_advisory_lock(4712)",
    )
    .await;
    let id = Uuid::now_v7();
    let remembered = remember(&another(&database).await, 0, id);
    until(&mut connection, "EXISTS (SELECT FROM pg_locks WHERE objid = 4712 AND NOT granted)").await;
    appended(append_one(&store, &stream("a"), 0).await);
    appended(send(&store, 1, id, 1).await.expect("no panic").expect("an outcome"));
    sql(&mut connection, "SELECT pg_advisory_unlock(4712)").await;
    assert_eq!(remembered.await.expect("no panic"), Remembered::Repeated(outcome(2, 1)));
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.decisions").await, 0);
}

/// A transaction that creates the stream stays open: the decision does not wait for it, and nothing waits for
/// the decision.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_on_a_stream_that_is_being_created_is_to_be_retried() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let mut tx = connection.begin().await.expect("begun");
    let (stream, batch) = (stream("a"), events(1));
    appended(
        store.append_in(&mut tx, Append::new(&stream, Revision::EMPTY, &batch)).await.expect("an outcome"),
    );
    let id = Uuid::now_v7();
    let decision = Decision::rejected(&stream, Revision::EMPTY, command(id));
    let error = store.remember(decision).await.expect_err("nobody knows");
    assert!(error.is_retryable(), "{error}");
    tx.rollback().await.expect("rolled back");
    assert_eq!(store.remember(decision).await.expect("an outcome"), Remembered::Kept);
    assert_eq!(store.list_streams(ListQuery::category("account").limit(9)).await.expect("a list"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decided_command_among_others_holds_up_none_of_them() {
    let (_database, store) = fresh().await;
    let id = Uuid::now_v7();
    let decided = stream("a");
    let decision = Decision::empty(&decided, Revision::EMPTY, command(id));
    assert_eq!(store.remember(decision).await.expect("an outcome"), Remembered::Kept);
    let appends = (0..40).map(|nth| {
        let store = store.clone();
        tokio::spawn(async move {
            let (stream, batch) =
                (stream(&if nth == 20 { "a".into() } else { format!("s{nth}") }), events(1));
            let id = if nth == 20 { id } else { Uuid::now_v7() };
            store.append(Append::new(&stream, Revision::EMPTY, &batch).command(Some(command(id)))).await
        })
    });
    for (nth, outcome) in join_all(appends).await.into_iter().enumerate() {
        let outcome = outcome.expect("no panic").expect("an outcome");
        if nth == 20 {
            assert!(matches!(outcome, AppendOutcome::Repeated(_)), "{outcome:?}");
        } else {
            appended(outcome);
        }
    }
    assert!(ids(&store, &decided).await.is_empty());
}

#[tokio::test]
async fn a_pruned_decision_is_stored_again() {
    let (database, store) = fresh().await;
    let (id, stream) = (Uuid::now_v7(), stream("a"));
    let decision = Decision::rejected(&stream, Revision::EMPTY, command(id));
    assert_eq!(store.remember(decision).await.expect("an outcome"), Remembered::Kept);
    assert_eq!(store.prune_commands(Duration::from_secs(3600)).await.expect("a count"), 0);
    let mut connection = connect(database.url()).await;
    sql(&mut connection, "UPDATE es.decisions SET recorded_at = recorded_at - interval '2 hours'").await;
    assert_eq!(store.prune_commands(Duration::from_secs(3600)).await.expect("a count"), 1);
    appended(send(&store, 0, id, 1).await.expect("no panic").expect("an outcome"));
}

#[tokio::test]
async fn a_decision_survives_the_renaming_of_its_category() {
    let (_database, store) = fresh().await;
    let (id, stream) = (Uuid::now_v7(), stream("a"));
    let decision = Decision::rejected(&stream, Revision::EMPTY, command(id));
    assert_eq!(store.remember(decision).await.expect("an outcome"), Remembered::Kept);
    store.rename_category("konto", &["account"]).await.expect("renamed");
    let renamed = es_core::StreamId::new("konto", "a").expect("a stream id");
    let load = Load::all(&renamed).command_id(Some(id));
    let head = store.load(load, &mut |_| Ok(())).await.expect("a head");
    assert_eq!(head.command, Some(outcome(0, 0)));
}

/// Roles that were granted before the tables of decisions existed keep working, and use them.
#[tokio::test]
async fn earlier_roles_need_no_new_grant_after_the_migration() {
    let (database, owner) = fresh().await;
    let role = format!("earlier_{}", Uuid::now_v7().simple());
    let reader = format!("{role}_r");
    let mut connection = connect(database.url()).await;
    sql(&mut connection, &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'; CREATE ROLE {reader}")).await;
    sql(
        &mut connection,
        "DROP FUNCTION es.refuse_decided CASCADE; DROP TABLE es.decisions; DROP FUNCTION es.is_absent;
         DROP FUNCTION es.remember; DELETE FROM es.migrations WHERE id = 12;
         CREATE OR REPLACE FUNCTION es.grant_writer(p_role name) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
         EXECUTE format('GRANT USAGE ON SCHEMA es TO %I; GRANT SELECT ON ALL TABLES IN SCHEMA es TO %I;
         GRANT SELECT ON SEQUENCE es.positions TO %I; GRANT EXECUTE ON FUNCTION es.register_names, es.append_one, es.append_many, es.append,
         es.append_all, es.append_batch TO %I', p_role, p_role, p_role, p_role); END $$",
    )
    .await;
    sql(&mut connection, &format!("SELECT es.grant_writer('{role}'); SELECT es.grant_reader('{reader}')"))
        .await;
    owner.close().await;
    // Triggers of a later migration were dropped with the table.
    let migrated = PostgresStore::migrate(database.url()).await.expect_err("its triggers are missing");
    let ConnectError::ObjectsMissing { statements, .. } = migrated else { panic!("{migrated:?}") };
    sql(&mut connection, &statements).await;

    let (_, rest) = database.url().split_once('@').expect("a user in the URL");
    let writer =
        PostgresStore::connect(&format!("postgres://{role}:secret@{rest}")).await.expect("connected");
    let (id, stream) = (Uuid::now_v7(), stream("a"));
    let decision = Decision::rejected(&stream, Revision::EMPTY, command(id));
    assert_eq!(writer.remember(decision).await.expect("an outcome"), Remembered::Kept);
    let load = Load::all(&stream).command_id(Some(id));
    let head = writer.load(load, &mut |_| Ok(())).await.expect("a head");
    assert_eq!(head.command, Some(outcome(0, 0)));
    let may = format!(
        "SELECT (has_table_privilege('{reader}', 'es.decisions', 'SELECT')
                 AND NOT has_function_privilege('{reader}', 'es.remember(integer,text,bigint,uuid,uuid,text,bigint,boolean)', 'EXECUTE')
                 AND NOT has_table_privilege('{role}', 'es.decisions', 'INSERT, UPDATE, DELETE, TRUNCATE'))::integer::bigint"
    );
    assert_eq!(number(&mut connection, &may).await, 1);
    writer.close().await;
    sql(&mut connection, &format!("DROP OWNED BY {role}, {reader}; DROP ROLE {role}, {reader}")).await;
}
