//! What holds readers back, and what does not.

use es_core::store::{Checkpoint, ReadAll, Rest};
use es_postgres::PostgresStore;
use es_postgres::testing::{Cluster, TestDatabase};
use sqlx::Connection;

use crate::support::{Naive, Reader, append, append_in, committed, connect, fresh, numbers, sql, until};

/// The bug that nearly every event store has had: a higher position is visible before a lower one.
#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_a_lower_position_that_is_committed_later() {
    let (database, store) = fresh().await;
    let mut gate = connect(database.url()).await;
    // The row is inserted, its position drawn; then its append waits.
    sql(
        &mut gate,
        "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END $$;
         CREATE TRIGGER gate AFTER INSERT ON es.events FOR EACH ROW
             WHEN (NEW.revision = 1) EXECUTE FUNCTION gate();
         SELECT pg_advisory_lock(4711)",
    )
    .await;
    sql(&mut gate, "SELECT pg_advisory_unlock(4711)").await;
    append(&store, "fast", 0).await;
    let (mut ours, mut naive) = (Reader::new(&store), Naive::default());
    assert_eq!(ours.read().await, Rest::Nothing);
    sql(&mut gate, "SELECT pg_advisory_lock(4711)").await;
    // On a separate connection: the store's lanes give up a lock that is not released soon, and draw again
    // later.
    let slow = tokio::spawn({
        let (store, url) = (store.clone(), database.url().to_owned());
        async move {
            let mut connection = connect(&url).await;
            let mut tx = connection.begin().await.expect("a transaction");
            let position = append_in(&store, &mut tx, "slow", 0).await;
            tx.commit().await.expect("committed");
            position
        }
    });
    until(
        &mut gate,
        "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) = 1",
    )
    .await;
    assert_eq!(append(&store, "fast", 1).await, 3);

    naive.read(&mut gate).await;
    assert_eq!(ours.read().await, Rest::Held);
    assert_eq!(ours.positions, [1], "3 is committed, but 2 is not");
    sql(&mut gate, "SELECT pg_advisory_unlock(4711)").await;
    assert_eq!(slow.await.expect("no panic"), 2);
    naive.read(&mut gate).await;
    assert_eq!(ours.read().await, Rest::Nothing);
    assert_eq!(ours.positions, committed(&mut gate).await);
    assert_eq!(naive.seen, [1, 3].into(), "the naive cursor has lost an event");
}

#[tokio::test]
async fn readers_wait_for_the_first_event_of_a_store_like_for_any_other() {
    let (database, store) = fresh().await;
    let mut reader = Reader::new(&store);
    assert_eq!(reader.read().await, Rest::Nothing);
    let mut connection = connect(database.url()).await;
    let mut tx = connection.begin().await.expect("a transaction");
    assert_eq!(append_in(&store, &mut tx, "first", 0).await, 1);
    assert_eq!(reader.read().await, Rest::Held);
    assert_eq!(append(&store, "second", 0).await, 2);
    assert_eq!(reader.read().await, Rest::Held);
    assert_eq!(store.end().await.expect("a head"), Checkpoint::START);
    assert!(reader.positions.is_empty());
    tx.commit().await.expect("committed");
    assert_eq!(reader.read().await, Rest::Nothing);
    assert_eq!(reader.positions, [1, 2]);
}

#[tokio::test]
async fn a_rolled_back_append_leaves_a_gap_that_holds_nobody_back() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let mut reader = Reader::new(&store);
    append(&store, "a", 0).await;
    for round in 1..=20 {
        let mut tx = connection.begin().await.expect("a transaction");
        append_in(&store, &mut tx, "b", 0).await;
        tx.rollback().await.expect("rolled back");
        // Readers need not wait, not even at the gap itself.
        assert_eq!(reader.read().await, Rest::Nothing);
        append(&store, "a", round).await;
        assert_eq!(reader.read().await, Rest::Nothing);
        assert_eq!(reader.positions.len() as u64, round + 1);
    }
    assert_eq!(reader.positions, committed(&mut connection).await);
}

#[tokio::test]
async fn a_savepoint_that_is_rolled_back_does_not_let_readers_pass() {
    let (database, store) = fresh().await;
    let mut connection = connect(database.url()).await;
    let (mut reader, mut naive) = (Reader::new(&store), Naive::default());
    let mut tx = connection.begin().await.expect("a transaction");
    let mut savepoint = tx.begin().await.expect("a savepoint");
    assert_eq!(append_in(&store, &mut savepoint, "a", 0).await, 1);
    savepoint.rollback().await.expect("rolled back");
    assert_eq!(reader.read().await, Rest::Held, "its transaction is open");
    assert_eq!(append_in(&store, &mut tx, "b", 0).await, 2);
    // And one after the event that stays.
    let mut savepoint = tx.begin().await.expect("a savepoint");
    assert_eq!(append_in(&store, &mut savepoint, "b", 1).await, 3);
    savepoint.rollback().await.expect("rolled back");
    assert_eq!(append(&store, "c", 0).await, 4);
    let mut beside = connect(database.url()).await;
    naive.read(&mut beside).await;
    assert_eq!(reader.read().await, Rest::Held);
    assert!(reader.positions.is_empty());
    tx.commit().await.expect("committed");
    assert_eq!(reader.read().await, Rest::Nothing);
    naive.read(&mut beside).await;
    assert_eq!(reader.positions, [2, 4]);
    assert_eq!(naive.seen, [4].into());
}

/// The owner of the tables may import by other means, as long as it draws positions from the sequence.
#[tokio::test]
async fn readers_wait_for_rows_that_the_owner_copies_in() {
    let (database, store) = fresh().await;
    append(&store, "a", 0).await;
    let mut reader = Reader::new(&store);
    assert_eq!(reader.read().await, Rest::Nothing);
    let mut owner = connect(database.url()).await;
    let mut tx = owner.begin().await.expect("a transaction");
    sql(
        &mut tx,
        "INSERT INTO es.streams (category, key, revision, head_event_id) VALUES (1, 'copied', 2, gen_random_uuid())",
    )
    .await;
    let drawn: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT nextval('es.positions'), s.id FROM es.streams s, generate_series(1, 2) WHERE s.key = 'copied'",
    )
    .fetch_all(&mut *tx)
    .await
    .expect("positions");
    let mut copy = tx
        .copy_in_raw(
            "COPY es.events (position, stream, revision, recorded_at, event_id, type, payload) FROM STDIN",
        )
        .await
        .expect("a copy");
    for (revision, (position, stream)) in drawn.iter().enumerate() {
        let id = uuid::Uuid::now_v7();
        let line = format!("{position}\t{stream}\t{}\tnow\t{id}\t1\t1\n", revision + 1);
        copy.send(line.as_bytes()).await.expect("sent");
    }
    copy.finish().await.expect("copied");
    assert_eq!(append(&store, "a", 1).await, 4);
    assert_eq!(reader.read().await, Rest::Held);
    assert_eq!(reader.positions, [1]);
    tx.commit().await.expect("committed");
    assert_eq!(reader.read().await, Rest::Nothing);
    assert_eq!(reader.positions, [1, 2, 3, 4]);
}

/// Transactions that append nothing hold nobody back: not old snapshots, writers of other tables, or sessions
/// that idle in a transaction, nor those of another store or of another database with the same tables.
#[tokio::test]
async fn a_foreign_transaction_holds_nobody_back() {
    let (database, store) = fresh().await;
    let elsewhere = TestDatabase::new().await.expect("a database with tables of the same numbers");
    let store_elsewhere = elsewhere.store().await.expect("a store");
    let tenant = database.options().schema("tenant").migrate().await.expect("a store beside it");
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(connect(database.url()).await);
    }
    let [snapshot, writer, reads_sequence, beside] = &mut connections[..] else { panic!("four") };
    sql(snapshot, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM es.events").await;
    sql(
        writer,
        "CREATE TABLE other (a int); BEGIN; INSERT INTO other VALUES (1); SELECT pg_current_xact_id()",
    )
    .await;
    sql(reads_sequence, "BEGIN; SELECT last_value FROM es.positions; SELECT * FROM es.event_log").await;
    let mut tx = beside.begin().await.expect("a transaction");
    append_in(&tenant, &mut tx, "a", 0).await;
    let mut other = connect(elsewhere.url()).await;
    let mut other_tx = other.begin().await.expect("a transaction");
    append_in(&store_elsewhere, &mut other_tx, "a", 0).await;

    let mut reader = Reader::new(&store);
    for round in 0..10 {
        append(&store, "a", round).await;
        assert_eq!(reader.read().await, Rest::Nothing);
        assert_eq!(reader.positions.len() as u64, round + 1);
    }
    assert!(store.open_appends().await.expect("a list").is_empty());
    let mut held = Reader::new(&store_elsewhere);
    assert_eq!(held.read().await, Rest::Held, "there it counts");
    tx.rollback().await.expect("rolled back");
    other_tx.rollback().await.expect("rolled back");
}

/// A prepared transaction has no process, and a different number than the transaction before it was prepared.
#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_a_prepared_transaction() {
    let folder = std::env::temp_dir().join(format!("es-cluster-{}", uuid::Uuid::now_v7().simple()));
    let cluster = Cluster::persistent(&folder)
        .setting("max_prepared_transactions = 5")
        .start()
        .await
        .expect("a server");
    let store = PostgresStore::migrate(cluster.url()).await.expect("a store");
    let mut connection = connect(cluster.url()).await;
    let (mut reader, mut naive) = (Reader::new(&store), Naive::default());
    for (round, end) in ["COMMIT", "ROLLBACK", "COMMIT"].into_iter().enumerate() {
        let key = format!("prepared {round}");
        sql(&mut connection, "BEGIN").await;
        append_in(&store, &mut connection, &key, 0).await;
        // Also if it was observed before it was prepared: then it is looked for under its former name.
        assert_eq!(reader.read().await, Rest::Held);
        append(&store, "a", round as u64).await;
        assert_eq!(reader.read().await, Rest::Held);
        sql(&mut connection, "PREPARE TRANSACTION 'es test'").await;
        let before = reader.positions.len();
        for _ in 0..5 {
            assert_eq!(reader.read().await, Rest::Held);
        }
        assert_eq!(reader.positions.len(), before);
        let open = store.open_appends().await.expect("a list");
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].pid, open[0].prepared.as_deref()), (None, Some("es test")), "{}", open[0]);
        assert!(open[0].age.is_some());
        naive.read(&mut connection).await;
        sql(&mut connection, &format!("{end} PREPARED 'es test'")).await;
        assert_eq!(reader.read().await, Rest::Nothing);
        naive.read(&mut connection).await;
    }
    let committed = committed(&mut connection).await;
    assert_eq!(committed.len(), 5);
    assert_eq!(reader.positions, committed);
    assert_eq!(naive.seen.len(), 3, "the naive cursor has lost the two that were prepared");
    connection.close().await.expect("closed");
    store.close().await;
    drop(cluster);
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// It survives a restart of the server, under yet another name.
#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_a_prepared_transaction_after_a_restart() {
    let folder = std::env::temp_dir().join(format!("es-cluster-{}", uuid::Uuid::now_v7().simple()));
    let server = || Cluster::persistent(&folder).setting("max_prepared_transactions = 5");
    let cluster = server().start().await.expect("a server");
    let store = PostgresStore::migrate(cluster.url()).await.expect("a store");
    let mut connection = connect(cluster.url()).await;
    sql(&mut connection, "BEGIN").await;
    append_in(&store, &mut connection, "prepared", 0).await;
    sql(&mut connection, "PREPARE TRANSACTION 'es test'").await;
    append(&store, "a", 0).await;
    connection.close().await.expect("closed");
    store.close().await;
    drop(cluster);

    let cluster = server().start().await.expect("a server");
    let store = PostgresStore::connect(cluster.url()).await.expect("a store");
    let mut connection = connect(cluster.url()).await;
    let mut reader = Reader::new(&store);
    for round in 1..4 {
        append(&store, "a", round).await;
        assert_eq!(reader.read().await, Rest::Held);
    }
    assert!(reader.positions.is_empty());
    sql(&mut connection, "COMMIT PREPARED 'es test'").await;
    assert_eq!(reader.read().await, Rest::Nothing);
    assert_eq!(reader.positions, committed(&mut connection).await);
    assert_eq!(reader.positions.len(), 5);
    connection.close().await.expect("closed");
    store.close().await;
    drop(cluster);
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// While `nextval` writes WAL, the sequence shows a number 32 above the one that is drawn; a reader that took
/// that as drawn would consider positions safe that are drawn later. The server's own function, which reads
/// under the page's lock, is exact.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_number_that_is_shown_before_it_is_drawn_is_not_used() {
    let (database, _store) = fresh().await;
    let mut connection = connect(database.url()).await;
    sql(
        &mut connection,
        "CREATE FUNCTION ahead(p_times integer, OUT plain bigint, OUT ours bigint) LANGUAGE plpgsql AS $$
         DECLARE v_shown bigint;
         BEGIN
             plain := 0; ours := 0;
             FOR n IN 1 .. p_times LOOP
                 SELECT last_value INTO v_shown FROM es.positions;
                 IF v_shown > pg_sequence_last_value('es.positions') THEN plain := plain + 1; END IF;
                 SELECT w.drawn INTO v_shown FROM es.watermark() w;
                 IF v_shown > pg_sequence_last_value('es.positions') THEN ours := ours + 1; END IF;
             END LOOP;
         END $$",
    )
    .await;
    let mut drawing = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let url = database.url().to_owned();
        drawing.spawn(async move {
            let mut connection = connect(&url).await;
            loop {
                sql(&mut connection, "SELECT count(nextval('es.positions')) FROM generate_series(1, 20000)")
                    .await;
            }
        });
    }
    until(&mut connection, "(SELECT last_value FROM es.positions) > 20000").await;
    let (plain, ours): (i64, i64) = sqlx::query_as("SELECT plain, ours FROM ahead(20000)")
        .fetch_one(&mut connection)
        .await
        .expect("counts");
    drawing.shutdown().await;
    println!("of 20000 looks at a busy sequence, {plain} plain ones and {ours} of ours were ahead of it");
    assert_eq!(ours, 0);
}

/// The same read by read, with a sequence that shows given numbers.
#[tokio::test]
async fn a_position_is_drawn_if_two_reads_agree() {
    let (database, _store) = fresh().await;
    let mut connection = connect(database.url()).await;
    sql(
        &mut connection,
        "CREATE SCHEMA fake;
         CREATE TABLE fake.shown (looks bigint[]);
         INSERT INTO fake.shown VALUES ('{}');
         CREATE FUNCTION fake.look() RETURNS bigint LANGUAGE sql AS
             $$ UPDATE fake.shown SET looks = looks[2:] RETURNING (SELECT s.looks[1] FROM fake.shown s) $$;
         CREATE VIEW fake.positions AS SELECT true AS is_called, fake.look() AS last_value;
         DO $$ BEGIN EXECUTE regexp_replace(pg_get_functiondef('es.watermark'::regproc), '\\mes\\M', 'fake', 'g'); END $$",
    )
    .await;
    for (looks, drawn) in [
        ("7, 7", 7),
        // Ahead once; and twice, with a correct number in between.
        ("39, 7, 7", 7),
        ("39, 40, 8, 8", 8),
        // Never the same twice: the lower one of the last two may have been ahead.
        ("39, 50, 61, 72, 83", 40),
        ("5, 6, 7, 8, 9", 0),
    ] {
        sql(&mut connection, &format!("UPDATE fake.shown SET looks = '{{{looks}}}'")).await;
        assert_eq!(numbers(&mut connection, "SELECT drawn FROM fake.watermark()").await, [drawn], "{looks}");
    }
}

#[tokio::test]
async fn a_stuck_writer_is_listed() {
    let (database, store) = fresh().await;
    let mut writer = connect(database.url()).await;
    sql(&mut writer, "SET application_name = 'forgetful'").await;
    let mut tx = writer.begin().await.expect("a transaction");
    append_in(&store, &mut tx, "a", 0).await;
    let mut waiting = connect(database.url()).await;
    until(&mut waiting, "EXISTS (SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = 'forgetful')").await;
    let open = store.open_appends().await.expect("a list");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].application_name.as_deref(), Some("forgetful"));
    assert_eq!(open[0].state.as_deref(), Some("idle in transaction"));
    assert!(open[0].pid.is_some() && open[0].age.is_some());
    let text = open[0].to_string();
    assert!(text.contains("of \"forgetful\" (idle in transaction), open for"), "{text}");
    tx.rollback().await.expect("rolled back");
    assert!(store.open_appends().await.expect("a list").is_empty());
}
