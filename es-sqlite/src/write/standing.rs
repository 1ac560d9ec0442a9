//! The current state of streams, as of the transaction that is about to write to them.

use std::collections::HashMap;

use es_core::store::CommandOutcome;
use es_core::{Revision, StreamId};
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};
use uuid::Uuid;

use super::known::Known;
use super::part::Command;
use crate::error::Failure;
use crate::read::row::outcome;
use crate::sql;

/// Identifies a stream: by the number of its category, or by the name of a category that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    category: Result<i64, String>,
    key: String,
}

impl Key {
    pub(crate) fn new(known: &Known, stream: &StreamId) -> Self {
        let name = stream.category();
        let category = known.categories.get(name).copied().ok_or_else(|| name.to_owned());
        Self { category, key: stream.key().to_owned() }
    }

    /// The number of its category, if that exists.
    pub(crate) fn category(&self) -> Option<i64> {
        self.category.as_ref().ok().copied()
    }

    /// Whether its category exists.
    pub(crate) const fn has_category(&self) -> bool {
        self.category.is_ok()
    }
}

/// The state of one stream.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Its number, if it exists.
    pub(crate) stream: Option<i64>,
    pub(crate) revision: Revision,
    pub(crate) head: Option<Uuid>,
    pub(crate) closed: bool,
    /// The outcomes of the commands that were asked for.
    pub(crate) commands: HashMap<Uuid, CommandOutcome>,
}

/// The state of the streams of a transaction, updated with what it writes.
#[derive(Debug, Default)]
pub(crate) struct Standings(HashMap<Key, Standing>);

impl Standings {
    /// Of one stream.
    pub(crate) fn one(key: Key, standing: Standing) -> Self {
        Self(HashMap::from([(key, standing)]))
    }

    pub(crate) fn of(&mut self, key: Key) -> &mut Standing {
        self.0.entry(key).or_default()
    }
}

/// Streams to look up, each with an optional command.
#[derive(Debug, Default)]
pub(crate) struct Question {
    keys: Vec<Key>,
    items: Vec<serde_json::Value>,
}

impl Question {
    /// Adds a stream, unless its category does not exist.
    pub(crate) fn ask(&mut self, known: &Known, stream: &StreamId, command: Option<&Command>) {
        let key = Key::new(known, stream);
        if let Ok(category) = key.category {
            let command = command.map(|command| command.key.id.simple().to_string());
            self.items.push(json!([category, stream.key(), command]));
            self.keys.push(key);
        }
    }

    /// The argument of the SQL statement.
    pub(crate) fn argument(&self) -> String {
        serde_json::Value::Array(self.items.clone()).to_string()
    }

    /// Executes the query by itself.
    pub(crate) async fn fetch(&self, connection: &mut SqliteConnection) -> Result<Standings, Failure> {
        let rows = sqlx::query(sql::STANDINGS).bind(self.argument()).fetch_all(connection).await?;
        self.answer(&rows)
    }

    /// Reads the result.
    pub(crate) fn answer(&self, rows: &[SqliteRow]) -> Result<Standings, Failure> {
        let mut standings = Standings::default();
        for row in rows {
            let item = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
            let key = self.keys.get(item).ok_or_else(|| Failure::damaged("an answer without a question"))?;
            let revision: Option<i64> = row.try_get(3)?;
            let standing = standings.of(key.clone());
            standing.stream = row.try_get(1)?;
            standing.closed = row.try_get(2)?;
            standing.revision = Revision::new(revision.unwrap_or_default().cast_unsigned());
            standing.head = row.try_get(4)?;
            if let Some(outcome) = outcome(row, [5, 6, 7, 8, 9])? {
                let command = self.command(item)?;
                standing.commands.insert(command, outcome);
            }
        }
        Ok(standings)
    }

    /// The id of the command of an item.
    fn command(&self, item: usize) -> Result<Uuid, Failure> {
        let id = self.items.get(item).and_then(|item| item.get(2)?.as_str()?.parse().ok());
        id.ok_or_else(|| Failure::damaged("an outcome without a command"))
    }
}
