//! A source of a broker in memory, with one fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use es_core::Revision;
use es_core::messaging::{Delivery, MalformedMessage, Message, MessageSource, SourceError, read};
use tokio::time::{Instant, sleep};

/// How long a message is held before it is redelivered.
pub(crate) const EXPIRES: Duration = Duration::from_millis(200);

/// How long a source waits before it looks for messages again, and for a confirmation.
const WAIT: Duration = Duration::from_millis(2);

/// The maximum number of messages that are delivered at once.
const PAGE: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The revision is not delivered.
    NoRevision,
    /// Every fifth message is not delivered.
    SkipsOne,
    /// The last message of a page comes first.
    Reorders,
    /// While there is no message, none is returned.
    ReturnsNothing,
    /// What is stored while the source waits is not noticed.
    MissesLater,
    /// Messages are settled before they are returned.
    SettlesFirst,
    /// Every third acknowledgement is ignored.
    ForgetsAcks,
    /// An acknowledgement settles the messages before it as well.
    AcksEarlier,
    /// A returned message is redelivered after all others.
    RedeliversLater,
    /// Every delivery counts as the first one.
    CountsOne,
    /// A returned message is redelivered at once.
    ReturnsAtOnce,
    /// A terminated message is redelivered.
    RedeliversTerminated,
    /// A new source delivers everything.
    StartsOver,
    /// A new source delivers what no other has received.
    SkipsHeld,
    /// A message that is held is not redelivered.
    NeverExpires,
    /// A message is redelivered while progress is reported.
    IgnoresProgress,
    /// An acknowledgement is sent, and not confirmed.
    DoesNotWait,
    /// An acknowledgement that is not confirmed cannot be repeated.
    GivesUp,
    /// What is delivered during an interruption is not redelivered.
    LosesInterrupted,
    /// What is delivered during an interruption is redelivered after what is stored later.
    LateInterrupted,
    /// What is not a message is not delivered.
    HidesMalformed,
    /// A malformed message is redelivered forever.
    RepeatsMalformed,
}

#[derive(Debug, Default)]
pub(crate) struct Broker {
    fault: Option<Fault>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// `None` stands for what is not a message.
    stored: Vec<Option<Message>>,
    settled: BTreeSet<u64>,
    held: BTreeMap<u64, Instant>,
    deliveries: BTreeMap<u64, u64>,
    not_before: Option<Instant>,
    away: bool,
    acks: usize,
    /// Messages that are redelivered after all others.
    late: BTreeSet<u64>,
}

pub(crate) struct BrokenSource {
    broker: Arc<Broker>,
    /// For [`Fault::MissesLater`]: how many messages there were.
    seen: Mutex<Option<usize>>,
}

impl Broker {
    pub(crate) fn by(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics with it")
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(crate) fn source(self: &Arc<Self>) -> BrokenSource {
        let mut state = self.state();
        if self.has(Fault::StartsOver) {
            (state.settled, state.held) = Default::default();
        }
        if self.has(Fault::SkipsHeld) {
            let held = std::mem::take(&mut state.held);
            state.settled.extend(held.into_keys());
        }
        BrokenSource { broker: Arc::clone(self), seen: Mutex::default() }
    }

    pub(crate) fn store(&self, message: Option<Message>) {
        self.state().stored.push(message);
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.state().away = away;
    }

    /// The next messages, unless those that are held have to come before them.
    fn next(self: &Arc<Self>) -> Vec<BrokenDelivery> {
        let (mut state, now) = (self.state(), Instant::now());
        let waits = state.not_before.is_some_and(|until| until > now) && !self.has(Fault::ReturnsAtOnce);
        let expired = |until: &Instant| *until <= now && !self.has(Fault::NeverExpires);
        if waits || !state.held.values().all(expired) {
            return Vec::new();
        }
        state.held.clear();
        let all = (1..).zip(state.stored.clone()).filter(|(place, _)| !state.settled.contains(place));
        let (late, mut page): (Vec<_>, Vec<_>) = all.partition(|(place, _)| state.late.contains(place));
        page.extend(late);
        page.truncate(PAGE);
        if self.has(Fault::Reorders) {
            page.rotate_right(1);
        }
        let mut deliveries = Vec::new();
        for (place, message) in page {
            deliveries.extend(self.deliver(&mut state, place, message));
        }
        if state.away {
            let lost = deliveries.drain(..).map(|delivery| delivery.place);
            match self.fault {
                Some(Fault::LosesInterrupted) => state.settled.extend(lost),
                Some(Fault::LateInterrupted) => state.late.extend(lost),
                _ => drop(lost),
            }
        }
        deliveries
    }

    fn deliver(
        self: &Arc<Self>,
        state: &mut State,
        place: u64,
        message: Option<Message>,
    ) -> Option<BrokenDelivery> {
        let count = state.deliveries.entry(place).or_default();
        *count += 1;
        let deliveries = if self.has(Fault::CountsOne) { 1 } else { *count };
        let is_hidden = match &message {
            Some(_) => place.is_multiple_of(5) && self.has(Fault::SkipsOne),
            None => self.has(Fault::HidesMalformed),
        };
        if is_hidden || self.has(Fault::SettlesFirst) {
            state.settled.insert(place);
        } else {
            state.held.insert(place, Instant::now() + EXPIRES);
        }
        let message = message.ok_or_else(|| read(|_| None, b"").expect_err("it is not a message"));
        let message = message.map(|message| match self.has(Fault::NoRevision) {
            true => message.revision(Revision::EMPTY),
            false => message,
        });
        (!is_hidden).then(|| BrokenDelivery { broker: Arc::clone(self), message, place, deliveries })
    }
}

impl MessageSource for BrokenSource {
    type Delivery = BrokenDelivery;

    async fn receive(&self) -> Result<Vec<BrokenDelivery>, SourceError> {
        loop {
            let stored = self.broker.state().stored.len();
            let seen = *self.seen.lock().expect("no test panics with it").get_or_insert(stored);
            let misses = self.broker.has(Fault::MissesLater) && stored > seen;
            let next = if misses { Vec::new() } else { self.broker.next() };
            if self.broker.has(Fault::SettlesFirst) {
                sleep(WAIT).await;
            }
            if !next.is_empty() || self.broker.has(Fault::ReturnsNothing) {
                return Ok(next);
            }
            sleep(WAIT).await;
        }
    }
}

#[derive(Debug)]
pub(crate) struct BrokenDelivery {
    broker: Arc<Broker>,
    message: Result<Message, MalformedMessage>,
    place: u64,
    deliveries: u64,
}

impl BrokenDelivery {
    async fn settle(&self, keeps: bool) -> Result<(), SourceError> {
        {
            let mut state = self.broker.state();
            state.acks += 1;
            let ignored = self.broker.has(Fault::ForgetsAcks) && state.acks.is_multiple_of(3);
            state.held.remove(&self.place);
            if self.broker.has(Fault::AcksEarlier) {
                state.settled.extend(1..self.place);
            }
            if !ignored && !keeps {
                state.settled.insert(self.place);
            }
            if !state.away {
                return Ok(());
            }
        }
        let source = "no route".into();
        match self.broker.fault {
            Some(Fault::DoesNotWait) => return Ok(()),
            Some(Fault::GivesUp) => return Err(SourceError::Setup { source }),
            _ => sleep(WAIT).await,
        }
        Err(SourceError::Unavailable { source })
    }
}

impl Delivery for BrokenDelivery {
    fn message(&self) -> Result<&Message, &MalformedMessage> {
        self.message.as_ref()
    }

    fn place(&self) -> u64 {
        self.place
    }

    fn deliveries(&self) -> u64 {
        self.deliveries
    }

    async fn ack(&self) -> Result<(), SourceError> {
        self.settle(false).await
    }

    async fn nack(&self, after: Duration) -> Result<(), SourceError> {
        let mut state = self.broker.state();
        state.held.remove(&self.place);
        state.not_before = state.not_before.max(Some(Instant::now() + after));
        if self.broker.has(Fault::RedeliversLater) {
            state.late.insert(self.place);
        }
        Ok(())
    }

    async fn term(&self, _: &str) -> Result<(), SourceError> {
        let malformed = self.broker.has(Fault::RepeatsMalformed) && self.message.is_err();
        self.settle(malformed || self.broker.has(Fault::RedeliversTerminated)).await
    }

    async fn progress(&self) -> Result<(), SourceError> {
        if !self.broker.has(Fault::IgnoresProgress)
            && let Some(until) = self.broker.state().held.get_mut(&self.place)
        {
            *until = Instant::now() + EXPIRES;
        }
        Ok(())
    }

    fn comes_again_after(&self) -> Option<Duration> {
        Some(EXPIRES)
    }
}
