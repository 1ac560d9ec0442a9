//! Implements the target that the runner uses.

use std::error::Error;
use std::time::Duration;

use es_core::Position;
use es_core::projection::{
    Begun, Cause, Claim, Claimed, DeadLetter, ModelStore, Partition, Projection, ProjectionStatus,
    ProjectorError, Setting, Step, Target,
};
use es_core::store::Checkpoint;
use sqlx::SqliteConnection;

use super::batch::{SqliteBatch, event_id, position};
use super::cause::{failed, of_error};
use super::session::SqliteSession;
use super::target::SqliteTarget;
use crate::sql;
use crate::store::SqliteStore;

impl<P: Projection<Model = SqliteConnection>> ModelStore<P> for SqliteStore {
    type Target = SqliteTarget<P>;

    fn model_target(&self) -> SqliteTarget<P> {
        SqliteTarget::beside(self)
    }
}

impl<P: Projection<Model = SqliteConnection>> Target<P> for SqliteTarget<P> {
    type Session = SqliteSession;
    type Batch = SqliteBatch<P>;
    type Watch = ();
    type Seen = ();

    async fn prepare(&self, projection: &P, setting: Setting) -> Result<(), ProjectorError> {
        self.set_up_once(projection, setting).await
    }

    async fn checkpoint(&self, partition: Partition) -> Result<(Checkpoint, bool), ProjectorError> {
        self.read_checkpoint(partition).await
    }

    async fn session(&self) -> Result<SqliteSession, ProjectorError> {
        self.dial().await
    }

    async fn begin(
        &self,
        session: SqliteSession,
        step: &Step<'_>,
    ) -> Result<Begun<SqliteBatch<P>, SqliteSession>, ProjectorError> {
        SqliteBatch::begin(self, session, step).await
    }

    async fn begin_letters(&self, session: SqliteSession) -> Result<SqliteBatch<P>, ProjectorError> {
        SqliteBatch::begin_letters(session).await
    }

    fn watch(&self, _session: &SqliteSession) {}

    async fn watched<T: Send>(
        &self,
        _watch: (),
        work: impl Future<Output = Result<T, ProjectorError>> + Send + Unpin,
    ) -> (Result<T, ProjectorError>, ()) {
        (work.await, ())
    }

    async fn claim(&self, partition: Partition, claim: &Claim<'_>) -> Result<Claimed, ProjectorError> {
        self.claim_partition(partition, claim).await
    }

    async fn release(&self, partition: Partition, epoch: u64) -> Result<(), ProjectorError> {
        self.release_partition(partition, epoch).await
    }

    async fn note(
        &self,
        partition: Partition,
        at: Checkpoint,
        owner: &str,
        reason: &str,
    ) -> Result<(), ProjectorError> {
        let Some(mut db) = self.open(&self.own()).await? else {
            return Err(ProjectorError::not_set_up::<P>());
        };
        let call =
            sqlx::query(sql::CHECKPOINT_FAIL).bind(partition.index()).bind(position(at)).bind(event_id(at));
        call.bind(reason).bind(owner).execute(&mut db).await.map_err(failed)?;
        Ok(())
    }

    async fn publish(&self) -> Result<(), ProjectorError> {
        self.show_to_readers().await
    }

    async fn repartition(&self, partitions: u32) -> Result<(), ProjectorError> {
        self.divide(partitions).await
    }

    async fn drop_build(&self, build: u32) -> Result<(), ProjectorError> {
        self.drop_file(build).await
    }

    async fn status(&self) -> Result<ProjectionStatus, ProjectorError> {
        self.read_status().await
    }

    async fn letters(&self, after: Position, limit: usize) -> Result<Vec<DeadLetter>, ProjectorError> {
        self.list_letters(after, limit).await
    }

    async fn discard(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        self.drop_letter(letter).await
    }

    fn cause(error: &(dyn Error + 'static)) -> Option<Cause> {
        of_error(error)
    }

    fn advice(&self) -> String {
        format!("add to {} what the handler uses and it lacks", self.own().display())
    }

    fn patience(&self) -> Duration {
        self.busy_timeout.max(Duration::from_secs(10))
    }
}
