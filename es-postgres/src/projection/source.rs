//! Where the events of a read model are stored, and the statements that depend on it.

use es_core::StoreError;
use es_core::projection::{Parked, Projection, ProjectorError};
use es_core::store::Checkpoint;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::error::PostgresTargetError;
use super::target::{EventLocation, PostgresTarget};
use super::values::{kept, position};
use crate::connect::call::rows;
use crate::connect::columns::{ONLY, have};
use crate::connect::failure::unexpected;
use crate::connect::statements::Statement;
use crate::read::row::Columns;

/// Where the events of a build are stored, according to its checkpoints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub(super) place: EventLocation,
    /// The id of the first event in another store, if it had events when the build was set up.
    pub(super) first: Option<Uuid>,
}

/// Reads the source of a build from a row of its checkpoints.
pub(super) fn source(row: &PgRow) -> Result<Source, StoreError> {
    let row = Columns(row);
    Ok(Source { place: row.boolean(have::ELSEWHERE)?.into(), first: row.uuid(have::FIRST_EVENT_ID)? })
}

/// The statements for dead letters.
pub(super) struct LetterStatements<'s> {
    pub(super) list: &'s Statement,
    pub(super) list_of: &'s Statement,
    pub(super) count: &'s Statement,
    pub(super) streams: &'s Statement,
}

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    pub(super) fn letter_statements(&self) -> LetterStatements<'_> {
        let all = self.statements();
        match self.place() {
            EventLocation::SameDatabase => LetterStatements {
                list: &all.letter_list,
                list_of: &all.letter_list_of,
                count: &all.letter_count,
                streams: &all.letter_streams,
            },
            EventLocation::Elsewhere => LetterStatements {
                list: &all.letter_list_elsewhere,
                list_of: &all.letter_list_of_elsewhere,
                count: &all.letter_count_elsewhere,
                streams: &all.letter_streams_elsewhere,
            },
        }
    }

    pub(super) fn status_statement(&self) -> &Statement {
        match self.place() {
            EventLocation::SameDatabase => &self.statements().projection_status,
            EventLocation::Elsewhere => &self.statements().projection_status_elsewhere,
        }
    }

    /// The event at a checkpoint, if it must be in the same database.
    pub(super) fn event_here(&self, checkpoint: Checkpoint) -> Option<Uuid> {
        let event = checkpoint.event().map(|(_, id)| id);
        event.filter(|_| self.place() == EventLocation::SameDatabase)
    }

    pub(super) fn park_letter<'q>(&self, letter: &Parked<'q>) -> Query<'q, Postgres, PgArguments> {
        let (place, all) = (letter.place, self.statements());
        let statement = match self.place() {
            EventLocation::SameDatabase => &all.letter_park,
            EventLocation::Elsewhere => &all.letter_park_elsewhere,
        };
        let call = statement.call().bind(P::NAME).bind(self.build()).bind(place.position.get().cast_signed());
        let call = call.bind(i32::try_from(letter.attempts).unwrap_or(i32::MAX));
        let call = match self.place() {
            EventLocation::SameDatabase => call,
            EventLocation::Elsewhere => call
                .bind(place.stream.category())
                .bind(place.stream.key())
                .bind(place.revision.get().cast_signed())
                .bind(letter.event)
                .bind(place.event_id),
        };
        call.bind(kept(letter.reason))
    }

    /// The source of a new build.
    pub(super) fn new_source(&self, first: Checkpoint) -> Source {
        let elsewhere = first.event().filter(|_| self.place() == EventLocation::Elsewhere);
        Source { place: self.place(), first: elsewhere.map(|(_, id)| id) }
    }

    /// Fails if the events of the source should be in this database, and its first one is not: the fence of
    /// each batch would stay closed forever.
    pub(super) async fn has_events_of(&self, first: Checkpoint) -> Result<(), ProjectorError> {
        let Some(event) = self.event_here(first) else { return Ok(()) };
        let call = self.statements().has_event.call().bind(position(first)).bind(event);
        let found = rows(self.store.pool(), call).await?;
        match found.first().map(|row| row.try_get(ONLY)).transpose().map_err(unexpected)? {
            Some(true) => Ok(()),
            _ => {
                let (projection, build) = (P::NAME, P::BUILD);
                Err(PostgresTargetError::EventsElsewhere { projection, build, first: event }.into())
            }
        }
    }

    /// Fails if a build is made from the events of another store.
    pub(super) fn same_source(&self, found: Source, asked: Source) -> Result<(), ProjectorError> {
        let one_is_unknown = found.first.is_none() || asked.first.is_none();
        if found.place == asked.place && (one_is_unknown || found.first == asked.first) {
            return Ok(());
        }
        let describe = |source: Source| match source {
            Source { place: EventLocation::SameDatabase, .. } => "the events in the same database".to_owned(),
            Source { first: None, .. } => "events in another store".to_owned(),
            Source { first: Some(id), .. } => format!("events in another store, the first of which is {id}"),
        };
        let (found, asked) = (describe(found), describe(asked));
        Err(PostgresTargetError::ForeignSource { projection: P::NAME, build: P::BUILD, found, asked }.into())
    }
}
