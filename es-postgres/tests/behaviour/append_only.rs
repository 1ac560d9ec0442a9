//! History cannot be changed: not by the application's role, and not by the owner of the tables either.

use es_core::{Append, EventStore, Load, NewSnapshot, Revision, StoreError};
use es_postgres::PostgresStore;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::support::{append_one, appended, command, connect, events, fresh, ids, number, sql, stream};

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

/// A role with the privileges of a writer, and a store that connects as it. The role goes with the database.
async fn writer(url: &str, owner: &PostgresStore) -> (String, String) {
    let role = format!("writer_{}", Uuid::now_v7().simple());
    let mut connection = connect(url).await;
    sql(&mut connection, &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
    owner.grant_writer(&role).await.expect("granted");
    let (_, rest) = url.split_once('@').expect("a url with a user");
    (format!("postgres://{role}:secret@{rest}"), role)
}

async fn drop_role(url: &str, role: &str) {
    sql(&mut connect(url).await, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
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
    let fingerprint = es_core::Fingerprint::EMPTY;
    let snapshot = NewSnapshot::new(stream.clone(), Revision::new(1), fingerprint, b"{}".to_vec());
    store.save_snapshot(snapshot).await.expect("kept");
    let load = Load::all(&stream).snapshot(Some(fingerprint));
    store.load(load, &mut |_| Ok(())).await.expect("a head");
    assert_eq!(store.list_streams("account", None, 10).await.expect("a page").len(), 2);
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

/// Whoever may call the functions cannot make them write what no store writes.
#[tokio::test]
async fn calls_that_would_damage_a_stream_are_refused() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let mut connection = connect(database.url()).await;
    let append = |key: &str, expected: i64, ids: &str, payloads: &str| {
        format!(
            "SELECT (es.append(1, '{key}', {expected}, NULL, {ids}, '{{1}}', {payloads}, '{{NULL}}', '{{NULL}}',
             '{{NULL}}', '{{NULL}}', NULL, NULL, NULL)).outcome"
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
             '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}')"
        )
    };
    let (keys, payloads) = ("'{a,b}'", "'{1,2,3}'");
    for (what, call) in [
        ("fewer events than appends say", batch(keys, "'{1,4}'", "'{1,2,2}'", payloads)),
        ("more events than appends say", batch(keys, "'{1,2}'", "'{1,2,2}'", payloads)),
        ("an append without events", batch(keys, "'{3,3}'", "'{1,1,1}'", payloads)),
        ("an event of another append", batch(keys, "'{2,3}'", "'{1,2,2}'", payloads)),
        ("an event of an append that is a conflict", batch("'{a,a}'", "'{2,3}'", "'{1,2,2}'", payloads)),
        ("an event of no append", batch(keys, "'{2,3}'", "'{1,1,NULL}'", payloads)),
        ("no key", batch("'{a,\"\"}'", "'{2,3}'", "'{1,1,2}'", payloads)),
        ("too few payloads", batch(keys, "'{2,3}'", "'{1,1,2}'", "'{1,2}'")),
        ("too many payloads", batch(keys, "'{2,3}'", "'{1,1,2}'", "'{1,2,3,4}'")),
    ] {
        let refused = sqlx::raw_sql(AssertSqlSafe(call)).execute(&mut connection).await;
        assert!(refused.is_err(), "{what}");
    }
    // A revision below zero is that of no stream.
    let outcome: String = sqlx::query_scalar(AssertSqlSafe(append("b", -5, one, payload)))
        .fetch_one(&mut connection)
        .await
        .expect("an outcome");
    assert_eq!(outcome, "conflict");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.events").await, 1);
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.streams").await, 1);
}

/// Functions run as the owner; the names in them must not be taken from the caller's search path.
#[tokio::test]
async fn the_writer_cannot_slip_a_table_of_its_own_under_the_functions() {
    let (database, owner) = fresh().await;
    let (url, role) = writer(database.url(), &owner).await;
    let mut connection = connect(&url).await;
    sql(&mut connection, "CREATE TEMP TABLE streams (id bigint); CREATE TEMP TABLE events (id bigint)").await;
    sql(&mut connection, "SET search_path = pg_temp, es").await;
    sql(
        &mut connection,
        "SELECT es.register_names('{account}', '{x}', '{1}');
         SELECT es.append(1, 'a', 0, NULL, ARRAY[gen_random_uuid()], '{1}', '{\"{}\"}', '{NULL}', '{NULL}', '{NULL}',
                          '{NULL}', NULL, NULL, NULL)",
    )
    .await;
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.events").await, 1);
    drop(connection);
    drop_role(database.url(), &role).await;
}

/// Everything that `append_one` might take from a search path, in a schema of the writer; each fails when it
/// is used.
const SLIPPED: &str = "
    CREATE FUNCTION slipped.used() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'slipped in'; END $$;
    CREATE DOMAIN slipped.text AS pg_catalog.text CHECK (slipped.used());
    CREATE DOMAIN slipped.regclass AS pg_catalog.regclass CHECK (slipped.used());
    CREATE FUNCTION slipped.current_setting(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql AS 'SELECT slipped.used()::pg_catalog.text';
    CREATE FUNCTION slipped.octet_length(pg_catalog.text) RETURNS integer LANGUAGE sql AS 'SELECT slipped.used()::integer';
    CREATE FUNCTION slipped.nextval(pg_catalog.regclass) RETURNS bigint LANGUAGE sql AS 'SELECT slipped.used()::integer::bigint';
    CREATE FUNCTION slipped.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz WHERE slipped.used()';
    DO $do$
    DECLARE
        v_operator pg_catalog.text;
        v_left pg_catalog.text;
        v_right pg_catalog.text;
    BEGIN
        FOR v_left, v_right IN VALUES ('bigint', 'bigint'), ('bigint', 'integer'), ('integer', 'integer'), ('uuid', 'uuid'),
            ('pg_catalog.text', 'pg_catalog.text')
        LOOP
            FOREACH v_operator IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>='] LOOP
                EXECUTE format('CREATE OR REPLACE FUNCTION slipped.compare(%1$s, %2$s) RETURNS boolean LANGUAGE sql AS
                    ''SELECT slipped.used()''; CREATE OPERATOR slipped.%3$s (FUNCTION = slipped.compare, LEFTARG = %1$s, RIGHTARG = %2$s)',
                    v_left, v_right, v_operator);
            END LOOP;
        END LOOP;
        FOREACH v_right IN ARRAY ARRAY['bigint', 'integer'] LOOP
            EXECUTE format('CREATE FUNCTION slipped.add(bigint, %1$s) RETURNS bigint LANGUAGE sql AS ''SELECT slipped.used()::integer::bigint'';
                CREATE OPERATOR slipped.+ (FUNCTION = slipped.add, LEFTARG = bigint, RIGHTARG = %1$s)', v_right);
        END LOOP;
    END $do$;
    SET search_path = slipped, pg_catalog";

/// `append_one` has no search path of its own: it takes nothing from that of its caller either.
#[tokio::test]
async fn the_writer_cannot_slip_operators_functions_or_types_under_append_one() {
    let (database, owner) = fresh().await;
    let (url, role) = writer(database.url(), &owner).await;
    let mut connection = connect(&url).await;
    sql(&mut connection, "SELECT es.register_names('{account}', '{x}', '{1}')").await;
    sql(&mut connect(database.url()).await, &format!("CREATE SCHEMA slipped AUTHORIZATION {role}")).await;
    sql(&mut connection, SLIPPED).await;
    for used in [
        "SELECT 1::bigint = 1::bigint",
        "SELECT 1::bigint + 1",
        "SELECT 'x'::text",
        "SELECT octet_length('x')",
    ] {
        assert_eq!(refused(&mut connection, used).await, "P0001", "{used}");
    }
    let id = Uuid::now_v7();
    for (expected, command, outcome) in [
        (0, "NULL", "appended"),
        (1, "NULL", "appended"),
        (2, &*format!("'{id}'"), "appended"),
        (2, "NULL", "conflict"),
        (2, &format!("'{id}'"), "repeated"),
        (3, &format!("'{id}'"), "repeated"),
    ] {
        let call = format!(
            "SELECT (es.append_one(1, 'a', {expected}, NULL, gen_random_uuid(), 1, '{{}}', NULL, NULL, NULL, NULL, {command}, 'x', \
             NULL)).outcome"
        );
        let found: String =
            sqlx::query_scalar(AssertSqlSafe(call)).fetch_one(&mut connection).await.expect("an outcome");
        assert_eq!(found, outcome, "at {expected} with {command}");
    }
    drop(connection);
    drop_role(database.url(), &role).await;
}

#[tokio::test]
async fn a_role_without_the_grant_is_told_so() {
    let (database, _) = fresh().await;
    let role = format!("stranger_{}", Uuid::now_v7().simple());
    let mut connection = connect(database.url()).await;
    sql(&mut connection, &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
    let (_, rest) = database.url().split_once('@').expect("a url with a user");
    let error =
        PostgresStore::connect(&format!("postgres://{role}:secret@{rest}")).await.expect_err("not granted");
    let text = error.to_string();
    assert!(text.contains("SELECT \"es\".grant_writer('role')"), "{text}");
    assert!(matches!(StoreError::from(error), StoreError::Setup { .. }));
    drop_role(database.url(), &role).await;
}
