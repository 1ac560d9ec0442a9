//! Functions that run with the owner's privileges use nothing from the caller's search path.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::support::{append_one, appended, connect, drop_role, fresh, number, sql, stream, texts, writer};

/// Everything that a function of the store might find by a search path, in a schema of the writer and among
/// its temporary tables: functions and operators with the names and parameters of the system's, each of which
/// fails when it is used; types; and tables with the store's names.
const SLIPPED: &str = r"
    DO $do$
    DECLARE
        v record;
        v_made integer := 0;
        v_words text[] := (SELECT array_agg(DISTINCT w[1]) FROM pg_proc p, regexp_matches(p.prosrc, '([a-z_]+) *\(', 'g') AS w
                           WHERE p.pronamespace = 'es'::regnamespace);
    BEGIN
        CREATE FUNCTION slipped.used() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'slipped in'; END $$;
        FOR v IN SELECT unnest(ARRAY['text', 'int4', 'int8', 'uuid', 'json', 'timestamptz', 'name', 'oid', 'tid', 'bool', 'regclass',
                                     'record', 'void']) AS name
        LOOP
            EXECUTE format('CREATE DOMAIN slipped.%I AS pg_catalog.text CHECK (slipped.used())', v.name);
        END LOOP;
        FOR v IN
            SELECT p.proname AS name, oidvectortypes(p.proargtypes) AS takes, pg_get_function_result(p.oid) AS gives
            FROM pg_proc p
            WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (v_words)
        LOOP
            BEGIN
                EXECUTE format('CREATE FUNCTION slipped.%I(%s) RETURNS %s LANGUAGE plpgsql AS
                    ''BEGIN RAISE EXCEPTION ''''slipped in''''; END''', v.name, v.takes, v.gives);
                v_made := v_made + 1;
            -- With parameters of types that only the system's own functions can have.
            EXCEPTION WHEN OTHERS THEN NULL;
            END;
        END LOOP;
        FOR v IN
            SELECT o.oprname AS name, format_type(o.oprleft, NULL) AS l, format_type(o.oprright, NULL) AS r, row_number() OVER () AS nth,
                   format_type(o.oprresult, NULL) AS gives
            FROM pg_operator o
            WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b' AND o.oprname <> '=>'
              AND o.oprname IN ('=', '<>', '<', '>', '<=', '>=', '+', '-', '*', '/', '||', '~', '<@', '@>', '&&')
        LOOP
            BEGIN
                EXECUTE format('CREATE FUNCTION slipped.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS
                    ''BEGIN RAISE EXCEPTION ''''slipped in''''; END''', v.nth, v.l, v.r, v.gives);
                EXECUTE format('CREATE OPERATOR slipped.%s (FUNCTION = slipped.operator_%s, LEFTARG = %s, RIGHTARG = %s)',
                    v.name, v.nth, v.l, v.r);
                v_made := v_made + 1;
            EXCEPTION WHEN OTHERS THEN NULL;
            END;
        END LOOP;
        IF v_made < 300 THEN
            RAISE EXCEPTION 'only % made', v_made;
        END IF;
        FOR v IN SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'es'::regnamespace AND c.relkind IN ('r', 'v', 'S') LOOP
            EXECUTE format('CREATE TABLE slipped.%I (id integer); CREATE TEMPORARY TABLE %I (id integer)', v.name, v.name);
        END LOOP;
        -- And functions of the store's own names.
        FOR v IN SELECT p.proname AS name, oidvectortypes(p.proargtypes) AS takes, p.prorettype <> 'trigger'::regtype AS called
                 FROM pg_proc p WHERE p.pronamespace = 'es'::regnamespace
        LOOP
            CONTINUE WHEN NOT v.called;
            EXECUTE format('CREATE FUNCTION slipped.%I(%s) RETURNS boolean LANGUAGE plpgsql AS
                ''BEGIN RAISE EXCEPTION ''''slipped in''''; END''', v.name, v.takes);
        END LOOP;
    END $do$";

const PATH: &str = "SET search_path = slipped, pg_temp, es, pg_catalog";

/// Calls of all functions, identified by their text, for a stream with this key. `{id}` is a different id
/// each time.
const CALLS: [&str; 28] = [
    "es.register_names('{account}', '{x}', '{1}')",
    "es.register_events('{y}', '{1}', '{7}', '{f}')",
    "es.rename_category('account', '{was}')",
    "es.append_one(1, '{key}', 0, NULL, '{id}', 1, '{}', '1999-12-31', NULL, NULL, '{}', NULL, NULL, NULL, '{token}')",
    "es.append_one(1, '{key}', 1, NULL, '{id}', 1, '{}', NULL, NULL, NULL, NULL, '{command}', 'x', NULL, '{token}')",
    "es.append_one(1, '{key}', 1, NULL, '{id}', 1, '{}', NULL, NULL, NULL, NULL, '{command}', 'x', NULL, '{token}')",
    "es.append_one(1, '{key}', 7, NULL, '{id}', 1, '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{token}', '(0,1)')",
    "es.remember(1, '{key}', 2, NULL, '{decided}', 'x', NULL, false)",
    "es.remember(1, '{key}', 2, NULL, '{decided}', 'x', NULL, false)",
    "es.remember(1, '{key}', 7, NULL, '{id}', 'x', NULL, false)",
    "es.remember(1, '{key} that is not there', 0, NULL, '{id}', 'x', NULL, true)",
    "es.append_one(1, '{key}', 2, NULL, '{id}', 1, '{}', NULL, NULL, NULL, NULL, '{other}', 'x', NULL, '{token}')",
    "es.append(1, '{key}', 3, NULL, '{{id}}', '{1}', '{1}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{id}', 'x', NULL, '{token}')",
    "es.append(1, '{key}', 9, NULL, '{{id}}', '{1}', '{1}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{id}', 'x', NULL, '{token}')",
    "es.append(1, '{key} b', 0, NULL, '{{id}}', '{1}', '{1}', '{2000-01-01}', '{}', '{}', '{}', NULL, NULL, NULL, '{token}')",
    "es.append_many(1, '{key} e', 0, NULL, '{{id},{id}}', '{1,1}', '{1,1}', '{2000-01-01}', '{NULL}', '{NULL}', '{NULL}', NULL, NULL, NULL, '{token}')",
    "es.append_many(1, '{key} e', 2, NULL, '{{id}}', '{1}', '{1}', '{NULL}', '{}', '{}', '{}', '{id}', 'x', NULL, '{token}')",
    "es.append_many(1, '{key} e', 9, NULL, '{{id}}', '{1}', '{1}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{id}', 'x', NULL, '{token}')",
    "es.append_all('{1,1}', '{{key},{key} c}', '{4,0}', '{NULL,NULL}', '{1,1}', '{{id},NULL}', '{x,NULL}', '{}', '{{id},{id}}', '{1,1}',
                   '{1,1}', '{}', '{}', '{}', '{}', '{token}')",
    "es.append_all('{1}', '{{key}}', '{9}', '{NULL}', '{1}', '{}', '{}', '{}', '{{id}}', '{1}', '{1}', '{}', '{}', '{}', '{}', '{token}')",
    "es.append_batch('{1,1,1}', '{{key},{key} b,{key} d}', '{5,9,0}', '{NULL,NULL,NULL}', '{1,2,3}', '{1,2,3}', '{{id},{id},{id}}',
                     '{1,1,1}', '{1,2,3}', '{}', '{}', '{}', '{}', '{1,3}', '{0,0}', '{1,1}', '{{id},{id}}', '{x,x}', '{NULL,NULL}', '{token}')",
    "es.append_mixed('{1,1,2,2}', '{1,1,1,1}', '{{key} b,{key} c,{key} f,{key} g}', '{1,1,0,3}', '{NULL,NULL,NULL,NULL}', '{0,1,2,3}', '{2,3,4}',
                     '{{id},{id},{id}}', '{1,1,1}', '{1,2,3}', '{}', '{}', '{}', '{}', '{1,2,3}', '{0,0,0}', '{0,1,1}', '{{id},{id},{id}}',
                     '{x,x,x}', '{NULL,NULL,NULL}', '{token}')",
    "es.save_snapshot('account', '{key}', 7, 1, '{}')",
    "es.drop_snapshots(7)",
    "es.prune_commands('1999-01-01')",
    "es.close_stream('account', '{key}', 6)",
    "es.watermark()",
    "es.same_transaction(NULL)",
];

/// Executes all of these calls under the path, and returns the names of the functions.
async fn call_all(db: &mut PgConnection, calls: &[&str], key: &str) -> BTreeSet<String> {
    let (command, decided, other) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let token = "SELECT r.token::pg_catalog.varchar FROM es.registrations r ORDER BY r.id DESC LIMIT 1";
    let token = texts(db, token).await.pop().unwrap_or_default();
    let mut called = BTreeSet::new();
    for call in calls {
        let mut text = call
            .replace("{command}", &command.to_string())
            .replace("{decided}", &decided.to_string())
            .replace("{other}", &other.to_string())
            .replace("{token}", &token)
            .replace("{key}", key);
        while text.contains("{id}") {
            text = text.replacen("{id}", &Uuid::now_v7().to_string(), 1);
        }
        sql(db, &format!("SELECT {text}")).await;
        called.extend(call.split(['.', '(']).nth(1).map(str::to_owned));
    }
    called
}

#[tokio::test]
async fn the_functions_use_no_object_of_the_caller() {
    let (database, owner) = fresh().await;
    appended(append_one(&owner, &stream("a"), 0).await);
    let (url, role) = writer(database.url(), &owner).await;
    let mut admin = connect(database.url()).await;
    sql(&mut admin, &format!("CREATE SCHEMA slipped AUTHORIZATION {role}")).await;
    // One session calls the functions for the first time under this path, the other one has called them
    // before.
    let (mut first, mut again) = (connect(&url).await, connect(&url).await);
    call_all(&mut again, &CALLS, "a1").await;
    sql(&mut first, SLIPPED).await;
    sql(&mut first, PATH).await;
    sql(
        &mut again,
        "CREATE TEMPORARY TABLE streams (id integer); CREATE TEMPORARY TABLE events (id integer)",
    )
    .await;
    sql(&mut again, PATH).await;
    for used in [
        "1::bigint = 1",
        "1::bigint + 1",
        "'x'::text IS NULL",
        "octet_length('x') IS NULL",
        "ARRAY[1] <@ ARRAY[1]",
    ] {
        let error = sqlx::raw_sql(AssertSqlSafe(format!("SELECT {used}"))).execute(&mut first).await;
        assert!(error.expect_err(used).to_string().contains("slipped in"), "{used}");
    }
    let mut called = call_all(&mut first, &CALLS, "a2").await;
    call_all(&mut again, &CALLS, "a3").await;

    // Functions that run as their caller, called by the owner.
    sql(&mut admin, "CREATE SCHEMA es_x_1; CREATE TABLE es_x_1.y (id integer); CREATE SCHEMA es_x").await;
    sql(&mut admin, PATH).await;
    let names = [
        &*format!("es.grant_reader('{role}')"),
        &format!("es.grant_writer('{role}')"),
        &format!("es.grant_projector('{role}')"),
    ];
    called.extend(call_all(&mut admin, &names, "").await);
    let by_the_owner = [
        "es.publish_tables('es_x_1', 'es_x')",
        "es.end_batch(NULL, 'x', 1, 1, 1, NULL, 1)",
        "es.is_absent(1, 'not there')",
        "es.refusal(1, 'a2', 0, NULL, NULL)",
        "es.check_names('{a}', '{b}')",
        "es.check_registration(1, 1, NULL, '{token}')",
        "es.import_names('{account}', '{account}', '{y}', '{1}', '{7}')",
        "es.import_events('{1000000}', '{account}', '{copied}', '{1}', '{y}', '{1}', '{{id}}', '{2000-01-01}', '{NULL}', '{NULL}', '{NULL}',
                          '{1}', '{NULL}')",
        "es.import_commands('{account}', '{copied}', '{{id}}', '{1}', '{1}', '{f}', '{NULL}', '{2000-01-01}', '{x}')",
        "es.import_closed('{account}', '{copied}')",
    ];
    called.extend(call_all(&mut admin, &by_the_owner, "").await);
    sql(&mut admin, "RESET search_path").await;
    let all = "SELECT DISTINCT p.proname::text FROM pg_proc p
               WHERE p.pronamespace = 'es'::regnamespace AND p.prorettype <> 'trigger'::regtype";
    assert_eq!(called, texts(&mut admin, all).await.into_iter().collect());
    // All had the same results.
    let events = |key| {
        format!(
            "SELECT count(*) FROM es.events e JOIN es.streams s ON s.id = e.stream WHERE s.key LIKE '{key}%'"
        )
    };
    for key in ["a1", "a2", "a3"] {
        assert_eq!(number(&mut admin, &events(key)).await, 13, "{key}");
    }
    drop((first, again));
    drop_role(database.url(), &role).await;
}

/// A function has only `pg_catalog` in its path, or its statements do not depend on any path.
#[tokio::test]
async fn functions_use_only_qualified_names() {
    let (database, _) = fresh().await;
    let mut admin = connect(database.url()).await;
    let found = texts(
        &mut admin,
        "SELECT p.proname::text FROM pg_proc p
         WHERE p.pronamespace = 'es'::regnamespace
           AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false) ORDER BY 1",
    )
    .await;
    // On the path of every append; or a trigger without statements.
    assert_eq!(found, ["append_many", "append_one", "refuse_change", "refuse_decided"]);
}
