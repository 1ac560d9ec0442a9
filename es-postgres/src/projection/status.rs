//! How far a projection has come.

use std::time::Duration;

use es_core::{OffsetDateTime, Position, Projection};
use sqlx::{PgConnection, Row};

use super::error::ProjectorError;
use super::setup::INLINE;
use super::target::Target;
use crate::connect::call::rows;
use crate::connect::columns::projection_status;
use crate::connect::failure::unexpected;

/// How far a projection has come, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ProjectionStatus {
    /// Its name.
    pub projection: &'static str,
    /// The revision that this is about.
    pub rev: u32,
    /// The revision that readers see.
    pub live: Option<u32>,
    /// The position of the last event in the store.
    pub head: Position,
    /// How many dead letters there are.
    pub dead_letters: u64,
    /// Each part.
    pub parts: Vec<PartStatus>,
}

/// How far a part of a projection has come.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PartStatus {
    /// Which one, counted from 0.
    pub part: u32,
    /// Of how many; 0 if it is inline.
    pub of: u32,
    /// The last event that it has passed.
    pub position: Position,
    /// How many positions lie before it; events of other projections, and holes, are among them.
    pub lag_events: u64,
    /// How old the first event is that it has not passed; zero at the end.
    pub lag: Duration,
    /// How many events it has taken in all.
    pub projected: u64,
    /// How many events a second, of late.
    pub per_second: f64,
    /// Who moved it last.
    pub owner: Option<String>,
    /// When it was moved last.
    pub updated_at: OffsetDateTime,
    /// Why it does not go on.
    pub error: Option<String>,
    /// Since when it does not.
    pub failed_at: Option<OffsetDateTime>,
}

impl ProjectionStatus {
    /// The position of the part that is furthest behind.
    #[must_use]
    pub fn position(&self) -> Position {
        self.parts.iter().map(|part| part.position).min().unwrap_or_default()
    }

    /// How many positions lie before that part.
    #[must_use]
    pub fn lag_events(&self) -> u64 {
        self.parts.iter().map(|part| part.lag_events).max().unwrap_or_default()
    }

    /// How old the first event is that some part has not passed.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.parts.iter().map(|part| part.lag).max().unwrap_or_default()
    }

    /// Why it does not go on, of the first part that does not.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.parts.iter().find_map(|part| part.error.as_deref())
    }
}

impl<P: Projection<Model = PgConnection>> Target<P> {
    pub(super) async fn status(&self) -> Result<ProjectionStatus, ProjectorError> {
        let call = self.statements().projection_status.call().bind(P::NAME).bind(self.rev());
        let mut status: Option<ProjectionStatus> = None;
        for row in rows(self.store.pool(), call).await? {
            let get = Got(&row);
            let head = get.number(projection_status::HEAD)?;
            let of = get.int(projection_status::PARTS)?.unwrap_or_default();
            // Of an inline one no checkpoint is kept, as it is always at the end.
            let position = if of == INLINE { head } else { get.number(projection_status::POSITION)? };
            let seconds = if of == INLINE { 0.0 } else { get.value(projection_status::SECONDS)? };
            let part = PartStatus {
                part: get.int(projection_status::PART)?.unwrap_or_default(),
                of,
                position: Position::new(position),
                lag_events: head.saturating_sub(position),
                lag: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
                projected: get.number(projection_status::PROJECTED)?,
                per_second: get.value(projection_status::PER_SECOND)?,
                owner: get.value(projection_status::OWNER)?,
                updated_at: get.value(projection_status::UPDATED_AT)?,
                error: get.value(projection_status::ERROR)?,
                failed_at: get.value(projection_status::FAILED_AT)?,
            };
            let whole = ProjectionStatus {
                projection: P::NAME,
                rev: P::REV,
                live: get.int(projection_status::LIVE)?,
                head: Position::new(head),
                dead_letters: get.number(projection_status::LETTERS)?,
                parts: Vec::new(),
            };
            status.get_or_insert(whole).parts.push(part);
        }
        status.ok_or_else(|| self.not_set_up())
    }
}

/// A row of the status.
struct Got<'r>(&'r sqlx::postgres::PgRow);

impl Got<'_> {
    fn value<'r, T>(&'r self, column: usize) -> Result<T, es_core::StoreError>
    where
        T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        self.0.try_get(column).map_err(unexpected)
    }

    fn number(&self, column: usize) -> Result<u64, es_core::StoreError> {
        Ok(self.value::<i64>(column)?.unsigned_abs())
    }

    fn int(&self, column: usize) -> Result<Option<u32>, es_core::StoreError> {
        Ok(self.value::<Option<i32>>(column)?.map(i32::unsigned_abs))
    }
}
