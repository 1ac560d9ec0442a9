//! Listing and discarding dead letters.

use es_core::projection::{DeadLetter, Projection, ProjectorError};
use es_core::{Position, Revision, StoreError, StreamId};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::target::PostgresTarget;
use super::transaction::{COMMIT, sql, standstill};
use super::values::count;
use crate::connect::call::rows;
use crate::connect::columns::letter_list;
use crate::connect::failure::Failure;
use crate::read::row::{Columns, required};

impl<P: Projection<Model = PgConnection>> PostgresTarget<P> {
    pub(super) async fn list_letters(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ProjectorError> {
        let call = self.letter_statements().list.call().bind(P::NAME).bind(self.build());
        let call = call.bind(after.get().cast_signed()).bind(count(limit));
        Ok(rows(self.store.pool(), call).await?.iter().map(letter).collect::<Result<_, _>>()?)
    }

    pub(super) async fn drop_letter(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        let mut session = self.dial().await?;
        let db = &mut session.connection;
        let work = async {
            sql(db, format!("BEGIN; {}; {}", standstill(self), self.lock_timeout())).await?;
            self.hold_partitions(db).await?;
            let position = letter.position.get().cast_signed();
            let call = self.statements().letter_remove.call().bind(P::NAME).bind(self.build()).bind(position);
            let done = call.execute(&mut *db).await.map_err(Failure::from)?;
            sql(db, COMMIT.to_owned()).await?;
            Ok(done.rows_affected() > 0)
        };
        self.limited("discarding a dead letter", session.backend, work).await
    }
}

fn letter(row: &PgRow) -> Result<DeadLetter, StoreError> {
    let get = Columns(row);
    let category = required(letter_list::CATEGORY, get.text(letter_list::CATEGORY)?)?;
    let stream = StreamId::new(category, required(letter_list::KEY, get.text(letter_list::KEY)?)?)?;
    let revision = Revision::new(get.bigint(letter_list::REVISION)?);
    let position = Position::new(get.bigint(letter_list::POSITION)?);
    let parked_at = required(letter_list::PARKED_AT, get.time(letter_list::PARKED_AT)?)?;
    let mut letter = DeadLetter::new(stream, revision, position, parked_at);
    required(letter_list::EVENT, get.text(letter_list::EVENT)?)?.clone_into(&mut letter.event);
    letter.event_id = get.uuid(letter_list::EVENT_ID)?;
    letter.attempts = get.integer(letter_list::ATTEMPTS)?.unsigned_abs();
    required(letter_list::REASON, get.text(letter_list::REASON)?)?.clone_into(&mut letter.reason);
    Ok(letter)
}
