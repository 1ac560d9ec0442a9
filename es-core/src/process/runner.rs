//! Running a process.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Process;
use super::clock::Clock;
use super::delivery::Targets;
use super::error::ProcessError;
use super::input::Input as _;
use super::inputs::Inputs;
use super::instance::Instance;
use super::letters;
use super::metrics::{ProcessCounters, ProcessMetrics};
use super::options::ProcessOptions;
use super::past::Recalled;
use super::sender::Sender;
use super::step::Steppers;
use super::timer_index::{Stuck, StuckTimer};
use super::timers::{KnownTimers, Timers};
use crate::latch::hold;
use crate::model::Aggregate;
use crate::projection::ProjectorError;
use crate::reactor::{CheckpointStore, OnModel, ReactorRunner};
use crate::repository::{Repository, Shared};
use crate::store::{EventStore, ReadAll};
use crate::subscription::Subscription;

/// How many states of instances are cached: more than those of a page of inputs.
const INSTANCES: usize = 8_192;

/// The runner of the inputs of a process, with their status and their dead letters.
pub type InputsRunner<P, S, I> = ReactorRunner<
    Inputs<P>,
    I,
    <S as CheckpointStore>::Target<OnModel<Inputs<P>, <S as CheckpointStore>::Model>>,
    <S as CheckpointStore>::Model,
>;

/// The runner of the sender of a process, with its status and its dead letters.
pub type SenderRunner<P, S> = ReactorRunner<
    Sender<P>,
    S,
    <S as CheckpointStore>::Target<OnModel<Sender<P>, <S as CheckpointStore>::Model>>,
    <S as CheckpointStore>::Model,
>;

/// Runs a process: processes its inputs, sends its commands, and fires its timers.
///
/// The streams of the process are in one store, its checkpoints beside them. Its inputs come from the same
/// store, or from [another one](Self::source), and its commands go to the repositories of
/// [`target`](Self::target), each in whatever store. Any number of programs may run the same process.
///
/// An input or a command that fails is parked with those of its stream that come after it, and retried until
/// it succeeds; other streams continue meanwhile. [`inputs`](Self::inputs), [`sender`](Self::sender) and
/// [`stuck_timers`](Self::stuck_timers) show what is parked, and why.
#[must_use = "nothing is done before `run` or `catch_up`"]
pub struct ProcessRunner<P: Process, S, I = S> {
    store: S,
    source: I,
    /// Whether that is another store.
    elsewhere: bool,
    own: Repository<Instance<P>, Shared>,
    targets: Targets,
    clock: Clock,
    counters: Arc<ProcessCounters>,
    stuck: Stuck,
    timers: KnownTimers<S>,
    recalled: Recalled,
    options: ProcessOptions,
}

impl<P: Process, S: EventStore + CheckpointStore> ProcessRunner<P, S> {
    /// Keeps the process in this store, and reads its inputs from it.
    pub fn new(store: S) -> Self {
        let shared: Shared = Arc::new(store.clone());
        Self {
            source: store.clone(),
            elsewhere: false,
            store,
            own: Repository::new(shared).with_cache(INSTANCES),
            targets: Targets::default(),
            clock: Clock::system(),
            counters: Arc::default(),
            stuck: Arc::new(Mutex::default()),
            timers: Arc::default(),
            recalled: Recalled::default(),
            options: ProcessOptions::default(),
        }
    }
}

impl<P: Process, S, I> ProcessRunner<P, S, I> {
    /// Reads the inputs from another store.
    pub fn source<J: ReadAll + EventStore + Clone + 'static>(self, source: J) -> ProcessRunner<P, S, J> {
        let Self { store, own, targets, clock, counters, stuck, timers, options, .. } = self;
        let (elsewhere, recalled) = (true, Recalled::default());
        ProcessRunner {
            store,
            source,
            elsewhere,
            own,
            targets,
            clock,
            counters,
            stuck,
            timers,
            recalled,
            options,
        }
    }

    /// Sends the commands for these aggregates to their repository. Each aggregate of `sends(…)` needs one.
    pub fn target<A: Aggregate>(mut self, repository: Repository<A, impl EventStore + 'static>) -> Self {
        self.targets.add(repository);
        self
    }

    /// The clock by which timers are due. Defaults to the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self.recalled = Recalled::default();
        self
    }

    /// See [`ReactorRunner::partitions`]; for the inputs and for the sender.
    pub fn partitions(mut self, partitions: u32) -> Self {
        self.options.partitions = Some(partitions);
        self
    }

    /// See [`ReactorRunner::page_size`].
    pub fn page_size(mut self, most: usize) -> Self {
        self.options.page_size = Some(most);
        self
    }

    /// See [`ReactorRunner::poll_every`].
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.options.poll_every = Some(interval);
        self
    }

    /// See [`ReactorRunner::lease`].
    pub fn lease(mut self, lasts: Duration) -> Self {
        self.options.lease = Some(lasts);
        self
    }

    /// See [`ReactorRunner::owner`].
    pub fn owner(mut self, name: &str) -> Self {
        self.options.owner = Some(name.to_owned());
        self
    }

    /// How many times an input or a command is retried, while all others wait, before it is parked. Defaults
    /// to 0.
    pub fn retries(mut self, retries: u32, first_wait: Duration) -> Self {
        self.options.retries = Some((retries, first_wait));
        self
    }

    /// How long the command ledgers of all targets keep commands, if they are pruned. Defaults to no limit. A
    /// command that was decided before that is not sent, as it is unknown whether it was executed:
    /// [`DeliveryError::LedgerPruned`](super::DeliveryError::LedgerPruned).
    pub fn ledgers_keep(mut self, at_least: Duration) -> Self {
        self.options.ledgers_keep = Some(at_least);
        self
    }

    /// Counters of this program.
    #[must_use]
    pub fn metrics(&self) -> ProcessMetrics {
        self.counters.read()
    }

    /// The timers of this program that are due and fail to fire. Each is retried, and removed from here once
    /// it fires or is no longer pending.
    #[must_use]
    pub fn stuck_timers(&self) -> Vec<StuckTimer> {
        hold(&self.stuck).values().cloned().collect()
    }

    /// The instances of the process, for reading their state and their pending timers.
    #[must_use]
    pub const fn instances(&self) -> &Repository<Instance<P>, Shared> {
        &self.own
    }

    fn steppers(&self) -> Steppers<P> {
        Steppers { own: self.own.clone(), counters: Arc::clone(&self.counters) }
    }
}

impl<P, S, I> ProcessRunner<P, S, I>
where
    P: Process,
    S: EventStore + CheckpointStore,
    I: ReadAll + EventStore + Clone + 'static,
{
    /// The runner of the inputs: for its status and its dead letters.
    pub fn inputs(&self) -> InputsRunner<P, S, I> {
        let inputs = Inputs { steppers: self.steppers(), clock: self.clock.clone() };
        let target = match self.elsewhere {
            true => self.store.checkpoint_target_elsewhere(),
            false => self.store.checkpoint_target(),
        };
        self.options.of(ReactorRunner::with_target(self.source.clone(), inputs, target))
    }

    /// The runner of the commands: for its status and its dead letters.
    pub fn sender(&self) -> SenderRunner<P, S> {
        let sender = Sender {
            steppers: self.steppers(),
            targets: Arc::new(self.targets.clone()),
            clock: self.clock.clone(),
            ledgers_keep: self.options.ledgers_keep,
        };
        let target = self.store.checkpoint_target();
        self.options.of(ReactorRunner::with_target(self.store.clone(), sender, target))
    }

    fn timers(&self) -> Timers<P, S> {
        Timers {
            store: self.store.clone(),
            steppers: self.steppers(),
            clock: self.clock.clone(),
            poll_every: self.options.poll_every.unwrap_or(Duration::from_secs(1)),
            stuck: Arc::clone(&self.stuck),
        }
    }

    /// Processes all inputs, and then new ones as they are appended, sends commands and fires timers, until
    /// an error. Returns `Ok` once the store is closed. Dropping the future is safe: the next run resumes.
    ///
    /// # Errors
    ///
    /// [`ProcessError`], for example of a store that was restored to an earlier state.
    pub async fn run(&self) -> Result<(), ProcessError> {
        self.check()?;
        let (inputs, sender, timers) = (self.inputs(), self.sender(), self.timers());
        self.recall(&inputs).await.map_err(ProcessError::Inputs)?;
        let work = async {
            tokio::try_join!(
                async { inputs.run().await.map_err(ProcessError::Inputs) },
                async { sender.run().await.map_err(ProcessError::Sender) },
                async { timers.run().await.map_err(ProcessError::Timers) },
            )
        };
        tokio::select! {
            done = work => done.map(|_| ()),
            never = letters::retry_forever(&inputs) => match never {},
            never = letters::retry_forever(&sender) => match never {},
        }
    }

    /// Processes everything that is due now, and whatever follows from it, until nothing is left. Inputs and
    /// commands that fail are parked, and retried once.
    ///
    /// # Errors
    ///
    /// [`ProcessError`].
    pub async fn catch_up(&self) -> Result<(), ProcessError> {
        self.check()?;
        let (inputs, sender, timers) = (self.inputs(), self.sender(), self.timers());
        self.recall(&inputs).await.map_err(ProcessError::Inputs)?;
        loop {
            let before = self.metrics();
            inputs.catch_up().await.map_err(ProcessError::Inputs)?;
            letters::retry_once(&inputs).await.map_err(ProcessError::Inputs)?;
            timers.catch_up(&self.timers).await.map_err(ProcessError::Timers)?;
            sender.catch_up().await.map_err(ProcessError::Sender)?;
            letters::retry_once(&sender).await.map_err(ProcessError::Sender)?;
            if self.metrics() == before {
                return Ok(());
            }
        }
    }

    /// Sets a clock that follows the inputs to the time at which earlier programs stopped.
    async fn recall(&self, inputs: &InputsRunner<P, S, I>) -> Result<(), ProjectorError> {
        if !self.clock.follows() {
            return Ok(());
        }
        match inputs.status().await {
            Ok(status) => {
                let past = Subscription::new(self.source.clone()).filter(P::Input::filter());
                Ok(self.recalled.recall(&self.clock, past, status.position()).await?)
            }
            Err(ProjectorError::NotSetUp { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Checks that each aggregate that commands are sent to has a repository.
    fn check(&self) -> Result<(), ProcessError> {
        match P::recipients().into_iter().find(|recipient| !self.targets.has(recipient)) {
            Some(recipient) => Err(ProcessError::NoTarget { process: P::NAME, target: recipient.rust }),
            None => Ok(()),
        }
    }
}

impl<P: Process, S: Clone, I: Clone> Clone for ProcessRunner<P, S, I> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            source: self.source.clone(),
            elsewhere: self.elsewhere,
            own: self.own.clone(),
            targets: self.targets.clone(),
            clock: self.clock.clone(),
            counters: Arc::clone(&self.counters),
            stuck: Arc::clone(&self.stuck),
            timers: Arc::clone(&self.timers),
            recalled: self.recalled.clone(),
            options: self.options.clone(),
        }
    }
}

impl<P: Process, S, I> fmt::Debug for ProcessRunner<P, S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessRunner").field("process", &P::NAME).finish_non_exhaustive()
    }
}
