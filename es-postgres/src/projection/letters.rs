//! Dead letters: events that were put aside, with all that came after them in their streams.

use es_core::{
    DecodeError, EventPlace, EventStore, OffsetDateTime, Position, Projection, ProjectionFailure, RawEvent,
    Revision, StoreError, StreamId, StreamRange,
};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::batch::{Batch, COMMIT, Projected, count, kept, standstill};
use super::cause::Cause;
use super::error::ProjectorError;
use super::setup::sql;
use super::target::Target;
use super::transaction::Token;
use crate::connect::call::rows;
use crate::connect::columns::{ONLY, letter_list, letter_list_of};
use crate::read::row::{Columns, required};

/// How many are held in memory at a time when they are tried again.
const TOGETHER: usize = 100;

/// An event that a projection has not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The stream.
    pub stream: StreamId,
    /// The place in the stream.
    pub revision: Revision,
    /// The place in the store.
    pub position: Position,
    /// The name under which the event is stored; empty if it is missing.
    pub event: String,
    /// How often it was tried; 0 for one that only waits behind another.
    pub attempts: u32,
    /// Why it was not taken.
    pub reason: String,
    /// Since when it is here.
    pub parked_at: OffsetDateTime,
}

/// What became of the dead letters of a stream that were tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retried {
    /// How many are in the model now.
    pub taken: usize,
    /// How many are still dead letters: the first failed again, the others wait behind it.
    pub left: usize,
}

impl<P: Projection<Model = PgConnection>> Target<P> {
    pub(super) async fn dead_letters(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ProjectorError> {
        let call = self.statements().letter_list.call().bind(P::NAME).bind(self.rev());
        let call = call.bind(after.get().cast_signed()).bind(count(limit));
        Ok(rows(self.store.pool(), call).await?.iter().map(letter).collect::<Result<_, _>>()?)
    }

    pub(super) async fn retry(&self, stream: &StreamId) -> Result<Retried, ProjectorError> {
        let mut session = self.session().await?;
        let work = self.retry_on(&mut session.connection, stream);
        self.limited("a retry", session.backend, work).await
    }

    async fn retry_on(&self, db: &mut PgConnection, stream: &StreamId) -> Result<Retried, ProjectorError> {
        let token = Token::begin(db, &[&standstill(self), &self.lock_timeout()]).await?;
        // A batch beside this one could put a later event of the stream behind letters that are gone, for
        // ever.
        self.hold_parts(db).await?;
        sql(db, format!("SET LOCAL search_path = {}", self.search_path())).await?;
        let mut batch = Batch::within(self, db, token);
        let (mut taken, mut after) = (0, Revision::EMPTY);
        'pages: loop {
            let letters = self.letters_of(stream, after, batch.connection).await?;
            let Some((last, _)) = letters.last() else { break };
            let mut events = self.read_letters(stream, after, &letters).await?.into_iter();
            after = *last;
            for (_, position) in letters {
                let (place, event) = events.next().unzip();
                let done = match event {
                    Some(Ok(Some(event))) => batch.try_project(&event).await?,
                    // Not an event of this projection any more.
                    Some(Ok(None)) => Projected::Done,
                    Some(Err(error)) => Projected::Failed(error.into()),
                    None => Projected::Failed("the event is not in its stream".into()),
                };
                if let Projected::Failed(error) = done {
                    let cause = Cause::of(&error);
                    if let Some(place) = place.filter(|_| !matches!(cause, Cause::Event | Cause::Hidden)) {
                        batch.roll_back().await?;
                        return Err(self.stopped(ProjectionFailure::of::<P>(place, error), cause));
                    }
                    let call = self.statements().letter_failed.call().bind(P::NAME).bind(self.rev());
                    let call = call.bind(position).bind(kept(&error.to_string()));
                    call.execute(&mut *batch.connection).await?;
                    break 'pages;
                }
                let call = self.statements().letter_remove.call().bind(P::NAME).bind(self.rev());
                call.bind(position).execute(&mut *batch.connection).await?;
                taken += 1;
            }
        }
        let call = self.statements().letter_count.call().bind(P::NAME).bind(self.rev());
        let call = call.bind(stream.category()).bind(stream.key());
        let left: i64 = call.fetch_one(&mut *batch.connection).await?.try_get(ONLY)?;
        batch.commit().await?;
        Ok(Retried { taken, left: usize::try_from(left).unwrap_or_default() })
    }

    /// The next letters of a stream, by revision and position.
    async fn letters_of(
        &self,
        stream: &StreamId,
        after: Revision,
        db: &mut PgConnection,
    ) -> Result<Vec<(Revision, i64)>, ProjectorError> {
        let call = self.statements().letter_list_of.call().bind(P::NAME).bind(self.rev());
        let call = call.bind(stream.category()).bind(stream.key());
        let call = call.bind(after.get().cast_signed()).bind(count(TOGETHER));
        let read = |row: &PgRow| -> Result<_, sqlx::Error> {
            let revision: i64 = row.try_get(letter_list_of::REVISION)?;
            Ok((Revision::new(revision.unsigned_abs()), row.try_get(letter_list_of::POSITION)?))
        };
        Ok(call.fetch_all(db).await?.iter().map(read).collect::<Result<_, _>>()?)
    }

    pub(super) async fn discard(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        let mut session = self.session().await?;
        let db = &mut session.connection;
        let work = async {
            sql(db, format!("BEGIN; {}; {}", standstill(self), self.lock_timeout())).await?;
            self.hold_parts(db).await?;
            let position = letter.position.get().cast_signed();
            let call = self.statements().letter_remove.call().bind(P::NAME).bind(self.rev()).bind(position);
            let done = call.execute(&mut *db).await?;
            sql(db, COMMIT.to_owned()).await?;
            Ok(done.rows_affected() > 0)
        };
        self.limited("discarding a letter", session.backend, work).await
    }

    /// The events of letters, in the same order. None before the last is missing, nor one after `after`,
    /// where the page before ended.
    async fn read_letters(
        &self,
        stream: &StreamId,
        after: Revision,
        letters: &[(Revision, i64)],
    ) -> Result<Vec<(EventPlace, Result<Option<P::Event>, DecodeError>)>, StoreError> {
        let (Some(&(first, _)), Some(&(last, _))) = (letters.first(), letters.last()) else {
            return Ok(Vec::new());
        };
        let first = if after == Revision::EMPTY { first } else { after.next() };
        let range = StreamRange::from(first).to(last);
        let mut events = Vec::with_capacity(letters.len());
        let mut wanted = letters;
        let mut take = |raw: RawEvent<'_>| {
            if let Some((letter, rest)) = wanted.split_first()
                && letter.0 == raw.revision
            {
                wanted = rest;
                events.push((EventPlace::new(&raw), DecodeError::guard(&raw, || P::decode(&raw))));
            }
            Ok(())
        };
        self.store.read_stream(stream, range, &mut take).await?;
        Ok(events)
    }
}

fn letter(row: &PgRow) -> Result<DeadLetter, StoreError> {
    let get = Columns(row);
    let category = required(letter_list::CATEGORY, get.text(letter_list::CATEGORY)?)?;
    Ok(DeadLetter {
        stream: StreamId::new(category, required(letter_list::KEY, get.text(letter_list::KEY)?)?)?,
        revision: Revision::new(get.bigint(letter_list::REVISION)?),
        position: Position::new(get.bigint(letter_list::POSITION)?),
        event: required(letter_list::EVENT, get.text(letter_list::EVENT)?)?.to_owned(),
        attempts: get.integer(letter_list::ATTEMPTS)?.unsigned_abs(),
        reason: required(letter_list::REASON, get.text(letter_list::REASON)?)?.to_owned(),
        parked_at: required(letter_list::PARKED_AT, get.time(letter_list::PARKED_AT)?)?,
    })
}
