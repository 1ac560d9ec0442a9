//! A sink for a broker in memory, with one fault.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use es_core::messaging::{Message, MessageSink, SinkError};
use es_core::uuid::Uuid;
use es_core::{Revision, StreamId};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How long the sink waits for a confirmation.
const TIMEOUT: Duration = Duration::from_millis(150);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A message is stored with the next one, and confirmed before.
    ConfirmsEarly,
    /// Every fifth message is confirmed and not stored.
    DropsOne,
    /// One that is sent while others are in flight takes their place.
    DropsInWindows,
    /// A message is stored before the last one of its stream.
    Reorders,
    /// A message is stored before the last one of another stream.
    Overtakes,
    /// A message is stored twice.
    StoresTwice,
    /// A message that is sent again is stored again.
    StoresRepeated,
    /// A message that is sent again has another id.
    NewIds,
    /// The correlation id is not stored.
    NoCorrelation,
    /// The revision is not stored.
    NoRevision,
    /// Bytes of the payload are cut off.
    CutsPayloads,
    /// Keys are stored in ASCII.
    ChangesKeys,
    /// The next message is sent when the confirmation of the last one was polled.
    NeedsPolling,
    /// A confirmation that is dropped takes the next message with it.
    DroppedTakesNext,
    /// What a second sink sends is not stored.
    OneSender,
    /// A sink that is created closes those that were there.
    NewestSender,
    /// What was confirmed last is lost when the broker is interrupted.
    LosesWindow,
    /// Messages are confirmed while the broker is unavailable.
    ConfirmsWhileAway,
    /// A broker that is unavailable refuses messages.
    GivesUp,
    /// A confirmation does not resolve while the broker is unavailable.
    WaitsForEver,
    /// The limit for a confirmation counts from its first poll.
    CountsFromPoll,
    /// What was sent while the broker was unavailable is stored again later, after newer messages.
    StoresLate,
    /// A refusal is reported for the message that was sent before.
    RefusesAnother,
    /// A refused message is reported as if the broker were unavailable.
    RefusalPasses,
    /// A refused message is stored.
    StoresRefused,
    /// The second attempt at a refused message is confirmed.
    ConfirmsRefused,
}

#[derive(Debug, Default)]
pub(crate) struct Broker {
    fault: Option<Fault>,
    state: Mutex<State>,
    polled: Notify,
}

#[derive(Debug, Default)]
struct State {
    stored: Vec<Message>,
    away: bool,
    sinks: usize,
    sent: usize,
    in_flight: usize,
    /// A message that is stored with the next one, or when the broker is available again.
    late: Vec<Message>,
    /// The next message is not stored.
    drops: bool,
    refused: Vec<Uuid>,
    /// The confirmation of the last message fails in place of the next one.
    blamed: Option<Arc<Mutex<bool>>>,
}

/// A sink, by its number among those of its broker.
#[derive(Clone)]
pub(crate) struct BrokenSink {
    broker: Arc<Broker>,
    number: usize,
}

/// Payloads of this length are refused.
pub(crate) const TOO_LARGE: usize = 1 << 20;

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

    pub(crate) fn sink(self: &Arc<Self>) -> BrokenSink {
        let mut state = self.state();
        state.sinks += 1;
        BrokenSink { broker: Arc::clone(self), number: state.sinks }
    }

    pub(crate) fn stored(&self) -> Vec<Message> {
        self.state().stored.clone()
    }

    pub(crate) fn interrupt(&self) {
        let mut state = self.state();
        state.away = true;
        if self.has(Fault::LosesWindow) {
            let kept = state.stored.len().saturating_sub(4);
            state.stored.truncate(kept);
        }
    }

    pub(crate) fn restore(&self) {
        self.state().away = false;
    }

    /// Passes a message to the broker; returns whether it confirms it.
    fn take(&self, state: &mut State, mut message: Message, number: usize) -> bool {
        state.sent += 1;
        if state.away {
            if self.has(Fault::StoresLate) {
                state.late.push(message);
            }
            return self.has(Fault::ConfirmsWhileAway);
        }
        let is_lost = match self.fault {
            Some(Fault::DropsOne) => state.sent.is_multiple_of(5),
            Some(Fault::DropsInWindows) => state.in_flight > 8,
            Some(Fault::OneSender) => number > 1,
            Some(Fault::NewestSender) => number < state.sinks,
            _ => std::mem::take(&mut state.drops),
        };
        if is_lost {
            return true;
        }
        self.change(state, &mut message);
        if self.has(Fault::ConfirmsEarly) {
            let before = std::mem::replace(&mut state.late, vec![message]);
            state.stored.extend(before);
            return true;
        }
        if state.stored.iter().any(|stored| stored.id == message.id) && !self.has(Fault::StoresRepeated) {
            return true;
        }
        let last = state.stored.len().saturating_sub(1);
        match self.fault {
            Some(Fault::Reorders) => {
                let at = state.stored.iter().rposition(|stored| stored.stream == message.stream);
                let at = at.unwrap_or(state.stored.len());
                state.stored.insert(at, message);
            }
            Some(Fault::Overtakes)
                if state.stored.last().is_some_and(|stored| stored.stream != message.stream) =>
            {
                state.stored.insert(last, message);
            }
            Some(Fault::StoresTwice) => state.stored.extend([message.clone(), message]),
            _ => state.stored.push(message),
        }
        if self.has(Fault::StoresLate) {
            let late = std::mem::take(&mut state.late);
            state.stored.extend(late);
        }
        true
    }

    fn change(&self, state: &State, message: &mut Message) {
        match self.fault {
            Some(Fault::NewIds) if state.stored.iter().any(|stored| stored.id == message.id) => {
                message.id = Uuid::now_v7();
            }
            Some(Fault::NoCorrelation) => message.correlation_id = None,
            Some(Fault::NoRevision) => message.revision = Revision::EMPTY,
            Some(Fault::CutsPayloads) => message.payload.truncate(50_000),
            Some(Fault::ChangesKeys) => {
                let key = message.stream.key().replace(|of: char| !of.is_ascii_graphic(), "_");
                message.stream = StreamId::new(message.stream.category(), key).expect("a stream id");
            }
            _ => {}
        }
    }

    /// The error for a message that is too large.
    fn refuse(&self, message: &Message) -> Result<(), SinkError> {
        let mut state = self.state();
        let again = state.refused.contains(&message.id);
        state.refused.push(message.id);
        match self.fault {
            Some(Fault::RefusalPasses) => Err(away()),
            Some(Fault::ConfirmsRefused) if again => Ok(()),
            Some(Fault::StoresRefused) => {
                state.stored.push(message.clone());
                Err(refused())
            }
            Some(Fault::RefusesAnother) => match state.blamed.take() {
                Some(last) => {
                    *last.lock().expect("no test panics with it") = true;
                    Ok(())
                }
                None => Err(refused()),
            },
            _ => Err(refused()),
        }
    }
}

/// A message in flight.
struct InFlight(Arc<Broker>, bool);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight -= 1;
        state.drops |= self.0.has(Fault::DroppedTakesNext) && !self.1;
        self.0.polled.notify_one();
    }
}

impl MessageSink for BrokenSink {
    type Confirmation = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

    async fn send(&self, message: &Message) -> Result<Self::Confirmation, SinkError> {
        let broker = &self.broker;
        if message.payload.len() >= TOO_LARGE {
            let outcome = broker.refuse(message);
            return Ok(Box::pin(async { outcome }));
        }
        while broker.has(Fault::NeedsPolling) && broker.state().in_flight > 0 {
            broker.polled.notified().await;
        }
        let until = Instant::now() + TIMEOUT;
        let mut state = broker.state();
        state.in_flight += 1;
        let mut in_flight = InFlight(Arc::clone(broker), false);
        let confirmed = broker.take(&mut state, message.clone(), self.number);
        let blamed = Arc::new(Mutex::new(false));
        state.blamed = Some(Arc::clone(&blamed));
        drop(state);
        Ok(Box::pin(async move {
            in_flight.1 = true;
            let broker = &in_flight.0;
            if confirmed {
                let blamed = *blamed.lock().expect("no test panics with it");
                return if blamed { Err(refused()) } else { Ok(()) };
            }
            match broker.fault {
                Some(Fault::WaitsForEver) => std::future::pending().await,
                Some(Fault::CountsFromPoll) => tokio::time::sleep(TIMEOUT).await,
                _ => sleep_until(until).await,
            }
            Err(if broker.has(Fault::GivesUp) { refused() } else { away() })
        }))
    }
}

fn away() -> SinkError {
    SinkError::Unavailable { source: "no route".into() }
}

fn refused() -> SinkError {
    SinkError::Refused { source: "too large".into() }
}
