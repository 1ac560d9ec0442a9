//! A role that may call the append functions can call them directly, with any arguments: they refuse what no
//! reader could read.

use std::collections::BTreeSet;

use es_core::EventStore;
use es_core::store::{AllQuery, Checkpoint, Filter, ListQuery, ListStreams, Load, ReadAll, Rest};
use es_postgres::PostgresStore;
use sqlx::AssertSqlSafe;

use crate::support::{append_one, appended, connect, drop_role, fresh, number, sql, stream, writer, wrong};

const ID: &str = "gen_random_uuid()";
const TOKEN: &str = "(SELECT token FROM es.registrations ORDER BY id DESC LIMIT 1)";
const REVISION: &str = "(SELECT revision FROM es.streams WHERE key = 'a')";
const READ: &str = "(SELECT revision FROM es.streams WHERE key = 'read')";

type Argument = (&'static str, &'static str, &'static [&'static str]);

/// Several events of one stream.
const SEVERAL: [Argument; 15] = [
    ("p_category", "integer", &["1"]),
    ("p_key", "text", &["{at}"]),
    ("p_expected", "bigint", &["{expected}"]),
    ("p_head", "uuid", &["NULL"]),
    ("p_event_ids", "uuid[]", &[ID, ID]),
    ("p_types", "integer[]", &["1", "1"]),
    ("p_payloads", "json[]", &["'{}'", "'1'"]),
    ("p_occurred", "timestamptz[]", &["now()", "now()"]),
    ("p_correlations", "uuid[]", &["NULL", "NULL"]),
    ("p_causations", "uuid[]", &["NULL", "NULL"]),
    ("p_metadata", "json[]", &["NULL", "NULL"]),
    ("p_command", "uuid", &[ID]),
    ("p_command_name", "text", &["'x'"]),
    ("p_body_hash", "bigint", &["NULL"]),
    ("p_token", "uuid", &[TOKEN]),
];

/// Every function that a writer may call, with the arguments of a valid call: names, types, and the elements
/// of arrays. `{new}` is the key of a new stream, `{at}` that or the existing one.
const FUNCTIONS: [(&str, &[Argument]); 14] = [
    (
        "append_one",
        &[
            ("p_category", "integer", &["1"]),
            ("p_key", "text", &["{at}"]),
            ("p_expected", "bigint", &["{expected}"]),
            ("p_head", "uuid", &["NULL"]),
            ("p_event_id", "uuid", &[ID]),
            ("p_type", "integer", &["1"]),
            ("p_payload", "json", &["'{}'"]),
            ("p_occurred", "timestamptz", &["now()"]),
            ("p_correlation", "uuid", &["NULL"]),
            ("p_causation", "uuid", &["NULL"]),
            ("p_metadata", "json", &["NULL"]),
            ("p_command", "uuid", &[ID]),
            ("p_command_name", "text", &["'x'"]),
            ("p_body_hash", "bigint", &["NULL"]),
            ("p_token", "uuid", &[TOKEN]),
        ],
    ),
    ("append_many", &SEVERAL),
    ("append", &SEVERAL),
    (
        "append_all",
        &[
            ("p_categories", "integer[]", &["1", "1"]),
            ("p_keys", "text[]", &["'a'", "{new}"]),
            ("p_expected", "bigint[]", &[REVISION, "0"]),
            ("p_heads", "uuid[]", &["NULL", "NULL"]),
            ("p_counts", "integer[]", &["1", "2"]),
            ("p_commands", "uuid[]", &[ID, ID]),
            ("p_command_names", "text[]", &["'x'", "'x'"]),
            ("p_body_hashes", "bigint[]", &["NULL", "NULL"]),
            ("p_event_ids", "uuid[]", &[ID, ID, ID]),
            ("p_types", "integer[]", &["1", "1", "1"]),
            ("p_payloads", "json[]", &["'{}'", "'{}'", "'{}'"]),
            ("p_occurred", "timestamptz[]", &["now()", "now()", "now()"]),
            ("p_correlations", "uuid[]", &["NULL", "NULL", "NULL"]),
            ("p_causations", "uuid[]", &["NULL", "NULL", "NULL"]),
            ("p_metadata", "json[]", &["NULL", "NULL", "NULL"]),
            ("p_token", "uuid", &[TOKEN]),
        ],
    ),
    (
        "append_batch",
        &[
            ("p_categories", "integer[]", &["1", "1"]),
            ("p_keys", "text[]", &["'a'", "{new}"]),
            ("p_expected", "bigint[]", &[REVISION, "0"]),
            ("p_heads", "uuid[]", &["NULL", "NULL"]),
            ("p_through", "integer[]", &["1", "3"]),
            ("p_appends", "integer[]", &["1", "2", "2"]),
            ("p_event_ids", "uuid[]", &[ID, ID, ID]),
            ("p_types", "integer[]", &["1", "1", "1"]),
            ("p_payloads", "json[]", &["'{}'", "'{}'", "'{}'"]),
            ("p_occurred", "timestamptz[]", &["now()", "now()", "now()"]),
            ("p_correlations", "uuid[]", &["NULL", "NULL", "NULL"]),
            ("p_causations", "uuid[]", &["NULL", "NULL", "NULL"]),
            ("p_metadata", "json[]", &["NULL", "NULL", "NULL"]),
            ("p_command_appends", "integer[]", &["1", "2"]),
            ("p_command_offsets", "integer[]", &["0", "1"]),
            ("p_command_counts", "integer[]", &["1", "1"]),
            ("p_commands", "uuid[]", &[ID, ID]),
            ("p_command_names", "text[]", &["'x'", "'x'"]),
            ("p_body_hashes", "bigint[]", &["NULL", "NULL"]),
            ("p_token", "uuid", &[TOKEN]),
        ],
    ),
    (
        "append_mixed",
        &[
            ("p_groups", "integer[]", &["0", "1", "1"]),
            ("p_categories", "integer[]", &["1", "1", "1"]),
            ("p_keys", "text[]", &["'a'", "{new}", "'read'"]),
            ("p_expected", "bigint[]", &[REVISION, "0", READ]),
            ("p_heads", "uuid[]", &["NULL", "NULL", "NULL"]),
            ("p_through", "integer[]", &["1", "3", "3"]),
            ("p_appends", "integer[]", &["1", "2", "2"]),
            ("p_event_ids", "uuid[]", &[ID, ID, ID]),
            ("p_types", "integer[]", &["1", "1", "1"]),
            ("p_payloads", "json[]", &["'{}'", "'{}'", "'{}'"]),
            ("p_occurred", "timestamptz[]", &["now()", "now()", "now()"]),
            ("p_correlations", "uuid[]", &["NULL", "NULL", "NULL"]),
            ("p_causations", "uuid[]", &["NULL", "NULL", "NULL"]),
            ("p_metadata", "json[]", &["NULL", "NULL", "NULL"]),
            ("p_command_appends", "integer[]", &["1", "2", "3"]),
            ("p_command_offsets", "integer[]", &["0", "1", "0"]),
            ("p_command_counts", "integer[]", &["1", "1", "0"]),
            ("p_commands", "uuid[]", &[ID, ID, ID]),
            ("p_command_names", "text[]", &["'x'", "'x'", "'x'"]),
            ("p_body_hashes", "bigint[]", &["NULL", "NULL", "NULL"]),
            ("p_token", "uuid", &[TOKEN]),
        ],
    ),
    (
        "remember",
        &[
            ("p_category", "integer", &["1"]),
            ("p_key", "text", &["{at}"]),
            ("p_revision", "bigint", &["{expected}"]),
            ("p_head", "uuid", &["NULL"]),
            ("p_command", "uuid", &[ID]),
            ("p_command_name", "text", &["'x'"]),
            ("p_body_hash", "bigint", &["NULL"]),
            ("p_rejected", "boolean", &["false"]),
        ],
    ),
    (
        "register_names",
        &[
            ("p_categories", "text[]", &["{new}"]),
            ("p_names", "text[]", &["{new}"]),
            ("p_versions", "integer[]", &["1"]),
        ],
    ),
    (
        "register_events",
        &[
            ("p_names", "text[]", &["{new}"]),
            ("p_versions", "integer[]", &["1"]),
            ("p_fingerprints", "bigint[]", &["7"]),
            ("p_former", "boolean[]", &["false"]),
        ],
    ),
    ("rename_category", &[("p_name", "text", &["{new}"]), ("p_was", "text[]", &["{new}"])]),
    (
        "save_snapshot",
        &[
            ("p_category", "text", &["'account'"]),
            ("p_key", "text", &["'a'"]),
            ("p_fingerprint", "bigint", &["7"]),
            ("p_revision", "bigint", &["1"]),
            ("p_state", "json", &["'{}'"]),
        ],
    ),
    (
        "close_stream",
        &[
            ("p_category", "text", &["'account'"]),
            ("p_key", "text", &["'closed'"]),
            ("p_expected", "bigint", &["1"]),
        ],
    ),
    ("drop_snapshots", &[("p_fingerprint", "bigint", &["7"])]),
    ("prune_commands", &[("p_before", "timestamptz", &["'1999-01-01'"])]),
];

/// Values that no store passes.
fn bad(kind: &str) -> &'static [&'static str] {
    match kind {
        "integer" => &["NULL", "0", "-1", "-5", "9", "2147483647"],
        "bigint" => &["NULL", "0", "-1", "9", "9223372036854775807"],
        "uuid" => &["NULL", "'00000000-0000-0000-0000-000000000000'"],
        "text" => {
            &["NULL", "''", r"E'a\x01'", r"E'\u009f'", "'other'", "repeat('x', 256)", "repeat('é', 128)"]
        }
        "json" => &["NULL", "'null'", "'[]'"],
        "boolean" => &["NULL", "true"],
        _ => &["NULL", "'infinity'", "'-infinity'", "'294276-12-31'", "'10000-01-01 00:00+00'"],
    }
}

fn array(of: &str, elements: &[&str]) -> String {
    format!("ARRAY[{}]::{of}[]", elements.join(", "))
}

/// Values to replace a valid argument, as SQL.
fn hostile(kind: &str, sound: &[&str]) -> Vec<String> {
    let Some(of) = kind.strip_suffix("[]") else {
        return bad(kind).iter().map(|bad| format!("({bad})::{kind}")).collect();
    };
    let from = |first: i32, elements: &[&str]| {
        let last = i64::from(first) + i64::try_from(elements.len()).expect("a few") - 1;
        format!("('[{first}:{last}]=' || {}::text)::{kind}", array(of, elements))
    };
    let mut values = vec![
        format!("NULL::{kind}"),
        format!("'{{}}'::{kind}"),
        array(of, &sound[1..]),
        array(of, &[sound, &sound[..1]].concat()),
        format!("ARRAY[{}]", array(of, sound)),
    ];
    values.extend([i32::MIN, -1, 0, 2].map(|first| from(first, sound)));
    for bad in bad(of) {
        for at in BTreeSet::from([0, sound.len() - 1]) {
            let mut elements = sound.to_vec();
            elements[at] = bad;
            values.push(array(of, &elements));
        }
        values.push(array(of, &[sound, &[bad]].concat()));
        // Each element is where it should be, and there is one at 0.
        values.push(from(0, &[&[*bad], sound].concat()));
    }
    values
}

/// A call with one argument replaced.
fn call(nth: usize, at: &Place, change: Option<(usize, &str)>) -> String {
    let (function, arguments) = FUNCTIONS[nth];
    let mut passed = Vec::new();
    for (nth, (name, kind, sound)) in arguments.iter().enumerate() {
        let value = match (change, kind.strip_suffix("[]")) {
            (Some((changed, value)), _) if changed == nth => value.to_owned(),
            (_, Some(of)) => array(of, sound),
            (_, None) => format!("{}::{kind}", sound[0]),
        };
        passed.push(format!("{name} => {value}"));
    }
    at.fill(&format!("SELECT es.{function}({})", passed.join(", ")))
}

/// The keys of a new stream and of the existing one.
struct Place {
    new: String,
    exists: bool,
}

impl Place {
    fn next(calls: &mut u32, exists: bool) -> Self {
        *calls += 1;
        Self { new: format!("'k{calls}'"), exists }
    }

    fn fill(&self, text: &str) -> String {
        let (at, expected) = if self.exists { ("'a'", REVISION) } else { (&*self.new, "0") };
        text.replace("{new}", &self.new).replace("{at}", at).replace("{expected}", expected)
    }
}

#[tokio::test]
async fn whatever_a_writer_writes_through_the_functions_can_be_read() {
    let (database, owner) = fresh().await;
    for key in ["a", "closed", "read"] {
        appended(append_one(&owner, &stream(key), 0).await);
    }
    let (url, role) = writer(database.url(), &owner).await;
    let (mut db, mut admin) = (connect(&url).await, connect(database.url()).await);
    let (mut calls, mut codes) = (0, BTreeSet::new());
    for (nth, exists) in (0..FUNCTIONS.len()).flat_map(|nth| [(nth, false), (nth, true)]) {
        let (function, arguments) = FUNCTIONS[nth];
        if exists && !call(nth, &Place::next(&mut calls, true), None).contains("key => 'a'") {
            continue;
        }
        sql(&mut db, &call(nth, &Place::next(&mut calls, exists), None)).await;
        assert_eq!(wrong(&mut admin).await, None, "{function}");
        for (changed, (name, kind, sound)) in arguments.iter().enumerate() {
            for value in hostile(kind, sound) {
                let call = call(nth, &Place::next(&mut calls, exists), Some((changed, &value)));
                let called = sqlx::raw_sql(AssertSqlSafe(&*call)).execute(&mut db).await;
                if let Err(error) = called {
                    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
                    codes.insert(code.unwrap_or_else(|| panic!("{call}: {error}")).into_owned());
                }
                assert_eq!(wrong(&mut admin).await, None, "{name}: {call}");
            }
        }
    }
    // An array of several dimensions; an overflow; a bad value; null; a check; a new stream twice; no token.
    let known = ["22000", "22003", "22023", "23502", "23514", "ES002", "ES010"];
    assert!(codes.iter().all(|code| known.contains(&&**code)), "{codes:?}");
    let stored = number(&mut admin, "SELECT count(*) FROM es.events").await;
    let reader = database.options().connect().await.expect("a store");
    assert_eq!(i64::try_from(read(&reader).await), Ok(stored));
    drop(db);
    drop_role(database.url(), &role).await;
}

/// With name ids of a lost history nothing is written, whatever else is passed.
#[tokio::test]
async fn nothing_is_written_without_a_token_of_this_history() {
    let (database, owner) = fresh().await;
    appended(append_one(&owner, &stream("a"), 0).await);
    let mut db = connect(database.url()).await;
    let (mut calls, mut tried) = (0, 0);
    for (nth, exists) in (0..FUNCTIONS.len()).flat_map(|nth| [(nth, false), (nth, true)]) {
        let Some(token) = FUNCTIONS[nth].1.iter().position(|(name, ..)| *name == "p_token") else { continue };
        let call = call(nth, &Place::next(&mut calls, exists), Some((token, ID)));
        // Refused by an error or by its outcome.
        let _refused = sqlx::raw_sql(AssertSqlSafe(&*call)).execute(&mut db).await;
        assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, 1, "{call}");
        tried += 1;
    }
    assert_eq!(tried, 12);
}

/// Reads all events, then each stream.
async fn read(store: &PostgresStore) -> usize {
    let (mut count, mut from, filter) = (0, Checkpoint::START, Filter::new());
    loop {
        let page = store.read_all(AllQuery::after(from, &filter), &mut |_| Ok(())).await.expect("a page");
        count += page.events;
        from = page.checkpoint;
        if page.rest == Rest::Nothing {
            break;
        }
    }
    for summary in store.list_streams(ListQuery::category("account").limit(10_000)).await.expect("streams") {
        store.load(Load::all(&summary.stream), &mut |_| Ok(())).await.expect("a stream");
    }
    count
}
