//! A broker whose confirmations and failures a test controls.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use es_core::messaging::{Message, MessageSink, SinkError};
use tokio::sync::{Semaphore, oneshot};

type Outcome = Result<(), SinkError>;

/// Stream and revision.
pub type Place = (String, u64);

#[derive(Clone)]
pub struct Broker {
    state: Arc<Mutex<State>>,
    /// A permit for each message that was sent.
    pub sent: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    /// Every message that was sent, in order.
    log: Vec<Place>,
    waiting: BTreeMap<Place, oneshot::Sender<Outcome>>,
    holds: bool,
    failures: BTreeMap<Place, Vec<fn() -> SinkError>>,
}

impl Broker {
    /// Confirms at once.
    pub fn new() -> Self {
        Self { state: Arc::default(), sent: Arc::new(Semaphore::new(0)) }
    }

    /// Confirms when the test says so.
    pub fn holding() -> Self {
        let broker = Self::new();
        broker.state().holds = true;
        broker
    }

    /// Makes the next attempts to send this message fail, each with one of these errors.
    pub fn fail(&self, key: &str, revision: u64, errors: &[fn() -> SinkError]) {
        let mut errors = errors.to_vec();
        errors.reverse();
        self.state().failures.insert((key.to_owned(), revision), errors);
    }

    pub fn confirm(&self, key: &str, revision: u64) {
        let waiting = self.state().waiting.remove(&(key.to_owned(), revision)).expect("it was sent");
        waiting.send(Ok(())).expect("it is waited for");
    }

    pub fn release(&self) {
        let mut state = self.state();
        state.holds = false;
        for (_, waiting) in std::mem::take(&mut state.waiting) {
            let _ = waiting.send(Ok(()));
        }
    }

    pub fn log(&self) -> Vec<Place> {
        self.state().log.clone()
    }

    /// The revisions of a stream, in the order in which they were sent.
    pub fn of(&self, key: &str) -> Vec<u64> {
        self.log().into_iter().filter(|(at, _)| at == key).map(|(_, revision)| revision).collect()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("a lock")
    }

    pub async fn wait_for(&self, messages: u32) {
        self.sent.acquire_many(messages).await.expect("it is open").forget();
    }
}

impl MessageSink for Broker {
    type Confirmation = Pin<Box<dyn Future<Output = Outcome> + Send>>;

    async fn send(&self, message: &Message) -> Result<Self::Confirmation, SinkError> {
        let place = (message.stream.key().to_owned(), message.revision.get());
        let mut state = self.state();
        if let Some(error) = state.failures.get_mut(&place).and_then(Vec::pop) {
            return Ok(Box::pin(std::future::ready(Err(error()))));
        }
        state.log.push(place.clone());
        self.sent.add_permits(1);
        if !state.holds {
            return Ok(Box::pin(std::future::ready(Ok(()))));
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.insert(place, sender);
        Ok(Box::pin(async { receiver.await.unwrap_or_else(|_| Err(away())) }))
    }
}

pub fn away() -> SinkError {
    SinkError::Unavailable { source: "no route".into() }
}

pub fn refused() -> SinkError {
    SinkError::Refused { source: "too large".into() }
}

pub fn no_stream() -> SinkError {
    SinkError::Setup { source: "no stream".into() }
}
