//! Writes in a transaction of their own: names, snapshots, closing a stream.

use es_core::model::NewSnapshot;
use es_core::store::Registration;
use es_core::{Revision, StoreError, StreamId};
use sqlx::SqliteConnection;

use super::job::{Done, Job, Work};
use super::known::Known;
use super::standing::{Key, Question, Standings};
use super::writer::Writer;
use crate::error::Failure;
use crate::upkeep::checkpoint;
use crate::{checksum, sql};

/// How the transaction of a call ends.
enum Ending {
    /// Commit what was written.
    Commit(Done),
    /// Nothing was written.
    Nothing(Done),
    Refuse(StoreError),
}

impl Writer {
    /// Executes a call that shares its transaction with no other, and answers it.
    pub(crate) async fn alone(&mut self, job: Job) {
        let Job { work, reply, .. } = job;
        let answer = self.answer(work).await.unwrap_or_else(|failure| Err(failure.into()));
        drop(reply.send(answer));
    }

    async fn answer(&mut self, work: Work) -> Result<Result<Done, StoreError>, Failure> {
        let mut connection = self.connection().await?;
        match work {
            Work::Lend => {
                self.known.forget();
                return Ok(Ok(Done::Lent(connection)));
            }
            Work::Checkpoint => {
                let patience = self.opener.options.busy_timeout;
                return Ok(Ok(Done::Checkpointed(checkpoint::checkpoint(&mut connection, patience).await?)));
            }
            _ => {}
        }
        let ended = match self.transact(&mut connection, work).await {
            Ok(Ending::Refuse(error)) => {
                sqlx::query("ROLLBACK").execute(&mut *connection).await?;
                return Ok(Err(error));
            }
            Ok(Ending::Nothing(done)) => {
                sqlx::query("ROLLBACK").execute(&mut *connection).await.map(|_| done)
            }
            Ok(Ending::Commit(done)) => sqlx::query("COMMIT").execute(&mut *connection).await.map(|_| done),
            Err(failure) => {
                self.undo(&mut connection, &failure).await;
                return Err(failure);
            }
        };
        match ended.map_err(Failure::from) {
            Ok(done) => Ok(Ok(done)),
            Err(failure) => {
                self.undo(&mut connection, &failure).await;
                Err(failure)
            }
        }
    }

    async fn transact(&mut self, connection: &mut SqliteConnection, work: Work) -> Result<Ending, Failure> {
        let ask = |known: &Known| {
            let mut question = Question::default();
            if let Work::Close { stream, .. } = &work {
                question.ask(known, stream, None);
            }
            question
        };
        let standings = self.begin(connection, ask).await?;
        match work {
            Work::Snapshot(snapshot) => save(connection, snapshot).await,
            Work::Register(events) => self.register(connection, &events).await,
            Work::Rename { name, was } => self.rename(connection, &name, &was).await,
            Work::Close { stream, expected } => {
                self.close_stream(connection, standings, &stream, expected).await
            }
            _ => Err(Failure::damaged("work for a shared transaction")),
        }
    }

    /// Compares all names first, so that a rejected call changes nothing; writes only new ones.
    async fn register(
        &mut self,
        connection: &mut SqliteConnection,
        events: &[Registration],
    ) -> Result<Ending, Failure> {
        match self.known.has_all(events) {
            Ok(true) => return Ok(Ending::Nothing(Done::Changed(false))),
            Ok(false) => {}
            Err(error) => return Ok(Ending::Refuse(error)),
        }
        for &Registration { name, version, fingerprint, former, .. } in events {
            match (self.known.event_type(name, version), fingerprint) {
                (None, _) if former => {}
                (None, _) => drop(self.known.make_type(connection, name, version, fingerprint).await?),
                (Some(known), Some(fingerprint)) if known.fingerprint.is_none() => {
                    self.known.set_fingerprint(connection, (name, version, known.id), fingerprint).await?;
                }
                (Some(_), _) => {}
            }
        }
        Ok(Ending::Commit(Done::Changed(true)))
    }

    async fn rename(
        &mut self,
        connection: &mut SqliteConnection,
        name: &str,
        was: &[String],
    ) -> Result<Ending, Failure> {
        let names = || was.iter().map(String::as_str).chain([name]);
        let id = match self.known.common_category(names()) {
            Ok(Some((_, true))) => return Ok(Ending::Nothing(Done::Changed(false))),
            Ok(Some((id, false))) => id,
            Ok(None) => self.known.category(connection, name).await?,
            Err(error) => return Ok(Ending::Refuse(error)),
        };
        for name in names() {
            self.known.name_category(connection, name, id).await?;
        }
        Ok(Ending::Commit(Done::Changed(true)))
    }

    async fn close_stream(
        &self,
        connection: &mut SqliteConnection,
        mut standings: Standings,
        stream: &StreamId,
        expected: Revision,
    ) -> Result<Ending, Failure> {
        let standing = standings.of(Key::new(&self.known, stream));
        // A stream without events does not exist, although the command ledger may contain it.
        let Some(id) =
            standing.stream.filter(|_| standing.revision == expected && standing.revision != Revision::EMPTY)
        else {
            return Ok(Ending::Nothing(Done::Changed(false)));
        };
        if standing.closed {
            return Ok(Ending::Nothing(Done::Changed(true)));
        }
        sqlx::query(sql::CLOSE_STREAM).bind(id).execute(connection).await?;
        Ok(Ending::Commit(Done::Changed(true)))
    }
}

async fn save(connection: &mut SqliteConnection, snapshot: NewSnapshot) -> Result<Ending, Failure> {
    // A repository never makes a state that is not UTF-8; without its snapshot, loading only takes longer.
    let Ok(state) = String::from_utf8(snapshot.state) else {
        return Ok(Ending::Nothing(Done::Changed(false)));
    };
    let revision = snapshot.revision.get().cast_signed();
    let checksum = checksum::of_snapshot(revision, &state);
    let done = sqlx::query(sql::SAVE_SNAPSHOT)
        .bind(snapshot.stream.category())
        .bind(snapshot.stream.key())
        .bind(snapshot.fingerprint.to_i64())
        .bind(revision)
        .bind(state)
        .bind(checksum)
        .bind(snapshot.event_id)
        .execute(connection)
        .await?;
    let changed = done.rows_affected() > 0;
    Ok(if changed { Ending::Commit(Done::Changed(true)) } else { Ending::Nothing(Done::Changed(false)) })
}
