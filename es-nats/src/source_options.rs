//! How messages are received.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};

/// How a [`NatsSource`](crate::NatsSource) receives.
#[derive(Debug, Clone)]
#[must_use]
pub struct SourceOptions {
    pub(crate) stream: String,
    pub(crate) consumer: pull::Config,
    pub(crate) request_timeout: Duration,
}

impl SourceOptions {
    /// Receives from the JetStream stream of this name, as a durable consumer of that name, whose progress
    /// the server keeps. Each consumer receives all messages, from the first one on.
    pub fn new(stream: impl Into<String>, consumer: impl Into<String>) -> Self {
        let consumer = pull::Config {
            durable_name: Some(consumer.into()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: Duration::from_secs(30),
            max_deliver: -1,
            max_ack_pending: 256,
            ..pull::Config::default()
        };
        Self { stream: stream.into(), consumer, request_timeout: Duration::from_secs(5) }
    }

    /// Only messages with these subjects, such as `es.loan.>`; see [`subject`](crate::subject). Defaults to
    /// all.
    pub fn subjects<T: Into<String>>(mut self, subjects: impl IntoIterator<Item = T>) -> Self {
        self.consumer.filter_subjects = subjects.into_iter().map(Into::into).collect();
        self
    }

    /// How many messages are received at once, and wait for their acknowledgement, at most; defaults to 256.
    pub fn max_ack_pending(mut self, messages: u16) -> Self {
        self.consumer.max_ack_pending = i64::from(messages.max(1));
        self
    }

    /// After which time a message comes again of which nothing was heard; defaults to 30 seconds. A message
    /// that is worked on is reported every third of it. After a crash nothing new is taken until the messages
    /// of before have come again, so this is how long that may last.
    pub fn ack_wait(mut self, wait: Duration) -> Self {
        self.consumer.ack_wait = wait;
        self
    }

    /// After which times a message comes again, one after the other, in place of
    /// [`ack_wait`](Self::ack_wait); the last is repeated. Progress is reported every third of the shortest.
    pub fn backoff(mut self, waits: impl IntoIterator<Item = Duration>) -> Self {
        self.consumer.backoff = waits.into_iter().collect();
        self
    }

    /// How long to wait for an answer of the server; defaults to 5 seconds.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Changes the durable consumer that is created, if it is not there, such as where it begins.
    pub fn consumer(mut self, change: impl FnOnce(&mut pull::Config)) -> Self {
        change(&mut self.consumer);
        self
    }

    /// After which time a message comes again, at the earliest.
    pub(crate) fn comes_again_after(&self) -> Duration {
        self.consumer.backoff.iter().min().copied().unwrap_or(self.consumer.ack_wait)
    }

    pub(crate) fn most(&self) -> usize {
        usize::try_from(self.consumer.max_ack_pending).unwrap_or(1).max(1)
    }

    pub(crate) fn name(&self) -> &str {
        self.consumer.durable_name.as_deref().unwrap_or_default()
    }
}
