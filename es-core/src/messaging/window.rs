//! Messages in flight: a limited number at once, and one per stream, so that none overtakes another.

use std::collections::{HashSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::Instant;
use uuid::Uuid;

use super::message::Message;
use super::publisher::Publisher;
use super::sink::{MessageSink, SinkError};
use crate::latch;
use crate::model::ReadEvent;
use crate::projection::{Caused, Done, caught};
use crate::reactor::{CHECKPOINT_INTERVAL, Effects};
use crate::record::{BoxError, DecodeError, RawEvent};
use crate::store::Filter;
use crate::stream::StreamId;

/// A publisher with its sink: the effects that a [`PublisherRunner`](super::PublisherRunner) runs.
#[derive(Debug)]
pub struct Publishing<F, K> {
    feed: F,
    sink: K,
    window: AtomicUsize,
    /// Messages that were confirmed before an earlier one of another stream was: they are not sent again.
    ahead: Mutex<HashSet<Uuid>>,
}

/// A message that was sent and is not confirmed.
struct SentMessage<C> {
    at: usize,
    id: Uuid,
    stream: StreamId,
    confirmation: C,
}

/// A page of events in flight.
struct InFlight<'a, C> {
    ahead: &'a Mutex<HashSet<Uuid>>,
    sent: VecDeque<SentMessage<C>>,
    streams: HashSet<StreamId>,
    /// The first event that has not taken effect.
    failed: Option<(usize, BoxError)>,
}

impl<F, K> Publishing<F, K> {
    pub(super) fn new(feed: F, sink: K, window: usize) -> Self {
        Self { feed, sink, window: AtomicUsize::new(window), ahead: Mutex::default() }
    }

    pub(super) fn set_window(&self, window: usize) {
        self.window.store(window.max(1), Ordering::Relaxed);
    }
}

impl<F: Publisher, K: MessageSink> Publishing<F, K> {
    /// Sends a page, until something fails or the checkpoint is to move; returns how many events it has
    /// passed.
    async fn send_all(&self, events: &[F::Event], page: &mut InFlight<'_, K::Confirmation>) -> usize {
        let window = self.window.load(Ordering::Relaxed);
        let began = Instant::now();
        for (at, event) in events.iter().enumerate() {
            if at > 0 && began.elapsed() >= CHECKPOINT_INTERVAL {
                return at;
            }
            let message = match self.message(event) {
                Ok(Some(message)) if !page.is_ahead(message.id) => message,
                Ok(_) => continue,
                Err(error) => {
                    page.fail(at, error);
                    return at;
                }
            };
            while page.sent.len() >= window || page.streams.contains(&message.stream) {
                page.confirm_oldest().await;
                if page.failed.is_some() {
                    return at;
                }
            }
            match self.sink.send(&message).await {
                Ok(confirmation) => page.push(at, message, confirmation),
                Err(error) => {
                    page.fail(at, Caused::from(error).into());
                    return at;
                }
            }
        }
        events.len()
    }

    fn message(&self, event: &F::Event) -> Result<Option<Message>, BoxError> {
        Ok(caught(|| self.feed.message(event))??)
    }
}

impl<C: Future<Output = Result<(), SinkError>> + Unpin> InFlight<'_, C> {
    fn is_ahead(&self, id: Uuid) -> bool {
        latch::hold(self.ahead).contains(&id)
    }

    fn push(&mut self, at: usize, Message { id, stream, .. }: Message, confirmation: C) {
        self.streams.insert(stream.clone());
        self.sent.push_back(SentMessage { at, id, stream, confirmation });
    }

    fn fail(&mut self, at: usize, error: BoxError) {
        if self.failed.as_ref().is_none_or(|(first, _)| at < *first) {
            self.failed = Some((at, error));
        }
    }

    /// Waits for the oldest message; returns whether there was one.
    async fn confirm_oldest(&mut self) -> bool {
        let Some(SentMessage { at, id, stream, confirmation }) = self.sent.pop_front() else { return false };
        match confirmation.await {
            Ok(()) if self.failed.as_ref().is_some_and(|(first, _)| *first < at) => {
                latch::hold(self.ahead).insert(id);
            }
            Ok(()) => {}
            Err(error) => self.fail(at, Caused::from(error).into()),
        }
        self.streams.remove(&stream);
        true
    }
}

impl<F: Publisher, K: MessageSink> Effects for Publishing<F, K> {
    const KIND: &'static str = "publisher";
    const NAME: &'static str = F::NAME;
    type Event = F::Event;

    fn filter() -> Filter {
        F::filter()
    }

    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self::Event>, DecodeError> {
        F::decode(raw)
    }

    fn events() -> &'static [ReadEvent] {
        F::events()
    }

    async fn run(&self, events: &[Self::Event]) -> Done {
        let mut page =
            InFlight { ahead: &self.ahead, sent: VecDeque::new(), streams: HashSet::new(), failed: None };
        let sent = self.send_all(events, &mut page).await;
        while page.confirm_oldest().await {}
        let passed = page.failed.as_ref().map_or(sent, |(at, _)| *at);
        self.forget(&events[..passed]);
        match page.failed {
            None => Done::so_far(passed),
            Some((at, error)) => Done::up_to(at, error),
        }
    }
}

impl<F: Publisher, K: MessageSink> Publishing<F, K> {
    /// Forgets these events: they are before the checkpoint, so they are not sent again.
    fn forget(&self, events: &[F::Event]) {
        let mut ahead = latch::hold(&self.ahead);
        if ahead.is_empty() {
            return;
        }
        for message in events.iter().filter_map(|event| self.message(event).ok().flatten()) {
            ahead.remove(&message.id);
        }
    }
}
