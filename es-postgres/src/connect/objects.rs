//! The functions, unique indexes and triggers of the schema, each with the statement from the migrations that
//! creates it. Without them appends fail, or, worse, succeed wrongly.

use std::sync::LazyLock;

use crate::connect::error::ConnectError;
use crate::connect::migrations;
use crate::connect::statements::in_schema;

/// A function, unique index or trigger.
#[derive(Debug)]
struct Object {
    kind: &'static str,
    /// Empty for a function.
    table: &'static str,
    name: &'static str,
    statement: String,
}

/// In the order in which they can be created.
static ALL: LazyLock<Vec<Object>> = LazyLock::new(|| {
    let mut all = Vec::new();
    let texts = || migrations::texts().flat_map(statements);
    for (name, text) in texts().filter_map(|text| Some((function(text)?, text))) {
        // The last definition counts.
        all.retain(|object: &Object| object.name != name);
        let mut statement = text.to_owned();
        if !FOR_ALL.contains(&name) {
            statement = format!("{statement}; REVOKE ALL ON FUNCTION :schema.{name} FROM PUBLIC");
        }
        all.push(Object { kind: "function", table: "", name, statement });
    }
    for (table, name, columns) in CONSTRAINTS {
        let statement = format!("ALTER TABLE :schema.{table} ADD CONSTRAINT {name} {columns}");
        all.push(Object { kind: "index", table, name, statement });
    }
    for text in texts() {
        if let Some((name, table)) = named("CREATE UNIQUE INDEX ", text) {
            // An invalid index of an interrupted CREATE may be there.
            let statement = format!("DROP INDEX IF EXISTS :schema.{name}; {text}");
            all.push(Object { kind: "index", table, name, statement });
        }
        if let Some((name, table)) = named("CREATE TRIGGER ", text) {
            let always = if OF_WRITERS.contains(&name) { "" } else { " ALWAYS" };
            let statement = format!("{text}; ALTER TABLE :schema.{table} ENABLE{always} TRIGGER {name}");
            all.retain(|object: &Object| (object.table, object.name) != (table, name));
            all.push(Object { kind: "trigger", table, name, statement });
        }
    }
    all
});

/// Functions that every role may call: they return and change nothing that the role may not see or change.
const FOR_ALL: [&str; 3] = ["watermark", "same_transaction", "end_batch"];

/// Triggers that do part of a writer's work, and do not fire while rows are replicated.
const OF_WRITERS: [&str; 2] = ["registered", "refuse_decided"];

/// The unique constraints in the definitions of tables.
const CONSTRAINTS: [(&str, &str, &str); 16] = [
    ("migrations", "migrations_pkey", "PRIMARY KEY (id)"),
    ("categories", "categories_pkey", "PRIMARY KEY (name)"),
    ("event_types", "event_types_pkey", "PRIMARY KEY (id)"),
    ("event_types", "event_types_name_version_key", "UNIQUE (name, version)"),
    ("streams", "streams_pkey", "PRIMARY KEY (id)"),
    ("streams", "streams_category_key_key", "UNIQUE (category, key)"),
    ("events", "events_pkey", "PRIMARY KEY (stream, revision)"),
    ("snapshots", "snapshots_pkey", "PRIMARY KEY (stream, fingerprint)"),
    ("commands", "commands_pkey", "PRIMARY KEY (stream, command_id)"),
    ("checkpoints", "checkpoints_pkey", "PRIMARY KEY (projection, build, partition)"),
    ("dead_letters", "dead_letters_pkey", "PRIMARY KEY (projection, build, position)"),
    ("dead_letters", "dead_letters_stream_key", "UNIQUE (projection, build, stream, revision)"),
    ("projections", "projections_pkey", "PRIMARY KEY (name)"),
    ("decisions", "decisions_pkey", "PRIMARY KEY (command_id, category, key)"),
    ("registrations", "registrations_pkey", "PRIMARY KEY (id)"),
    ("registrations", "registrations_token_key", "UNIQUE (token)"),
];

/// The kinds, tables and names of all objects, for the server to look up.
pub(crate) fn all() -> [Vec<&'static str>; 3] {
    let parts: [fn(&Object) -> &'static str; 3] =
        [|object| object.kind, |object| object.table, |object| object.name];
    parts.map(|part| ALL.iter().map(part).collect())
}

/// Fails if objects are missing, given by their 1-based numbers among all.
pub(crate) fn check(schema: &str, missing: &[i64]) -> Result<(), ConnectError> {
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.iter().filter_map(|number| ALL.get(usize::try_from(number - 1).ok()?));
    let (mut names, mut statements) = (Vec::new(), vec!["BEGIN", "SET LOCAL check_function_bodies = off"]);
    for Object { kind, table, name, statement } in missing {
        names.push(match *kind {
            "function" => format!("function {name}"),
            kind => format!("{kind} {name} on {table}"),
        });
        statements.push(statement);
    }
    statements.push("COMMIT");
    let statements = in_schema(&statements.join("; "), schema);
    Err(ConnectError::ObjectsMissing { schema: schema.to_owned(), missing: names, statements })
}

/// The CREATE statements of a migration, each without its terminator.
fn statements(text: &'static str) -> impl Iterator<Item = &'static str> {
    let starts = text.match_indices("CREATE ").map(|(at, _)| at);
    starts.filter(move |at| *at == 0 || text[..*at].ends_with('\n')).filter_map(move |at| {
        let text = &text[at..];
        let end = if function(text).is_some() { "$$;" } else { ";" };
        let length = text.find(end)? + end.len() - 1;
        Some(&text[..length])
    })
}

/// The name of the function that a statement creates.
fn function(text: &'static str) -> Option<&'static str> {
    let text = text.strip_prefix("CREATE ")?;
    let text = text.strip_prefix("OR REPLACE ").unwrap_or(text).strip_prefix("FUNCTION :schema.")?;
    Some(text.split_once('(')?.0)
}

/// The name of the object that a statement creates on a table, and the name of that table.
fn named(makes: &str, text: &'static str) -> Option<(&'static str, &'static str)> {
    let text = text.strip_prefix(makes)?;
    let (_, table) = text.split_once(" ON :schema.")?;
    Some((text.split_once(' ')?.0, table.split([' ', '\n']).next()?))
}
