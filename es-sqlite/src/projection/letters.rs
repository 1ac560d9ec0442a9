//! Lists dead letters.

use es_core::projection::{DeadLetter, Projection, ProjectorError};
use es_core::{Position, Revision, StoreError, StreamId};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use super::batch::count;
use super::cause::failed;
use super::setup::known_all;
use super::target::SqliteTarget;
use crate::sql;

type Row = (i64, String, String, i64, String, u32, String, i64);

impl<P: Projection<Model = SqliteConnection>> SqliteTarget<P> {
    pub(super) async fn list_letters(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ProjectorError> {
        let Some(mut db) = self.open(&self.own()).await? else { return Ok(Vec::new()) };
        let call =
            sqlx::query_as::<_, Row>(sql::LETTER_LIST).bind(after.get().cast_signed()).bind(count(limit));
        known_all(call.fetch_all(&mut db).await)?.into_iter().map(letter).collect()
    }

    pub(super) async fn drop_letter(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        let mut session = self.dial().await?;
        session.begin().await?;
        let call = sqlx::query(sql::LETTER_REMOVE).bind(letter.position.get().cast_signed());
        let done = call.execute(&mut session.db).await.map_err(failed)?;
        session.commit().await.map_err(failed)?;
        Ok(done.rows_affected() > 0)
    }
}

fn letter(row: Row) -> Result<DeadLetter, ProjectorError> {
    let (position, category, key, revision, event, attempts, reason, parked_at) = row;
    let stream = StreamId::new(category, key).map_err(StoreError::from)?;
    let (revision, position) =
        (Revision::new(revision.cast_unsigned()), Position::new(position.cast_unsigned()));
    let mut letter = DeadLetter::new(stream, revision, position, time(parked_at));
    letter.event = event;
    letter.attempts = attempts;
    letter.reason = reason;
    Ok(letter)
}

/// A time that is stored as microseconds since 1970.
pub(super) fn time(micros: i64) -> OffsetDateTime {
    let nanos = i128::from(micros) * 1_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
