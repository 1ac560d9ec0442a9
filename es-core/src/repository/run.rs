//! Executing a command: attempts until one has an outcome.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use tokio::time::Instant;
use tracing::Instrument;

use super::attempt::Run;
use super::cache::TurnGuard;
use super::fold::Fold;
use super::port::Port;
use super::stop::{Failure, Stop};
use super::written::Executed;
use crate::error::{ExecuteError, StoreError};
use crate::model::{Aggregate, Events};
use crate::record::Handled;
use crate::store::EventStore;
use crate::stream::StreamId;

impl<A: Aggregate, S: EventStore + 'static, P: Port> Run<'_, A, S, P> {
    pub(super) async fn execute<F, Fut, E>(
        mut self,
        stream: StreamId,
        decide: F,
    ) -> Result<Executed<A>, ExecuteError<E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        match Handled::fill(std::mem::take(&mut self.options.metadata)).into_stored() {
            Some(metadata) => self.metadata = Arc::new(metadata),
            None => return Err(StoreError::TimeOutOfRange { stream }.into()),
        }
        let span = tracing::debug_span!("command", stream = %stream, command_id = tracing::field::Empty);
        if let Some(command) = self.options.command {
            span.record("command_id", tracing::field::display(command.id));
        }
        let counters = &*self.repository.counters;
        counters.commands.count();
        let done = self.attempts(&stream, decide).instrument(span).await;
        match &done {
            Ok(executed) if executed.repeated => counters.repeated.count(),
            Ok(_) => {}
            Err(ExecuteError::Rejected(_)) => counters.rejected.count(),
            Err(_) => counters.failed.count(),
        }
        done
    }

    async fn attempts<F, Fut, E>(
        mut self,
        stream: &StreamId,
        decide: F,
    ) -> Result<Executed<A>, ExecuteError<E>>
    where
        F: Fn(Arc<A>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Events<A>, E>> + Send,
        E: Error + Send + Sync + 'static,
    {
        let (retry, began) = (self.repository.retry, Instant::now());
        let mut repeated = 0;
        let mut start = self.begin(stream).await;
        loop {
            let failure = match self.attempt(stream, start, &decide).await {
                Ok(executed) => return Ok(executed),
                Err(Stop::Final(error)) => return Err(error),
                Err(Stop::Unconfirmed(fold)) => {
                    self.turn.settle().await;
                    start = match fold {
                        _ if !self.turn.is_sound() => self.overtaken(stream).await,
                        Some(fold) => fold,
                        None => self.read_again(stream),
                    };
                    continue;
                }
                Err(Stop::Overtaken) => {
                    start = self.begin(stream).await;
                    continue;
                }
                Err(Stop::Failed(failure)) => failure,
            };
            let last = match failure {
                Failure::Conflict { .. } => self.options.expected.is_some(),
                Failure::Store(_) => began.elapsed() >= retry.within,
            };
            if repeated == retry.times || last {
                return Err(failure.into_error(stream));
            }
            let at_once = repeated == 0 && matches!(failure, Failure::Conflict { .. });
            if !at_once {
                // Other programs make progress meanwhile, and may leave a state to decide on.
                self.turn = TurnGuard::none();
                tokio::time::sleep(retry.wait(repeated)).await;
            }
            repeated += 1;
            self.repository.counters.retries.count();
            tracing::debug!(repeated, "deciding again");
            start = if self.turn.keeps() { self.read_again(stream) } else { self.begin(stream).await };
        }
    }

    /// The commands before this one hit a conflict, and so did this one. It queues again after them, a
    /// limited number of times.
    async fn overtaken<'s>(&mut self, stream: &'s StreamId) -> Fold<'s, A> {
        if self.early == 0 {
            self.turn.renew();
            return self.read_again(stream);
        }
        self.early -= 1;
        self.begin(stream).await
    }

    /// Waits for its turn; then the cached state, or none.
    async fn begin<'s>(&mut self, stream: &'s StreamId) -> Fold<'s, A> {
        if !self.in_transaction {
            self.turn = TurnGuard::none();
            self.turn = self.repository.cache.turn(stream.key()).await;
        }
        match self.turn.take() {
            Some(folded) => {
                self.repository.counters.warm.count();
                Fold::cached(stream, folded)
            }
            None => self.read_again(stream),
        }
    }

    /// From the last state that is known to have been the stream's, or from the beginning.
    fn read_again<'s>(&self, stream: &'s StreamId) -> Fold<'s, A> {
        match self.turn.confirmed() {
            Some(folded) => Fold::resumed(stream, folded),
            None => Fold::new(stream),
        }
    }
}
