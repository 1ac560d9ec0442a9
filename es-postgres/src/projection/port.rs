//! The implementation of `es-core`'s target traits.

use std::error::Error;
use std::time::Duration;

use es_core::Position;
use es_core::projection::{
    Begun, Cause, Claim, Claimed, DeadLetter, ModelStore, Partition, Projection, ProjectionStatus,
    ProjectorError, Setting, Step, Target,
};
use es_core::store::Checkpoint;
use sqlx::PgConnection;

use super::batch::PostgresBatch;
use super::cause::cause_of_error;
use super::session::{Watch, WorkerSession};
use super::target::{EventLocation, PostgresTarget};
use super::values::{kept, position};
use crate::connect::call::rows_kept;
use crate::connect::lock_timeout::LockHolder;
use crate::store::PostgresStore;

impl<P: Projection<Model = PgConnection>> ModelStore<P> for PostgresStore {
    type Target = PostgresTarget<P>;

    fn model_target(&self) -> PostgresTarget<P> {
        PostgresTarget::for_own_events(self)
    }
}

impl<P: Projection<Model = PgConnection>> Target<P> for PostgresTarget<P> {
    type Session = WorkerSession;
    type Batch = PostgresBatch<P>;
    type Watch = Watch;
    type Seen = Vec<LockHolder>;

    async fn prepare(&self, projection: &P, setting: Setting) -> Result<(), ProjectorError> {
        self.set_up_once(projection, setting).await
    }

    async fn checkpoint(&self, partition: Partition) -> Result<(Checkpoint, bool), ProjectorError> {
        self.read_checkpoint(partition).await
    }

    async fn session(&self) -> Result<WorkerSession, ProjectorError> {
        self.dial().await
    }

    async fn begin(
        &self,
        session: WorkerSession,
        step: &Step<'_>,
    ) -> Result<Begun<PostgresBatch<P>, WorkerSession>, ProjectorError> {
        Ok(PostgresBatch::begin(self.clone(), session, step).await?)
    }

    async fn begin_letters(&self, session: WorkerSession) -> Result<PostgresBatch<P>, ProjectorError> {
        PostgresBatch::begin_letters(self.clone(), session).await
    }

    fn watch(&self, session: &WorkerSession) -> Watch {
        Watch(session.backend)
    }

    async fn watched<T: Send>(
        &self,
        watch: Watch,
        work: impl Future<Output = Result<T, ProjectorError>> + Send + Unpin,
    ) -> (Result<T, ProjectorError>, Vec<LockHolder>) {
        self.observed(watch.0, work).await
    }

    fn explain(
        &self,
        error: ProjectorError,
        seen: Vec<LockHolder>,
        doing: impl FnOnce() -> String,
    ) -> ProjectorError {
        self.held_up(error, seen, doing)
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
        let call = self.statements().checkpoint_fail.call();
        let call = call.bind(P::NAME).bind(self.build()).bind(partition.index().cast_signed());
        let call = call.bind(position(at)).bind(kept(reason)).bind(kept(owner));
        rows_kept(self.store.pool(), call).await?;
        Ok(())
    }

    async fn publish(&self) -> Result<(), ProjectorError> {
        self.show_to_readers().await
    }

    async fn repartition(&self, partitions: u32) -> Result<(), ProjectorError> {
        self.divide(partitions).await
    }

    async fn drop_build(&self, build: u32) -> Result<(), ProjectorError> {
        self.drop_tables(build).await
    }

    async fn status(&self) -> Result<ProjectionStatus, ProjectorError> {
        self.read_status().await
    }

    fn knows_events(&self) -> bool {
        self.place() == EventLocation::SameDatabase
    }

    async fn letters(&self, after: Position, limit: usize) -> Result<Vec<DeadLetter>, ProjectorError> {
        self.list_letters(after, limit).await
    }

    async fn discard(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        self.drop_letter(letter).await
    }

    fn cause(error: &(dyn Error + 'static)) -> Option<Cause> {
        cause_of_error(error)
    }

    fn advice(&self) -> String {
        self.remedy()
    }

    fn patience(&self) -> Duration {
        self.store.pool().settings.patience
    }
}
