//! Plans of the hot-path statements on many rows: indexes only, no sort, whatever the plan cache does.

use es_core::store::Append;
use es_core::{EventStore, Revision};
use es_postgres::PostgresStore;
use futures_util::future::join_all;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::support::{append_one, appended, command, connect, events, fresh, number, sql, stream};

const MANY: &str = "
    SELECT es.register_names('{account}', '{account.counted}', '{1}');
    INSERT INTO es.streams (category, key, revision, head_event_id)
    SELECT 1, 'key-' || n, CASE WHEN n = 1 THEN 10000 ELSE 10 END, gen_random_uuid() FROM generate_series(1, 19000) n;
    INSERT INTO es.events (position, stream, revision, recorded_at, event_id, type, payload)
    SELECT nextval('es.positions'), s.id, r, clock_timestamp(), gen_random_uuid(), 1, '{\"nth\": 1}'
    FROM es.streams s, generate_series(1, s.revision) r WHERE s.key LIKE 'key-%';
    INSERT INTO es.commands SELECT s.id, gen_random_uuid(), 1, 1, NULL, now(), 'x' FROM es.streams s;
    INSERT INTO es.snapshots (stream, fingerprint, revision, state) SELECT s.id, 7, 5, '{}' FROM es.streams s;
    VACUUM ANALYZE es.streams, es.events, es.commands, es.snapshots, es.categories, es.event_types";

async fn with_many_rows(url: &str) -> PgConnection {
    let mut connection = connect(url).await;
    for statement in MANY.split(';') {
        sql(&mut connection, statement).await;
    }
    connection
}

async fn plan(connection: &mut PgConnection, statement: &str, types: &str, arguments: &str) -> String {
    let statement = statement.replace(":schema", "es");
    sql(connection, &format!("PREPARE p ({types}) AS {statement}")).await;
    let mut plans = String::new();
    for mode in ["force_custom_plan", "force_generic_plan"] {
        sql(connection, &format!("SET plan_cache_mode = {mode}")).await;
        let explain = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE p ({arguments})");
        let lines: Vec<String> = sqlx::query_scalar(AssertSqlSafe(explain))
            .persistent(false)
            .fetch_all(&mut *connection)
            .await
            .expect("a plan");
        plans.push_str(&lines.join("\n"));
        plans.push('\n');
    }
    sql(connection, "DEALLOCATE p").await;
    plans
}

/// The questions of a reader on a standby before each page.
#[tokio::test]
async fn the_high_water_mark_of_a_standby_uses_the_index_of_positions() {
    let (database, _store) = fresh().await;
    let mut connection = with_many_rows(database.url()).await;
    let replayed = include_str!("../../src/sql/replayed.sql");
    let gapless = include_str!("../../src/sql/gapless.sql");
    for (statement, types, arguments) in
        [(replayed, "bigint", "0"), (gapless, "bigint, bigint", "5000, 1000")]
    {
        let plan = plan(&mut connection, statement, types, arguments).await;
        assert!(plan.contains("using events_position"), "{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("Seq Scan"), "{plan}");
        assert!(!plan.contains("rows=1001"), "{plan}");
    }
}

#[tokio::test]
async fn reads_use_indexes_and_sort_nothing() {
    let (database, _store) = fresh().await;
    let mut connection = with_many_rows(database.url()).await;
    let load = "text, text, bigint, bigint, bigint, integer, uuid";
    let load_command = format!("{load}, uuid");
    let read = "text, text, bigint, bigint, integer, uuid";
    let all = i64::MAX;
    for key in ["key-1", "key-9999"] {
        let uuid = Uuid::now_v7();
        let plans = [
            plan(
                &mut connection,
                include_str!("../../src/sql/load_command.sql"),
                &load_command,
                &format!("'account', '{key}', 0, {all}, 7, 1, '{uuid}', '{uuid}'"),
            )
            .await,
            plan(
                &mut connection,
                include_str!("../../src/sql/load.sql"),
                load,
                &format!("'account', '{key}', 4, 9, NULL, 1, NULL"),
            )
            .await,
            plan(
                &mut connection,
                include_str!("../../src/sql/read_forward.sql"),
                read,
                &format!("'account', '{key}', 1, {all}, 1, '{uuid}'"),
            )
            .await,
            plan(
                &mut connection,
                include_str!("../../src/sql/read_backward.sql"),
                read,
                &format!("'account', '{key}', 1, {all}, 1, '{uuid}'"),
            )
            .await,
            plan(
                &mut connection,
                include_str!("../../src/sql/find_appended.sql"),
                "text, text, bigint, bigint",
                &format!("'account', '{key}', 3, 4"),
            )
            .await,
            plan(
                &mut connection,
                include_str!("../../src/sql/list_streams.sql"),
                "text, text, bigint, text",
                &format!("'account', '{key}', 10, ''"),
            )
            .await,
            plan(
                &mut connection,
                include_str!("../../src/sql/list_streams.sql"),
                "text, text, bigint, text",
                "'account', '', 10, 'key-99'",
            )
            .await,
        ];
        for plan in plans {
            assert!(!plan.contains("Sort"), "{plan}");
            assert!(!plan.contains("Parallel"), "{plan}");
            for table in ["events", "streams", "snapshots", "commands"] {
                assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
            }
            assert!(plan.contains("events_pkey") || plan.contains("streams_category_key_key"), "{plan}");
        }
    }
}

#[tokio::test]
async fn streams_that_are_loaded_together_are_each_found_by_their_index() {
    let (database, _store) = fresh().await;
    let mut connection = with_many_rows(database.url()).await;
    let keys: Vec<_> = (500..1_000).map(|key| format!("key-{key}")).collect();
    let (categories, keys) = (vec!["account"; keys.len()].join(","), keys.join(","));
    for fingerprint in ["7", "NULL"] {
        let plan = plan(
            &mut connection,
            include_str!("../../src/sql/load_many.sql"),
            "text[], text[], bigint, integer, uuid",
            &format!("'{{{categories}}}', '{{{keys}}}', {fingerprint}, 1, NULL"),
        )
        .await;
        for table in ["events", "streams", "snapshots"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
        }
        assert!(plan.contains("events_pkey") && plan.contains("streams_category_key_key"), "{plan}");
    }
}

/// A page of the whole store reads a page of rows, from the middle or the end, whatever the planner
/// estimates.
#[tokio::test]
async fn a_page_of_the_whole_store_reads_no_more_than_a_page() {
    let (database, _store) = fresh().await;
    let mut connection = with_many_rows(database.url()).await;
    for after in [0, 100_000, 199_000] {
        let types = "bigint, bigint, bigint";
        let all = plan(
            &mut connection,
            include_str!("../../src/sql/read_all.sql"),
            &format!("{types}, uuid"),
            &format!("{after}, 199900, 100, NULL"),
        )
        .await;
        let some = plan(
            &mut connection,
            include_str!("../../src/sql/read_some.sql"),
            &format!("{types}, text[], text[], bigint, uuid"),
            &format!("{after}, 199900, 100, '{{account}}', '{{account.counted}}', 2000, NULL"),
        )
        .await;
        for (plan, most) in [(all, 100), (some, 2000)] {
            assert!(plan.contains("events_position"), "{plan}");
            assert!(!plan.contains("Seq Scan on events"), "{plan}");
            for line in plan.lines().filter(|line| line.contains(" on events ")) {
                let rows = line.rsplit_once("rows=").and_then(|(_, rest)| rest.split([' ', '.']).next());
                let rows: u64 = rows.and_then(|rows| rows.parse().ok()).expect("a number of rows");
                assert!(rows <= most, "{plan}");
            }
        }
    }
}

#[tokio::test]
async fn the_last_position_uses_its_index() {
    let (database, _store) = fresh().await;
    let mut connection = with_many_rows(database.url()).await;
    let plan = plan(
        &mut connection,
        include_str!("../../src/sql/check.sql"),
        "text[], text[], text[]",
        "'{}', '{}', '{}'",
    )
    .await;
    assert!(plan.contains("events_position"), "{plan}");
    assert!(!plan.contains("Seq Scan on events"), "{plan}");
}

/// The counters of the tables show what the functions do.
#[tokio::test]
async fn appends_scan_no_table() {
    let (database, _) = fresh().await;
    let store = database.options().connections(1).connect().await.expect("a store");
    // The sessions' cached plans are made while the tables are nearly empty.
    for round in 0..10 {
        append_together(&store, round).await;
    }
    let mut connection = with_many_rows(database.url()).await;
    let scanned = "SELECT sum(seq_scan)::bigint FROM pg_stat_user_tables
                   WHERE schemaname = 'es' AND relname IN ('events', 'streams', 'commands', 'snapshots', 'registrations')";
    let found = "SELECT idx_scan FROM pg_stat_user_tables WHERE schemaname = 'es' AND relname = 'streams'";
    // The scans of this session must be counted before.
    sql(&mut connection, "SELECT pg_stat_force_next_flush()").await;
    let before = (number(&mut connection, scanned).await, number(&mut connection, found).await);
    // Reading a table along an index counts as a scan as well.
    let fetched =
        "SELECT idx_tup_fetch FROM pg_stat_user_tables WHERE schemaname = 'es' AND relname = 'streams'";
    let fetched_before = number(&mut connection, fetched).await;
    let batch = events(3);
    for round in 0..20 {
        let (old, new) = (stream("key-77"), stream(&format!("new-{round}")));
        let at = Revision::new(10 + round * 4);
        appended(append_one(&store, &old, at.get()).await);
        let append = Append::new(&old, at.next(), &batch[..2]).command(Some(command(Uuid::now_v7())));
        appended(store.append(append).await.expect("an outcome"));
        let appends =
            [Append::new(&new, Revision::EMPTY, &batch), Append::new(&old, at.plus(3), &batch[..1])];
        for outcome in store.append_all(&appends).await.expect("outcomes") {
            appended(outcome);
        }
        let (beside, absent) = (stream(&format!("beside-{round}")), stream(&format!("absent-{round}")));
        let record = Some(command(Uuid::now_v7()));
        let appends = [
            Append::condition(&new, Revision::new(batch.len() as u64)).command(record),
            Append::condition(&absent, Revision::EMPTY).command(record),
            Append::new(&beside, Revision::EMPTY, &batch[..1]).command(record),
        ];
        for outcome in store.append_all(&appends).await.expect("outcomes") {
            appended(outcome);
        }
        append_together(&store, 10 + round).await;
    }
    // Counters are reported when a session ends.
    store.close().await;
    crate::support::until(&mut connection, &format!("({found}) >= {} + 60", before.1)).await;
    assert_eq!(number(&mut connection, scanned).await, before.0);
    let fetched = number(&mut connection, fetched).await - fetched_before;
    assert!(fetched < 2_000, "{fetched} rows of streams for 20 rounds of 14 streams");
}

/// Once the statistics say that a table is empty, the planner considers a scan the cheapest way to a row; and
/// the sessions of a store keep their plans until the table is analyzed again, thousands of appends later.
#[tokio::test(flavor = "multi_thread")]
async fn appends_scan_no_table_that_was_analyzed_as_empty() {
    let (database, _) = fresh().await;
    let mut connection = connect(database.url()).await;
    sql(&mut connection, "VACUUM ANALYZE es.streams, es.events, es.commands, es.registrations").await;
    let counted = |what: &str| {
        format!(
            "SELECT sum({what})::bigint FROM pg_stat_user_tables
             WHERE schemaname = 'es' AND relname IN ('streams', 'commands', 'registrations')"
        )
    };
    sql(&mut connection, "SELECT pg_stat_force_next_flush()").await;
    let before = number(&mut connection, &counted("seq_scan")).await;
    let store = database.options().connections(1).connect().await.expect("a store");
    let batch = events(3);
    // More rounds than the server makes custom plans.
    for round in 0..20 {
        let (one, many, other) = (
            stream(&format!("one-{round}")),
            stream(&format!("many-{round}")),
            stream(&format!("other-{round}")),
        );
        appended(append_one(&store, &one, 0).await);
        appended(append_one(&store, &one, 1).await);
        for append in
            [Append::new(&many, Revision::EMPTY, &batch), Append::new(&many, Revision::new(3), &batch)]
        {
            let outcome = store.append(append.command(Some(command(Uuid::now_v7())))).await;
            appended(outcome.expect("an outcome"));
        }
        let appends =
            [Append::new(&other, Revision::EMPTY, &batch), Append::new(&many, Revision::new(6), &batch[..1])];
        for outcome in store.append_all(&appends).await.expect("outcomes") {
            appended(outcome);
        }
        let absent = stream(&format!("absent-{round}"));
        let appends = [
            Append::condition(&other, Revision::new(3)).command(Some(command(Uuid::now_v7()))),
            Append::condition(&absent, Revision::EMPTY),
            Append::new(&many, Revision::new(7), &batch[..1]),
        ];
        for outcome in store.append_all(&appends).await.expect("outcomes") {
            appended(outcome);
        }
        append_together(&store, round).await;
    }
    store.close().await;
    crate::support::until(&mut connection, &format!("({}) >= 200", counted("idx_scan"))).await;
    assert_eq!(number(&mut connection, &counted("seq_scan")).await, before);
}

/// A command ledger that was analyzed as empty would be scanned by each batch as the cheapest way to a few
/// rows, and take longer the more commands there are.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_looks_up_its_own_commands_only() {
    let (database, _) = fresh().await;
    let mut connection = connect(database.url()).await;
    sql(&mut connection, "VACUUM ANALYZE es.streams, es.events, es.commands, es.decisions").await;
    let read = "SELECT coalesce(sum(idx_tup_read), 0)::bigint FROM pg_stat_user_indexes
                WHERE schemaname = 'es' AND relname = 'commands'";
    let known = "INSERT INTO es.commands SELECT s.id, gen_random_uuid(), 1, 1, NULL, now(), 'x'
                 FROM es.streams s, generate_series(1, 500)";
    let store = database.options().connections(1).connect().await.expect("a store");
    // More rounds than the server makes custom plans.
    for round in 0..20 {
        if round == 1 {
            sql(&mut connection, known).await;
        }
        let batch = events(1);
        let appends = (0..10).map(|nth| {
            let (store, batch) = (&store, &batch);
            async move {
                let stream = stream(&format!("ledger-{nth}"));
                let append = Append::new(&stream, Revision::new(round), batch);
                store.append(append.command(Some(command(Uuid::now_v7())))).await.expect("an outcome")
            }
        });
        for outcome in join_all(appends).await {
            appended(outcome);
        }
    }
    // Counters are reported when a session ends.
    store.close().await;
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    crate::support::until(&mut connection, &format!("({open}) = 0")).await;
    let read = number(&mut connection, read).await;
    assert!(read < 2_000, "{read} entries of a command ledger of 5,200 for 20 rounds of 10 commands");
}

/// Ten concurrent appends, to new streams or to those of earlier rounds: most of them wait for a lane, and
/// are batched.
async fn append_together(store: &PostgresStore, round: u64) {
    let appends = (0..10).map(|nth| async move {
        let stream = stream(&format!("together-{nth}-{}", round / 2));
        append_one(store, &stream, round % 2).await
    });
    for outcome in join_all(appends).await {
        appended(outcome);
    }
}

/// Two projections with as many dead letters each: of events in this database, and of events stored
/// elsewhere.
const LETTERS: &str = "
    INSERT INTO es.dead_letters (projection, build, stream, revision, position, attempts, reason)
    SELECT 'beside', 1, n % 1000, n / 1000 + 1, n, 0, 'x' FROM generate_series(1, 20000) n;
    INSERT INTO es.dead_letters (projection, build, revision, position, attempts, reason, category, key, event, event_id)
    SELECT 'away', 1, n / 1000 + 1, n, 0, 'x', 'account', 'key-' || n % 1000, 'account.counted', gen_random_uuid()
    FROM generate_series(1, 20000) n;
    VACUUM ANALYZE es.dead_letters";

#[tokio::test]
async fn dead_letters_are_found_by_their_stream_and_by_their_position() {
    let (database, _store) = fresh().await;
    let mut connection = with_many_rows(database.url()).await;
    for statement in LETTERS.split(';') {
        sql(&mut connection, statement).await;
    }
    let of_stream = "text, int, text, text, bigint, bigint";
    for (statement, types, arguments, index) in [
        (
            include_str!("../../src/sql/letter_list_of.sql"),
            of_stream,
            "'beside', 1, 'account', 'key-7', 0, 9",
            "stream_key",
        ),
        (
            include_str!("../../src/sql/letter_list_of_elsewhere.sql"),
            of_stream,
            "'away', 1, 'account', 'key-7', 0, 9",
            "elsewhere",
        ),
        (
            include_str!("../../src/sql/letter_count.sql"),
            "text, int, text, text",
            "'beside', 1, 'account', 'key-7'",
            "stream_key",
        ),
        (
            include_str!("../../src/sql/letter_count_elsewhere.sql"),
            "text, int, text, text",
            "'away', 1, 'account', 'key-7'",
            "elsewhere",
        ),
        (
            include_str!("../../src/sql/letter_list_elsewhere.sql"),
            "text, int, bigint, bigint",
            "'away', 1, 500, 9",
            "pkey",
        ),
        (include_str!("../../src/sql/letter_remove.sql"), "text, int, bigint", "'away', 1, 500", "pkey"),
        (
            include_str!("../../src/sql/letter_failed.sql"),
            "text, int, bigint, text",
            "'away', 1, 501, 'y'",
            "pkey",
        ),
    ] {
        let plan = plan(&mut connection, statement, types, arguments).await;
        let uses = format!("dead_letters_{index} on dead_letters");
        assert!(plan.contains(&uses) && !plan.contains("Seq Scan on dead_letters"), "{statement}{plan}");
        assert!(!plan.contains("Sort"), "{statement}{plan}");
    }
}
