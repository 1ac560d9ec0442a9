//! Dead letters: events that were put aside, with all that came after them in their streams.

use es_core::{
    DecodeError, EventPlace, EventStore, OffsetDateTime, Position, Projection, ProjectionFailure, RawEvent,
    Revision, StoreError, StreamId, StreamRange,
};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::batch::{Batch, COMMIT, kept, standstill};
use super::cause::Cause;
use super::error::ProjectorError;
use super::setup::sql;
use super::target::Target;
use super::transaction::Token;
use crate::connect::call::rows;
use crate::read::row::{Columns, required};

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
    /// The name under which the event is stored.
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
    pub(super) async fn dead_letters(&self) -> Result<Vec<DeadLetter>, ProjectorError> {
        let call = self.statements().letter_list.call().bind(P::NAME).bind(self.rev());
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
        let call = self.statements().letter_list.call().bind(P::NAME).bind(self.rev());
        let mut letters = Vec::new();
        for row in &call.fetch_all(&mut *db).await? {
            letters.push(letter(row)?);
        }
        letters.retain(|letter| letter.stream == *stream);
        let mut events = self.read_letters(stream, &letters).await?.into_iter();
        let mut taken = 0;
        let mut batch = Batch::within(self, db, token);
        for letter in &letters {
            let (place, event) = events.next().unzip();
            let done = match event {
                Some(Ok(Some(event))) => batch.try_project(&event).await?,
                // Not an event of this projection any more.
                Some(Ok(None)) => Ok(()),
                Some(Err(error)) => Err(error.into()),
                None => Err("the event is not in its stream".into()),
            };
            let position = letter.position.get().cast_signed();
            if let Err(error) = done {
                let cause = Cause::of(&error);
                if let Some(place) = place.filter(|_| !matches!(cause, Cause::Event | Cause::Hidden)) {
                    batch.roll_back().await?;
                    return Err(self.stopped(ProjectionFailure::of::<P>(place, error), cause));
                }
                let call =
                    self.statements().letter_failed.call().bind(P::NAME).bind(self.rev()).bind(position);
                call.bind(kept(&error.to_string())).execute(&mut *batch.connection).await?;
                break;
            }
            let call = self.statements().letter_remove.call().bind(P::NAME).bind(self.rev()).bind(position);
            call.execute(&mut *batch.connection).await?;
            taken += 1;
        }
        batch.commit().await?;
        Ok(Retried { taken, left: letters.len() - taken })
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

    /// The events of letters, in the same order.
    async fn read_letters(
        &self,
        stream: &StreamId,
        letters: &[DeadLetter],
    ) -> Result<Vec<(EventPlace, Result<Option<P::Event>, DecodeError>)>, StoreError> {
        let (Some(first), Some(last)) = (letters.first(), letters.last()) else { return Ok(Vec::new()) };
        let range = StreamRange::from(first.revision).to(last.revision);
        let mut events = Vec::with_capacity(letters.len());
        let mut wanted = letters;
        let mut take = |raw: RawEvent<'_>| {
            if let Some((letter, rest)) = wanted.split_first()
                && letter.revision == raw.revision
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
    let category = required(0, get.text(0)?)?;
    Ok(DeadLetter {
        stream: StreamId::new(category, required(1, get.text(1)?)?)?,
        revision: Revision::new(get.bigint(2)?),
        position: Position::new(get.bigint(3)?),
        event: required(4, get.text(4)?)?.to_owned(),
        attempts: get.integer(5)?.unsigned_abs(),
        reason: required(6, get.text(6)?)?.to_owned(),
        parked_at: required(7, get.time(7)?)?,
    })
}
