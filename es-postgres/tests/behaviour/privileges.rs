//! The privileges of each role, and that it has no others.

use std::collections::{BTreeMap, BTreeSet};

use es_core::StoreError;
use es_core::store::{ListQuery, ListStreams};
use es_postgres::{ConnectError, PostgresStore};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{
    append_one, appended, connect, drop_role, fresh, ids, number, role, sql, stream, texts, url_of,
};

/// Whether the server refuses this for lack of a privilege.
async fn is_forbidden(connection: &mut PgConnection, text: &str) -> bool {
    let text = format!("BEGIN; {text}; ROLLBACK");
    let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await;
    let _undone = sqlx::raw_sql("ROLLBACK").execute(connection).await;
    let error = done.err();
    let code =
        error.as_ref().and_then(sqlx::Error::as_database_error).and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some("42501")
}

const WRITER: [&str; 14] = [
    "register_names",
    "register_events",
    "rename_category",
    "append_one",
    "append_many",
    "append",
    "append_all",
    "append_batch",
    "append_mixed",
    "close_stream",
    "save_snapshot",
    "drop_snapshots",
    "prune_commands",
    "remember",
];

/// The tables that a projector writes.
const PROJECTOR: [&str; 3] = ["checkpoints", "dead_letters", "projections"];

/// What only an owner may do, or a role with more privileges than any role of the store.
const NOBODY: [&str; 24] = [
    "CREATE TABLE es.mine ()",
    "CREATE FUNCTION es.mine() RETURNS void LANGUAGE sql AS ''",
    "CREATE OR REPLACE FUNCTION es.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    "ALTER FUNCTION es.refuse_change OWNER TO CURRENT_USER",
    "ALTER FUNCTION es.append_one SET search_path = public",
    "ALTER FUNCTION es.append SECURITY INVOKER",
    "DROP FUNCTION es.append_one",
    "CREATE OR REPLACE VIEW es.event_log AS SELECT 1 AS one",
    "DROP VIEW es.event_log",
    "DROP SCHEMA es CASCADE",
    "ALTER SCHEMA es RENAME TO theirs",
    "ALTER SCHEMA es OWNER TO CURRENT_USER",
    "COMMENT ON SCHEMA es IS 'mine'",
    "COMMENT ON FUNCTION es.append_one IS 'mine'",
    "COMMENT ON VIEW es.event_log IS 'mine'",
    "ALTER TABLE es.events RENAME TO mine",
    "SET session_replication_role = replica",
    "ALTER ROLE CURRENT_USER SET session_replication_role = replica",
    "ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON TABLES TO PUBLIC",
    "SET ROLE postgres",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION mine.called()",
    "CREATE PUBLICATION mine FOR TABLE es.events",
    "ALTER TABLE es.events SET LOGGED",
    "COPY es.events TO PROGRAM 'cat'",
];

/// The statements tried on each table, with one of its columns, and whether a role that writes it may run
/// them.
fn on_table(table: &str, column: &str) -> Vec<(String, bool)> {
    let tried = [
        ("INSERT INTO es.{table} DEFAULT VALUES", true),
        ("UPDATE es.{table} SET {column} = {column} WHERE false", true),
        ("DELETE FROM es.{table} WHERE false", true),
        ("SELECT FROM es.{table} LIMIT 1 FOR UPDATE", true),
        ("SELECT FROM es.{table} LIMIT 1 FOR KEY SHARE", true),
        ("LOCK TABLE es.{table} IN ROW EXCLUSIVE MODE", true),
        ("LOCK TABLE es.{table} IN SHARE ROW EXCLUSIVE MODE", true),
        ("LOCK TABLE es.{table} IN ACCESS EXCLUSIVE MODE", true),
        ("TRUNCATE es.{table}", false),
        ("ALTER TABLE es.{table} DISABLE TRIGGER ALL", false),
        ("ALTER TABLE es.{table} ENABLE ROW LEVEL SECURITY", false),
        ("ALTER TABLE es.{table} ADD mine integer", false),
        ("ALTER TABLE es.{table} OWNER TO CURRENT_USER", false),
        ("CREATE INDEX ON es.{table} ({column})", false),
        (
            "CREATE TRIGGER mine BEFORE INSERT ON es.{table} FOR EACH ROW EXECUTE FUNCTION mine.called()",
            false,
        ),
        ("CREATE RULE mine AS ON INSERT TO es.{table} DO INSTEAD NOTHING", false),
        ("CREATE POLICY mine ON es.{table}", false),
        ("CREATE STATISTICS mine.stored ON ctid, {column} FROM es.{table}", false),
        ("CREATE TABLE mine.child () INHERITS (es.{table})", false),
        ("COMMENT ON TABLE es.{table} IS 'mine'", false),
        ("REINDEX TABLE es.{table}", false),
        ("DROP TABLE es.{table}", false),
    ];
    let fill = |text: &str| text.replace("{table}", table).replace("{column}", column);
    let tried = tried.map(|(text, writes)| (fill(text), writes));
    tried.into_iter().collect()
}

/// The statements tried on each sequence.
fn on_sequence(sequence: &str) -> [(String, bool); 6] {
    [
        (format!("SELECT nextval('es.{sequence}')"), false),
        (format!("SELECT setval('es.{sequence}', 1)"), false),
        (format!("ALTER SEQUENCE es.{sequence} CACHE 10"), false),
        (format!("ALTER SEQUENCE es.{sequence} OWNER TO CURRENT_USER"), false),
        (format!("COMMENT ON SEQUENCE es.{sequence} IS 'mine'"), false),
        (format!("SELECT last_value FROM es.{sequence}"), true),
    ]
}

/// The privileges of a role, by table or function.
async fn rights(admin: &mut PgConnection, role: &str) -> BTreeMap<String, BTreeSet<String>> {
    let found = texts(
        admin,
        &format!(
            "SELECT a.privilege_type || ' ' || w.what
             FROM (SELECT 'schema', nspacl FROM pg_namespace WHERE nspname = 'es'
                   UNION ALL SELECT relkind::text || ' ' || relname, relacl FROM pg_class WHERE relnamespace = 'es'::regnamespace
                   UNION ALL SELECT proname::text, proacl FROM pg_proc WHERE pronamespace = 'es'::regnamespace) AS w (what, acl),
                  aclexplode(w.acl) AS a
             WHERE a.grantee = '{role}'::regrole"
        ),
    )
    .await;
    let mut rights: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for right in found {
        let (right, of) = right.split_once(' ').expect("two words");
        rights.entry(of.to_owned()).or_default().insert(right.to_owned());
    }
    rights
}

/// Every statement that changes something, on every table, sequence and function of the store, as every role.
#[tokio::test]
async fn every_role_may_do_what_it_was_granted_and_nothing_else() {
    let (database, owner) = fresh().await;
    appended(append_one(&owner, &stream("a"), 0).await);
    let mut admin = connect(database.url()).await;
    let tables = texts(
        &mut admin,
        "SELECT c.relname || ' ' || (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                                     ORDER BY a.attnum DESC LIMIT 1)
         FROM pg_class c WHERE c.relnamespace = 'es'::regnamespace AND c.relkind = 'r'",
    )
    .await;
    let functions = texts(
        &mut admin,
        "SELECT p.proname || '(' || (SELECT coalesce(string_agg('NULL::' || format_type(t.oid, NULL), ', ' ORDER BY t.at), '')
                                     FROM unnest(p.proargtypes) WITH ORDINALITY AS t (oid, at)) || ')'
         FROM pg_proc p WHERE p.pronamespace = 'es'::regnamespace AND p.prorettype <> 'trigger'::regtype",
    )
    .await;
    for kind in ["writer", "reader", "projector"] {
        let (url, role) = role(database.url()).await;
        match kind {
            "writer" => owner.grant_writer(&role).await.expect("granted"),
            "reader" => owner.grant_reader(&role).await.expect("granted"),
            _ => owner.grant_projector(&role).await.expect("granted"),
        }
        let own = format!(
            "CREATE SCHEMA mine AUTHORIZATION {role}; SET ROLE {role};
             CREATE FUNCTION mine.called() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; RESET ROLE"
        );
        sql(&mut admin, &own).await;
        let mut tried: Vec<_> = NOBODY.map(|statement| (statement.to_owned(), false)).into();
        for place in &tables {
            let (table, column) = place.split_once(' ').expect("a table and a column");
            let writes = kind == "projector" && PROJECTOR.contains(&table);
            tried.extend(on_table(table, column).into_iter().map(|(text, may)| (text, may && writes)));
            tried.push((format!("SELECT FROM es.{table} LIMIT 1"), true));
            tried.push((format!("LOCK TABLE es.{table} IN ACCESS SHARE MODE"), true));
        }
        for referred in ["streams (id)", "events (position)", "event_types (id)", "registrations (token)"] {
            tried.push((format!("CREATE TABLE mine.referring (id bigint REFERENCES es.{referred})"), false));
        }
        tried.extend(["positions", "streams_id_seq"].into_iter().flat_map(on_sequence));
        for call in &functions {
            let name = call.split('(').next().unwrap_or_default();
            // These run with the privileges of the caller.
            let may = ["watermark", "same_transaction"].contains(&name)
                || kind == "writer" && WRITER.contains(&name)
                || kind == "projector" && ["publish_tables", "end_batch"].contains(&name);
            tried.push((format!("SELECT es.{call}"), may));
        }
        let mut db = connect(&url).await;
        for (statement, may) in tried {
            assert_eq!(!is_forbidden(&mut db, &statement).await, may, "{kind}: {statement}");
        }
        // A role without the grant option only gets a warning.
        let before = texts(&mut admin, ALL_RIGHTS).await;
        for given in [
            "ALL ON ALL TABLES IN SCHEMA",
            "ALL ON ALL SEQUENCES IN SCHEMA",
            "ALL ON ALL FUNCTIONS IN SCHEMA",
            "ALL ON SCHEMA",
        ] {
            let grant = format!("GRANT {given} es TO PUBLIC; REVOKE {given} es FROM postgres CASCADE");
            let _refused = sqlx::raw_sql(AssertSqlSafe(grant)).execute(&mut db).await;
        }
        assert_eq!(texts(&mut admin, ALL_RIGHTS).await, before, "{kind}");
        // The same according to the server's catalogs, including kinds of privileges of later versions.
        for (of, rights) in rights(&mut admin, &role).await {
            let (rights, expected): (Vec<_>, &[&str]) = match of.rsplit_once(' ') {
                Some((_, table)) if kind == "projector" && PROJECTOR.contains(&table) => {
                    (rights.into_iter().collect(), &["DELETE", "INSERT", "SELECT", "UPDATE"])
                }
                Some(_) => (rights.into_iter().collect(), &["SELECT"]),
                None if of == "schema" => (rights.into_iter().collect(), &["USAGE"]),
                None => (rights.into_iter().collect(), &["EXECUTE"]),
            };
            assert_eq!(rights, expected, "{kind}: {of}");
        }
        drop(db);
        drop_role(database.url(), &role).await;
    }
    assert_eq!(number(&mut admin, "SELECT count(*) FROM es.events").await, 1);
}

const ALL_RIGHTS: &str = "
    SELECT w.acl::text FROM (SELECT nspname, nspacl FROM pg_namespace WHERE nspname = 'es'
        UNION ALL SELECT relname, relacl FROM pg_class WHERE relnamespace = 'es'::regnamespace
        UNION ALL SELECT oid::regprocedure::name, proacl FROM pg_proc WHERE pronamespace = 'es'::regnamespace) AS w (name, acl)
    WHERE w.acl IS NOT NULL ORDER BY w.name";

/// As docs/operations.md proposes: privileges are granted to roles without login, and programs are members.
#[tokio::test]
async fn programs_have_their_privileges_as_members_of_a_role() {
    let (database, owner) = fresh().await;
    let mut admin = connect(database.url()).await;
    let group = format!("es_writer_{}", uuid::Uuid::now_v7().simple());
    sql(&mut admin, &format!("CREATE ROLE {group} NOLOGIN; SELECT es.grant_writer('{group}')")).await;
    let (first, app) = role(database.url()).await;
    let (second, another) = role(database.url()).await;
    let refused = PostgresStore::connect(&first).await.expect_err("no member yet");
    assert!(matches!(refused, ConnectError::NotGranted { .. }), "{refused:?}");
    sql(&mut admin, &format!("GRANT {group} TO {app}, {another}")).await;
    for (nth, url) in (0..).zip([&first, &second]) {
        let store = PostgresStore::migrate(url).await.expect("nothing to do");
        appended(append_one(&store, &stream("a"), nth).await);
        assert_eq!(
            store.list_streams(ListQuery::category("account").limit(9)).await.expect("a page").len(),
            1
        );
        store.close().await;
    }
    assert_eq!(ids(&owner, &stream("a")).await.len(), 2);
    sql(&mut admin, &format!("REVOKE {group} FROM {app}")).await;
    let refused = PostgresStore::connect(&first).await.expect_err("no member any more");
    assert!(matches!(refused, ConnectError::NotGranted { .. }), "{refused:?}");
    PostgresStore::connect(&url_of(database.url(), &another)).await.expect("a member").close().await;
    for role in [&app, &another, &group] {
        drop_role(database.url(), role).await;
    }
}

#[tokio::test]
async fn privileges_are_not_granted_to_public_or_to_a_missing_role() {
    let (database, owner) = fresh().await;
    let mut admin = connect(database.url()).await;
    for role in ["public", "no_such_role", ""] {
        for refused in [
            owner.grant_reader(role).await,
            owner.grant_writer(role).await,
            owner.grant_projector(role).await,
        ] {
            let error = refused.expect_err(role);
            assert!(matches!(error, StoreError::Backend { retryable: false, .. }), "{error:?}");
        }
    }
    let everybody = "SELECT count(*) FROM pg_class c, aclexplode(c.relacl) AS a
                     WHERE c.relnamespace = 'es'::regnamespace AND a.grantee = 0";
    assert_eq!(number(&mut admin, everybody).await, 0);
}

#[tokio::test]
async fn a_grant_that_did_nothing_is_an_error() {
    let database = es_postgres::testing::TestDatabase::empty().await.expect("a test database");
    let mut admin = connect(database.url()).await;
    let (url, owner) = role(database.url()).await;
    let (_, projector) = role(database.url()).await;
    sql(&mut admin, &format!("CREATE SCHEMA es AUTHORIZATION {owner}")).await;
    let store = PostgresStore::migrate(&url).await.expect("its own schema");
    // A role that may connect, but may not grant that.
    let name = texts(&mut admin, "SELECT quote_ident(current_database())").await.remove(0);
    sql(&mut admin, &format!("GRANT ALL ON DATABASE {name} TO {owner}")).await;
    let refused = store.grant_projector(&projector).await.expect_err("not by this role");
    assert!(matches!(refused, StoreError::Setup { .. }), "{refused:?}");
    let text = refused.to_string();
    let (_, proposed) = text.split_once("run ").expect("a statement");
    let proposed = proposed.split(" (SQLSTATE").next().unwrap_or(proposed);
    sql(&mut admin, proposed).await;
    store.grant_projector(&projector).await.expect("granted");
    store.close().await;
    for role in [&projector, &owner] {
        drop_role(database.url(), role).await;
    }
}
