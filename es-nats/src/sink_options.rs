//! Options of the sink.

use std::time::Duration;

use async_nats::jetstream::stream;
use es_core::messaging::Encoding;

/// Options of a [`NatsSink`](crate::NatsSink).
#[derive(Debug, Clone)]
#[must_use]
pub struct SinkOptions {
    pub(crate) stream: stream::Config,
    pub(crate) prefix: String,
    pub(crate) encoding: Encoding,
    pub(crate) ack_timeout: Duration,
}

impl SinkOptions {
    /// Publishes to the JetStream stream of this name, with the subjects `es.CATEGORY.NAME`; see
    /// [`subject`](crate::subject).
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

    /// The prefix of all subjects. Defaults to `es`. It may have several tokens, such as `acme.loans`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The encoding of messages. Defaults to [`Encoding::Headers`].
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The timeout for the server's acknowledgement of a message. Defaults to 5 seconds. Set it shorter than
    /// the lease of the publisher's partition.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = timeout;
        self
    }

    /// Changes the stream that [`NatsSink::create`](crate::NatsSink::create) creates, such as its replicas
    /// and its limits. By default it is stored in a file, without limits, and refuses new messages when it is
    /// full (`discard: new`), so that none is dropped before consumers have received it. The publisher waits
    /// until there is room.
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
