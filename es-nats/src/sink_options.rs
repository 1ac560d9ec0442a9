//! How messages are published.

use std::time::Duration;

use async_nats::jetstream::stream;
use es_core::messaging::Encoding;

/// How a [`NatsSink`](crate::NatsSink) publishes.
#[derive(Debug, Clone)]
#[must_use]
pub struct SinkOptions {
    pub(crate) stream: stream::Config,
    pub(crate) prefix: String,
    pub(crate) encoding: Encoding,
    pub(crate) ack_timeout: Duration,
}

impl SinkOptions {
    /// Publishes into the JetStream stream of this name, with the subjects `es.CATEGORY.NAME`.
    pub fn new(stream: impl Into<String>) -> Self {
        let stream = stream::Config {
            name: stream.into(),
            storage: stream::StorageType::File,
            discard: stream::DiscardPolicy::New,
            ..stream::Config::default()
        };
        Self {
            stream,
            prefix: String::from("es"),
            encoding: Encoding::Headers,
            ack_timeout: Duration::from_secs(5),
        }
    }

    /// What subjects begin with; defaults to `es`. It may have several tokens, such as `acme.loans`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How messages are written; defaults to [`Encoding::Headers`].
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// How long to wait for the server's acknowledgement of a message before it counts as not confirmed;
    /// defaults to 5 seconds. It should be shorter than the lease of the publisher's partition.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = timeout;
        self
    }

    /// Changes the stream that [`NatsSink::create`](crate::NatsSink::create) makes, such as its replicas and
    /// its limits. By default it is in a file, without limits, and a full one refuses new messages: old ones
    /// are not dropped before consumers have them. The publisher waits for room then.
    ///
    /// ```
    /// use es_nats::SinkOptions;
    ///
    /// let options = SinkOptions::new("loans").stream(|stream| {
    ///     stream.num_replicas = 3;
    ///     stream.max_bytes = 10 << 30;
    /// });
    /// # drop(options);
    /// ```
    pub fn stream(mut self, change: impl FnOnce(&mut stream::Config)) -> Self {
        change(&mut self.stream);
        self
    }
}
