//! Options of the source.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};

/// Options of a [`NatsSource`](crate::NatsSource).
#[derive(Debug, Clone)]
#[must_use]
pub struct SourceOptions {
    pub(crate) stream: String,
    pub(crate) consumer: pull::Config,
    pub(crate) request_timeout: Duration,
}

impl SourceOptions {
    /// Receives from the JetStream stream `stream`, through a durable consumer with the name `consumer`. The
    /// server stores its progress. Each consumer receives all messages, starting with the first one.
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

    /// Receives only messages with these subjects, such as `es.loan.>`; see [`subject`](crate::subject).
    /// Defaults to all.
    pub fn subjects<T: Into<String>>(mut self, subjects: impl IntoIterator<Item = T>) -> Self {
        self.consumer.filter_subjects = subjects.into_iter().map(Into::into).collect();
        self
    }

    /// The maximum number of messages that are received at once and not acknowledged yet. Defaults to 256.
    pub fn max_ack_pending(mut self, messages: u16) -> Self {
        self.consumer.max_ack_pending = i64::from(messages.max(1));
        self
    }

    /// The time after which the server redelivers a message that was neither acknowledged nor reported as in
    /// progress. Defaults to 30 seconds. A consumer reports progress after each third of it.
    ///
    /// After a crash, the unacknowledged messages are redelivered before any new ones, so consuming resumes
    /// after this time at the latest.
    pub fn ack_wait(mut self, wait: Duration) -> Self {
        self.consumer.ack_wait = wait;
        self
    }

    /// The times after which a message is redelivered the first time, the second time and so on, in place of
    /// [`ack_wait`](Self::ack_wait); the last one is repeated. Progress is reported after each third of the
    /// shortest one.
    pub fn backoff(mut self, waits: impl IntoIterator<Item = Duration>) -> Self {
        self.consumer.backoff = waits.into_iter().collect();
        self
    }

    /// The timeout for responses of the server. Defaults to 5 seconds.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Changes the durable consumer that is created if it does not exist, such as the message it starts with.
    pub fn consumer(mut self, change: impl FnOnce(&mut pull::Config)) -> Self {
        change(&mut self.consumer);
        self
    }

    /// The earliest time after which a message is redelivered.
    pub(crate) fn comes_again_after(&self) -> Duration {
        self.consumer.backoff.iter().min().copied().unwrap_or(self.consumer.ack_wait)
    }

    pub(crate) fn max_messages(&self) -> usize {
        usize::try_from(self.consumer.max_ack_pending).unwrap_or(1).max(1)
    }

    pub(crate) fn name(&self) -> &str {
        self.consumer.durable_name.as_deref().unwrap_or_default()
    }
}
