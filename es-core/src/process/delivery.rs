//! Sending a command: decoded as the type of its name, to the aggregate that handles it.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use uuid::Uuid;

use super::deliver::{Deliver, DeliveryError, Recipient, sealed};
use super::instance::{LedBy, unless_finished};
use super::rejecting::Rejected;
use super::step::Steppers;
use super::stepped::Sent;
use super::steps::{StepError, Steps};
use super::timing::stored;
use super::wire::{Command, Sends};
use super::{Process, ids};
use crate::error::{ExecuteError, StoreError};
use crate::model::{Aggregate, Handle};
use crate::record::{DecodeError, Metadata};
use crate::repository::{ExecuteOptions, Repository, Shared};
use crate::store::EventStore;
use crate::stream::{Revision, StreamId, StreamKey as _};

/// The repositories of the aggregates that commands are sent to.
#[derive(Clone, Default)]
pub(super) struct Targets {
    by_type: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    by_name: HashMap<&'static str, Arc<dyn Warm>>,
}

/// A repository, whatever its aggregate is.
trait Warm: Send + Sync {
    fn warm<'a>(&'a self, keys: &'a [&'a str]) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

impl<A: Aggregate> Warm for Repository<A, Shared> {
    fn warm<'a>(&'a self, keys: &'a [&'a str]) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(Self::warm(self, keys))
    }
}

impl Targets {
    pub(super) fn add<A: Aggregate, S: EventStore + 'static>(&mut self, repository: Repository<A, S>) {
        let repository = Arc::new(repository.shared());
        self.by_name.insert(A::NAME, Arc::<Repository<A, Shared>>::clone(&repository));
        self.by_type.insert(TypeId::of::<A>(), repository);
    }

    pub(super) fn has(&self, recipient: &Recipient) -> bool {
        self.by_type.contains_key(&recipient.identity)
    }

    fn get<A: Aggregate>(&self) -> Option<&Repository<A, Shared>> {
        self.by_type.get(&TypeId::of::<A>())?.downcast_ref()
    }

    /// Loads the states of aggregates of this name together; see [`Repository::warm`].
    pub(super) async fn warm(&self, name: &str, keys: &[&str]) {
        if let Some(repository) = self.by_name.get(name) {
            repository.warm(keys).await;
        }
    }
}

/// A command of a stored step.
pub(super) struct CommandDelivery<'a, P: Process> {
    pub(super) targets: &'a Targets,
    pub(super) steppers: &'a Steppers<P>,
    pub(super) stream: &'a StreamId,
    pub(super) revision: Revision,
    /// The step that sends it.
    pub(super) step: Uuid,
    pub(super) number: usize,
    pub(super) sent: &'a Sent,
    pub(super) metadata: Metadata,
}

impl<P: Process> sealed::Sealed for CommandDelivery<'_, P> {}

impl<P: Process> Deliver<P> for CommandDelivery<'_, P> {
    fn is<C: Command>(&self) -> bool {
        self.sent.name == C::NAME || C::WAS.contains(&self.sent.name.as_str())
    }

    fn unknown(self) -> Result<(), DeliveryError> {
        Err(DeliveryError::UnknownCommand { process: P::NAME, name: self.sent.name.clone() })
    }

    async fn execute<C: Command>(
        self,
        react: fn(&P, &Rejected<'_, P, C>) -> Steps<P>,
    ) -> Result<(), DeliveryError>
    where
        P: Sends<C>,
    {
        let Sent { name, version, key, payload, .. } = self.sent;
        let raw = stored(self.stream, self.revision, (name, *version), payload);
        let command = C::decode(&raw).map_err(|error| self.not_readable(&error))?;
        let target = <P::Target as Aggregate>::Id::from_key(key)?;
        let Some(repository) = self.targets.get::<P::Target>() else {
            return Err(DeliveryError::NoTarget { process: P::NAME, target: type_name::<P::Target>() });
        };
        let id = ids::of_command(self.step, self.number);
        let options = ExecuteOptions::new()
            .command_id(id)
            .command_name(name.clone())
            .metadata(self.metadata.clone())
            .remember_decision();
        let decide = |state: Arc<P::Target>| ready(state.handle(&command));
        match repository.decide_with(&target, options, decide).await {
            Ok(done) => {
                if !done.repeated {
                    self.steppers.counters.sent.count();
                }
                Ok(())
            }
            Err(ExecuteError::Rejected(error)) => self.rejected(id, (&target, &command, &error), react).await,
            Err(error) => Err(self.not_executed(&error)),
        }
    }
}

impl<P: Process> CommandDelivery<'_, P> {
    /// A rejection is an input of the process.
    async fn rejected<C: Command>(
        self,
        command_id: Uuid,
        (target, command, error): (&<P::Target as Aggregate>::Id, &C, &<P::Target as Handle<C>>::Error),
        react: fn(&P, &Rejected<'_, P, C>) -> Steps<P>,
    ) -> Result<(), DeliveryError>
    where
        P: Sends<C>,
    {
        let id = P::Id::from_key(self.stream.key())?;
        let by = LedBy { step: ids::of_rejection(command_id), name: &self.sent.name, id: command_id };
        let taken = self
            .steppers
            .take(&id, by, self.metadata.clone(), |instance| {
                let rejected = Rejected { id: &id, command, target, error };
                unless_finished(instance, || react(&instance.process, &rejected))
            })
            .await;
        match taken {
            Ok(stored) => {
                if stored {
                    self.steppers.counters.rejected.count();
                }
                Ok(())
            }
            Err(error) => Err(self.rejection_not_taken(&error)),
        }
    }

    fn not_readable(&self, error: &DecodeError) -> DeliveryError {
        DeliveryError::NotReadable { name: self.sent.name.clone(), reason: error.problem().to_string() }
    }

    // As text, without their sources: an error of the target's store is not a failure of the process's own
    // store, for which all instances would wait.

    fn not_executed<E: std::error::Error + 'static>(&self, error: &ExecuteError<E>) -> DeliveryError {
        let Sent { name, target, key, .. } = self.sent.clone();
        let retryable = match error {
            ExecuteError::Conflict { .. } => true,
            ExecuteError::Store(error) => StoreError::is_retryable(error),
            ExecuteError::Rejected(_) => false,
        };
        DeliveryError::NotExecuted { target, key, name, reason: error.to_string(), retryable }
    }

    fn rejection_not_taken(&self, error: &ExecuteError<StepError>) -> DeliveryError {
        DeliveryError::RejectionNotTaken { name: self.sent.name.clone(), reason: error.to_string() }
    }
}
