//! What is checked on every new connection, because the guarantees of the store depend on it.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use time::OffsetDateTime;

use crate::connect::columns::{backend, check};
use crate::connect::error::ConnectError;
use crate::connect::failure::{Failure, Opening};
use crate::connect::migrations::NEWEST;
use crate::connect::objects;
use crate::connect::settings::Settings;
use crate::connect::statements::Statements;

/// The oldest supported server version.
const OLDEST_SERVER: u32 = 14;

/// The server process of a connection, to check later whether it still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backend {
    pub(crate) pid: i32,
    pub(crate) started: Option<OffsetDateTime>,
}

/// The settings of the sequence of positions.
#[derive(Debug, Clone, Copy)]
struct Sequence {
    cache: i64,
    increment: i64,
    cycle: bool,
    drawn: i64,
    last: i64,
}

/// The properties of a session and its database.
#[derive(Debug)]
struct SessionState<'r> {
    migration: i32,
    synchronous_commit: &'r str,
    isolation: &'r str,
    encoding: &'r str,
    standby: bool,
    read_only: bool,
    positions: Sequence,
    /// The last stream id that was drawn, unless the role may not read it, and the last one that is stored.
    streams: (Option<i64>, i64),
    weak_triggers: Option<&'r str>,
    missing: Vec<i64>,
    backend: Backend,
}

pub(crate) async fn run(
    connection: &mut PgConnection,
    statements: &Statements,
    settings: &Settings,
    opening: &Opening<'_>,
) -> Result<Backend, ConnectError> {
    server(connection.server_version_num())?;
    let [kinds, tables, names] = objects::all();
    let call = statements.check.call().bind(kinds).bind(tables).bind(names);
    let row = call.fetch_one(connection).await;
    let row = row.map_err(|error| Failure::from(error).opening(opening))?;
    let found = SessionState::read(&row).map_err(|error| Failure::from(error).opening(opening))?;
    found.check(settings, opening.database)?;
    Ok(found.backend)
}

impl<'r> SessionState<'r> {
    fn read(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            migration: row.try_get::<Option<i32>, _>(check::MIGRATION)?.unwrap_or(0),
            synchronous_commit: row.try_get(check::SYNCHRONOUS_COMMIT)?,
            isolation: row.try_get(check::ISOLATION)?,
            encoding: row.try_get(check::ENCODING)?,
            standby: row.try_get(check::IN_RECOVERY)?,
            read_only: row.try_get(check::READ_ONLY)?,
            positions: Sequence {
                cache: row.try_get(check::CACHE)?,
                increment: row.try_get(check::INCREMENT)?,
                cycle: row.try_get(check::CYCLE)?,
                drawn: row.try_get(check::DRAWN)?,
                last: row.try_get(check::LAST_POSITION)?,
            },
            streams: (row.try_get(check::STREAMS_DRAWN)?, row.try_get(check::LAST_STREAM)?),
            weak_triggers: row.try_get(check::WEAK_TRIGGERS)?,
            missing: row.try_get(check::MISSING)?,
            backend: Backend { pid: row.try_get(check::PID)?, started: row.try_get(check::BACKEND_START)? },
        })
    }

    fn check(&self, settings: &Settings, database: &str) -> Result<(), ConnectError> {
        let Settings { schema, read_only: reads, .. } = settings;
        if self.standby && !reads {
            return Err(ConnectError::Standby);
        }
        if self.read_only && !reads {
            return Err(ConnectError::ReadOnly);
        }
        encoding(self.encoding, database)?;
        migration(self.migration, schema)?;
        if !reads {
            durable(self.synchronous_commit)?;
        }
        committed(self.isolation)?;
        self.positions.check(schema)?;
        objects::check(schema, &self.missing)?;
        restored(schema, self.streams, self.weak_triggers)
    }
}

impl Backend {
    /// The server process of a connection.
    pub(crate) async fn of(
        connection: &mut PgConnection,
        statements: &Statements,
    ) -> Result<Self, sqlx::Error> {
        let row = statements.backend.call().fetch_one(connection).await?;
        Ok(Self { pid: row.try_get(backend::PID)?, started: row.try_get(backend::BACKEND_START)? })
    }
}

/// `version` is as in `server_version_num`: 150018 is 15.18.
pub(crate) fn server(version: Option<u32>) -> Result<(), ConnectError> {
    match version {
        Some(version) if version / 10_000 < OLDEST_SERVER => {
            let found = format!("{}.{}", version / 10_000, version % 10_000);
            Err(ConnectError::ServerTooOld { found, needed: OLDEST_SERVER })
        }
        _ => Ok(()),
    }
}

/// All text in the store is UTF-8, and the server compares and cuts text in the encoding of the database.
pub(crate) fn encoding(found: &str, database: &str) -> Result<(), ConnectError> {
    match found {
        "UTF8" => Ok(()),
        _ => Err(ConnectError::Encoding { database: database.to_owned(), found: found.to_owned() }),
    }
}

fn migration(found: i32, schema: &str) -> Result<(), ConnectError> {
    let schema = || schema.to_owned();
    if found < NEWEST {
        Err(ConnectError::NotMigrated { schema: schema(), found, needed: NEWEST })
    } else if found > NEWEST {
        Err(ConnectError::SchemaTooNew { schema: schema(), found, known: NEWEST })
    } else {
        Ok(())
    }
}

/// Checks what a restore, or a switchover by logical replication, can leave behind.
fn restored(
    schema: &str,
    (drawn, last): (Option<i64>, i64),
    triggers: Option<&str>,
) -> Result<(), ConnectError> {
    let schema = schema.to_owned();
    match (drawn, triggers) {
        (Some(drawn), _) if drawn < last => Err(ConnectError::StreamIdsBehind { schema, drawn, last }),
        (_, Some(statements)) => {
            Err(ConnectError::WeakTriggers { schema, statements: statements.to_owned() })
        }
        _ => Ok(()),
    }
}

fn durable(synchronous_commit: &str) -> Result<(), ConnectError> {
    if synchronous_commit == "off" { Err(ConnectError::SynchronousCommitOff) } else { Ok(()) }
}

fn committed(isolation: &str) -> Result<(), ConnectError> {
    match isolation {
        "read committed" | "read uncommitted" => Ok(()),
        _ => Err(ConnectError::IsolationLevel { found: isolation.to_owned() }),
    }
}

impl Sequence {
    fn check(&self, schema: &str) -> Result<(), ConnectError> {
        let unsafe_setting = |setting, found: &dyn ToString, needed| {
            Err(ConnectError::UnsafeSequence {
                schema: schema.to_owned(),
                setting,
                found: found.to_string(),
                needed,
            })
        };
        if self.cache != 1 {
            unsafe_setting("CACHE", &self.cache, "CACHE 1")
        } else if self.increment != 1 {
            unsafe_setting("INCREMENT", &self.increment, "INCREMENT 1")
        } else if self.cycle {
            unsafe_setting("CYCLE", &"on", "NO CYCLE")
        } else if self.drawn < self.last {
            let (schema, drawn, last) = (schema.to_owned(), self.drawn, self.last);
            Err(ConnectError::PositionsBehind { schema, drawn, last })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_before_14_is_refused_by_its_version() {
        let refused = server(Some(130_014)).expect_err("13.14 is too old");
        assert_eq!(refused.to_string(), "the server is PostgreSQL 13.14; 14 or later is needed");
        assert!(server(Some(140_000)).is_ok());
        assert!(server(Some(180_006)).is_ok());
    }
}
