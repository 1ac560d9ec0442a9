//! The reminders by SQL over the events, and those that there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use es_core::stream::Position;
use sqlx::{Connection, PgConnection, SqlSafeStr};

use crate::read_models::{FiguresError, Model, event_log, query};

/// Where the events are read by SQL.
#[derive(Debug, Clone)]
pub enum EventLog {
    /// A file.
    File(PathBuf),
    /// The URL of a database of PostgreSQL.
    Database(String),
}

/// What the events say about reminders, and which there are: each by its application and its time, in
/// microseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// By the rule.
    pub by_rule: BTreeSet<(String, i64)>,
    /// How many of them are of silences that last until the end of the log.
    pub silent_at_the_end: u64,
    /// Those that there are.
    pub raised: BTreeSet<(String, i64)>,
    /// How many events of reminders there are: more than `raised` if one was raised twice.
    pub events: u64,
}

impl EventLog {
    /// A file.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self::File(path.to_owned())
    }

    /// Reads both at one moment: the rule over the events up to a position, and all reminders.
    ///
    /// # Errors
    ///
    /// [`FiguresError::Database`].
    pub async fn expected(&self, upto: Position) -> Result<Expected, FiguresError> {
        match self {
            Self::File(path) => Expected::read(&mut event_log(path).await?, upto).await,
            Self::Database(url) => Expected::read(&mut PgConnection::connect(url).await?, upto).await,
        }
    }
}

impl Expected {
    async fn read<Db: Model>(db: &mut Db, upto: Position) -> Result<Self, FiguresError> {
        let upto = i64::try_from(upto.get()).unwrap_or(i64::MAX);
        let mut moment = db.begin_with(Db::ONE_MOMENT.into_sql_str()).await?;
        let by_rule: Vec<(String, i64, i64)> = moment.rows(query!("reminders_recount").upto(upto)).await?;
        let raised: Vec<(String, i64)> = moment.rows(query!("reminders_read")).await?;
        moment.rollback().await?;
        Ok(Self {
            silent_at_the_end: by_rule.iter().filter(|(.., at_the_end)| *at_the_end == 1).count() as u64,
            by_rule: by_rule.into_iter().map(|(key, at, _)| (key, at)).collect(),
            events: raised.len() as u64,
            raised: raised.into_iter().collect(),
        })
    }

    /// Whether each reminder of the rule was raised, once, and no other.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.by_rule == self.raised && self.events == self.raised.len() as u64
    }

    /// How many applications have reminders.
    #[must_use]
    pub fn applications(&self) -> u64 {
        self.raised.iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len() as u64
    }
}
