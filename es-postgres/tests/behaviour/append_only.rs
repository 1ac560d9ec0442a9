//! History cannot be changed: not by the application's role, and not by the owner of the tables either.

use es_core::model::NewSnapshot;
use es_core::store::{Append, CloseStreams, Decision, ListQuery, ListStreams, Load, Remembered};
use es_core::{EventStore, Revision, StoreError};
use es_postgres::PostgresStore;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::support::{
    append_one, appended, command, connect, drop_role, events, fresh, ids, number, role, sql, stream, writer,
};

/// The SQLSTATE with which the server refuses this.
async fn refused(connection: &mut PgConnection, text: &str) -> String {
    let error = sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await.expect_err(text);
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.expect("an error of the server").into_owned()
}

#[tokio::test]
async fn the_owner_cannot_change_or_delete_events() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let mut owner = connect(database.url()).await;
    for role in ["origin", "replica"] {
        sql(&mut owner, &format!("SET session_replication_role = {role}")).await;
        for change in [
            "UPDATE es.events SET payload = '{}'",
            "UPDATE es.events SET recorded_at = now() WHERE false",
            "INSERT INTO es.events SELECT * FROM es.events ON CONFLICT (position) DO UPDATE SET payload = '{}'",
            "DELETE FROM es.events",
            "TRUNCATE es.events",
            "DELETE FROM es.streams",
            "TRUNCATE es.streams",
            "DELETE FROM es.event_types",
            "TRUNCATE es.event_types",
            "DELETE FROM es.categories",
            "TRUNCATE es.categories",
        ] {
            assert_eq!(refused(&mut owner, change).await, "ES001", "{change}");
        }
    }
    let message =
        sqlx::raw_sql("DELETE FROM es.events").execute(&mut owner).await.expect_err("refused").to_string();
    assert!(
        message.contains("DELETE on es.events is refused: history is only ever appended to"),
        "{message}"
    );
    assert_eq!(ids(&store, &stream("a")).await.len(), 1);
}

#[tokio::test]
async fn the_writer_appends_and_reads() {
    let (database, owner) = fresh().await;
    let (url, role) = writer(database.url(), &owner).await;
    let store = PostgresStore::connect(&url).await.expect("a store");
    let stream = stream("a");
    let batch = events(2);
    let append = Append::new(&stream, Revision::EMPTY, &batch).command(Some(command(Uuid::now_v7())));
    appended(store.append(append).await.expect("an outcome"));
    let other = crate::support::stream("b");
    let appends =
        [Append::new(&stream, Revision::new(2), &batch[..1]), Append::new(&other, Revision::EMPTY, &batch)];
    for outcome in store.append_all(&appends).await.expect("outcomes") {
        appended(outcome);
    }
    let fingerprint = es_core::shape::Fingerprint::EMPTY;
    let snapshot = NewSnapshot::new(stream.clone(), Revision::new(1), fingerprint, b"{}".to_vec());
    store.save_snapshot(snapshot).await.expect("kept");
    let load = Load::all(&stream).snapshot(Some(fingerprint));
    store.load(load, &mut |_| Ok(())).await.expect("a head");
    assert_eq!(store.list_streams(ListQuery::category("account").limit(10)).await.expect("a page").len(), 2);
    assert!(store.close_stream(&stream, Revision::new(3)).await.expect("an answer"));
    store.prune_commands(std::time::Duration::ZERO).await.expect("a count");
    store.close().await;
    drop_role(database.url(), &role).await;
}

#[tokio::test]
async fn the_writer_can_do_nothing_else() {
    let (database, owner) = fresh().await;
    appended(append_one(&owner, &stream("a"), 0).await);
    let (url, role) = writer(database.url(), &owner).await;
    let mut connection = connect(&url).await;
    for forbidden in [
        "INSERT INTO es.events SELECT * FROM es.events",
        "INSERT INTO es.events (position, stream, revision, recorded_at, event_id, type, payload)
         VALUES (99, 1, 2, '1999-01-01', gen_random_uuid(), 1, '{}')",
        "UPDATE es.events SET payload = '{}'",
        "DELETE FROM es.events",
        "TRUNCATE es.events",
        "UPDATE es.streams SET revision = 7",
        "DELETE FROM es.streams",
        "INSERT INTO es.commands SELECT 1, gen_random_uuid(), 1, 1, NULL, now(), 'x'",
        "DELETE FROM es.commands",
        "UPDATE es.event_types SET name = 'x'",
        "UPDATE es.migrations SET checksum = 'x'",
        "SELECT nextval('es.positions')",
        "SELECT setval('es.positions', 1)",
        "CREATE TABLE es.mine ()",
        "ALTER TABLE es.events DISABLE TRIGGER ALL",
        "SELECT es.grant_writer('public')",
        "SELECT es.refusal(1, 'a', 0, NULL, NULL)",
    ] {
        assert_eq!(refused(&mut connection, forbidden).await, "42501", "{forbidden}");
    }
    drop(connection);
    drop_role(database.url(), &role).await;
}

/// The identity of streams and the outcomes of commands are as fixed as events are; other columns are not.
#[tokio::test]
async fn the_owner_cannot_change_what_identifies_events_and_commands() {
    let (database, store) = fresh().await;
    let (one, other, batch) = (stream("a"), stream("b"), events(1));
    let append = Append::new(&one, Revision::EMPTY, &batch).command(Some(command(Uuid::now_v7())));
    appended(store.append(append).await.expect("an outcome"));
    let decision = Decision::rejected(&other, Revision::EMPTY, command(Uuid::now_v7()));
    assert_eq!(store.remember(decision).await.expect("an outcome"), Remembered::Kept);
    let mut owner = connect(database.url()).await;
    for session in ["origin", "replica"] {
        sql(&mut owner, &format!("SET session_replication_role = {session}")).await;
        for change in [
            "UPDATE es.event_types SET name = 'other'",
            "UPDATE es.event_types SET version = version + 1",
            "UPDATE es.event_types SET id = id + 1",
            "UPDATE es.categories SET name = 'other'",
            "UPDATE es.categories SET id = id + 1",
            "UPDATE es.streams SET category = category + 1",
            "UPDATE es.streams SET key = 'other'",
            "UPDATE es.streams SET revision = 7, key = key WHERE false",
            "UPDATE es.streams SET id = DEFAULT",
            "UPDATE es.streams SET created_at = now()",
            "INSERT INTO es.streams (category, key, revision, head_event_id) SELECT category, key, revision, head_event_id
             FROM es.streams ON CONFLICT (category, key) DO UPDATE SET key = 'other'",
            "UPDATE es.registrations SET token = gen_random_uuid()",
            "DELETE FROM es.registrations",
            "TRUNCATE es.registrations",
            "UPDATE es.commands SET stream = stream + 1",
            "UPDATE es.commands SET command_id = gen_random_uuid()",
            "UPDATE es.commands SET first_revision = 2",
            "UPDATE es.commands SET event_count = 0",
            "UPDATE es.commands SET name = 'other', body_hash = 1",
            "TRUNCATE es.commands",
            "UPDATE es.decisions SET rejected = NOT rejected",
            "UPDATE es.decisions SET revision = 1",
            "UPDATE es.decisions SET key = 'a', category = 1",
            "UPDATE es.decisions SET command_id = gen_random_uuid(), body_hash = 1, name = 'x'",
            "TRUNCATE es.decisions",
        ] {
            assert_eq!(refused(&mut owner, change).await, "ES001", "{change}");
        }
        for change in [
            "UPDATE es.event_types SET fingerprint = NULL",
            "UPDATE es.streams SET closed_at = NULL",
            "UPDATE es.commands SET recorded_at = recorded_at - interval '1 hour'",
            "UPDATE es.decisions SET recorded_at = recorded_at - interval '1 hour'",
        ] {
            sql(&mut owner, change).await;
        }
    }
    assert_eq!(ids(&store, &one).await.len(), 1);
    assert_eq!(store.prune_commands(std::time::Duration::ZERO).await.expect("a count"), 2);
}

const TOKEN: &str = "(SELECT token FROM es.registrations ORDER BY id DESC LIMIT 1)";

/// A role that may call the functions cannot make them write what no store writes.
#[tokio::test]
async fn calls_that_would_damage_a_stream_are_refused() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let mut connection = connect(database.url()).await;
    let append = |key: &str, expected: i64, ids: &str, payloads: &str| {
        format!(
            "SELECT (es.append(1, '{key}', {expected}, NULL, {ids}, '{{1}}', {payloads}, '{{NULL}}', '{{NULL}}',
             '{{NULL}}', '{{NULL}}', NULL, NULL, NULL, {TOKEN})).outcome"
        )
    };
    let (one, payload) = ("ARRAY[gen_random_uuid()]", "'{\"{}\"}'");
    for (what, call) in [
        ("no events", append("a", 1, "'{}'", "'{}'")),
        ("no arrays", append("a", 1, "NULL", "NULL")),
        ("no payload", append("a", 1, one, "'{NULL}'")),
        ("too few payloads", append("a", 1, "ARRAY[gen_random_uuid(), gen_random_uuid()]", payload)),
        ("too many payloads", append("a", 1, "ARRAY[gen_random_uuid(), gen_random_uuid()]", "'{1,2,3}'")),
        ("no key", append("", 0, one, payload)),
        ("a long key", append(&"x".repeat(256), 0, one, payload)),
    ] {
        assert!(sqlx::raw_sql(AssertSqlSafe(call)).execute(&mut connection).await.is_err(), "{what}");
    }
    let batch = |keys: &str, through: &str, appends: &str, payloads: &str| {
        format!(
            "SELECT outcomes FROM es.append_batch(array_fill(1, '{{2}}'), {keys}, '{{1,0}}', array_fill(NULL::uuid, '{{2}}'),
             {through}, {appends}, ARRAY[gen_random_uuid(), gen_random_uuid(), gen_random_uuid()], '{{1,1,1}}', {payloads},
             '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', {TOKEN})"
        )
    };
    let (keys, payloads) = ("'{a,b}'", "'{1,2,3}'");
    for (what, call) in [
        ("fewer events than the appends claim", batch(keys, "'{1,4}'", "'{1,2,2}'", payloads)),
        ("more events than the appends claim", batch(keys, "'{1,2}'", "'{1,2,2}'", payloads)),
        ("an append without events", batch(keys, "'{3,3}'", "'{1,1,1}'", payloads)),
        ("an event of another append", batch(keys, "'{2,3}'", "'{1,2,2}'", payloads)),
        ("an event of an append that is a conflict", batch("'{a,a}'", "'{2,3}'", "'{1,2,2}'", payloads)),
        ("an event that belongs to no append", batch(keys, "'{2,3}'", "'{1,1,NULL}'", payloads)),
        ("no key", batch("'{a,\"\"}'", "'{2,3}'", "'{1,1,2}'", payloads)),
        ("too few payloads", batch(keys, "'{2,3}'", "'{1,1,2}'", "'{1,2}'")),
        ("too many payloads", batch(keys, "'{2,3}'", "'{1,1,2}'", "'{1,2,3,4}'")),
    ] {
        let refused = sqlx::raw_sql(AssertSqlSafe(call)).execute(&mut connection).await;
        assert!(refused.is_err(), "{what}");
    }
    // No stream has a revision below zero.
    let outcome: String = sqlx::query_scalar(AssertSqlSafe(append("b", -5, one, payload)))
        .fetch_one(&mut connection)
        .await
        .expect("an outcome");
    assert_eq!(outcome, "conflict");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.events").await, 1);
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.streams").await, 1);
}

#[tokio::test]
async fn a_role_without_the_grant_is_told_so() {
    let (database, _) = fresh().await;
    let (url, role) = role(database.url()).await;
    let error = PostgresStore::connect(&url).await.expect_err("not granted");
    let text = error.to_string();
    assert!(text.ends_with(&format!("SELECT \"es\".grant_writer('{role}')")), "{text}");
    assert!(matches!(StoreError::from(error), StoreError::Setup { .. }));
    drop_role(database.url(), &role).await;
}

/// A batch does not read a stream that it writes, or two groups could each read what the other one writes.
#[tokio::test]
async fn a_call_in_which_a_stream_is_written_and_used_otherwise_is_refused() {
    let (database, store) = fresh().await;
    for key in ["a", "b"] {
        appended(append_one(&store, &stream(key), 0).await);
    }
    let mut connection = connect(database.url()).await;
    let call = |groups: &str, keys: &str, through: &str, appends: &str| {
        format!(
            "SELECT (es.append_mixed('{groups}', '{{1,1,1}}', '{keys}', '{{1,1,1}}', '{{}}', '{through}', '{appends}',
             ARRAY[gen_random_uuid(), gen_random_uuid()], '{{1,1}}', '{{1,1}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}',
             '{{}}', '{{}}', '{{}}', (SELECT token FROM es.registrations ORDER BY id DESC LIMIT 1))).outcomes"
        )
    };
    for (groups, keys, through, appends, message) in [
        ("{1,2,2}", "{a,b,a}", "{1,2,2}", "{1,2}", "to be read or to be written"),
        ("{1,1,0}", "{a,b,b}", "{1,1,2}", "{1,3}", "to be read or to be written"),
        ("{1,1,1}", "{a,b,b}", "{1,1,2}", "{1,3}", "to be read or to be written"),
        ("{1,2,2}", "{a,a,b}", "{1,2,2}", "{1,2}", "where it had locked more"),
    ] {
        let call = call(groups, keys, through, appends);
        let error = sqlx::raw_sql(AssertSqlSafe(call)).execute(&mut connection).await.expect_err(groups);
        assert!(error.to_string().contains(message), "{keys}: {error}");
    }
    let sound = call("{1,1,0}", "{a,b,c}", "{1,1,2}", "{1,3}").replacen("1,1,1}', '{}'", "1,1,0}', '{}'", 1);
    sql(&mut connection, &sound).await;
    for (key, revision) in [("a", 2), ("b", 1), ("c", 1)] {
        assert_eq!(ids(&store, &stream(key)).await.len(), revision, "{key}");
    }
}
