//! A delivered message and its acknowledgement.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::AckKind;
use async_nats::{Client, HeaderMap, Request, Subject};
use es_core::messaging::{Delivery, MalformedMessage, Message, SourceError, read};

use crate::failure::source_unavailable;

/// The maximum length of a reason that is sent to the server, in bytes.
const LONGEST_REASON: usize = 200;

/// The header with the id of a message, if that is not `Nats-Msg-Id`: a program that copies messages within
/// the duplicate window has to send other ids there.
pub(crate) const ID_HEADER: &str = "es-id";

/// Reads a message that a [`NatsSink`](crate::NatsSink) stored, as a [`NatsSource`](crate::NatsSource) does:
/// for programs that read a stream of JetStream by themselves.
///
/// # Errors
///
/// [`MalformedMessage`] if a header is missing or invalid.
///
/// ```
/// use es_nats::async_nats::HeaderMap;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("Nats-Msg-Id", "0196f0c0-0000-7000-8000-000000000001");
/// headers.insert("es-stream", "loan/L-1");
/// assert!(es_nats::read_message(&headers, b"{}").is_err(), "its name and version are missing");
/// ```
pub fn read_message(headers: &HeaderMap, payload: &[u8]) -> Result<Message, MalformedMessage> {
    let header = |name: &str| {
        let repeated = || headers.get(NATS_MESSAGE_ID).filter(|_| name == ID_HEADER);
        Some(headers.get(name).or_else(repeated)?.as_str())
    };
    read(header, payload)
}

/// A message delivered by a [`NatsSource`](crate::NatsSource). If it is dropped unsettled, the server
/// redelivers it.
pub struct NatsDelivery {
    pub(crate) client: Client,
    pub(crate) reply: Subject,
    pub(crate) message: Result<Message, MalformedMessage>,
    pub(crate) place: u64,
    pub(crate) deliveries: u64,
    pub(crate) timeout: Duration,
    pub(crate) comes_again_after: Duration,
    /// The number of deliveries whose settlement the server has not confirmed.
    pub(crate) unsettled: Arc<AtomicUsize>,
    /// Whether an acknowledgement of any kind was sent.
    pub(crate) answered: AtomicBool,
}

/// What a delivery needs in order to answer the server.
pub(crate) struct Handle {
    pub(crate) client: Client,
    pub(crate) timeout: Duration,
    pub(crate) comes_again_after: Duration,
    pub(crate) unsettled: Arc<AtomicUsize>,
}

impl NatsDelivery {
    pub(crate) fn new(
        Handle { client, timeout, comes_again_after, unsettled }: Handle,
        (reply, place, deliveries): (Subject, u64, u64),
        message: &async_nats::Message,
    ) -> Self {
        unsettled.fetch_add(1, Ordering::Relaxed);
        let message = match &message.headers {
            Some(headers) => read_message(headers, &message.payload),
            None => read_message(&HeaderMap::new(), &message.payload),
        };
        let answered = AtomicBool::new(false);
        Self { client, reply, message, place, deliveries, timeout, comes_again_after, unsettled, answered }
    }

    /// Settles the message, and waits until the server confirms it (a double acknowledgement).
    async fn settle(&self, ack: Vec<u8>) -> Result<(), SourceError> {
        let request = Request::new().payload(ack.into()).timeout(Some(self.timeout));
        self.client.send_request(self.reply.clone(), request).await.map_err(source_unavailable)?;
        if !self.answered.swap(true, Ordering::Relaxed) {
            self.unsettled.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Answers the server, without a confirmation.
    async fn answer(&self, kind: AckKind) -> Result<(), SourceError> {
        self.client.publish(self.reply.clone(), kind.into()).await.map_err(source_unavailable)
    }
}

impl Delivery for NatsDelivery {
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
        self.settle(b"+ACK".to_vec()).await
    }

    async fn nack(&self, after: Duration) -> Result<(), SourceError> {
        self.answered.store(true, Ordering::Relaxed);
        self.answer(AckKind::Nak(Some(after).filter(|after| !after.is_zero()))).await
    }

    async fn term(&self, reason: &str) -> Result<(), SourceError> {
        let end = reason.floor_char_boundary(LONGEST_REASON);
        let reason = reason[..end].replace(char::is_control, " ");
        self.settle(format!("+TERM {reason}").into_bytes()).await
    }

    async fn progress(&self) -> Result<(), SourceError> {
        self.answer(AckKind::Progress).await
    }

    fn comes_again_after(&self) -> Option<Duration> {
        Some(self.comes_again_after)
    }
}

impl Drop for NatsDelivery {
    fn drop(&mut self) {
        if *self.answered.get_mut() {
            return;
        }
        // The server redelivers it at once. Outside a runtime, it does so after its acknowledgement timeout.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (client, reply) = (self.client.clone(), self.reply.clone());
            drop(runtime.spawn(async move { client.publish(reply, AckKind::Nak(None).into()).await }));
        }
    }
}

impl fmt::Debug for NatsDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, place, deliveries, .. } = self;
        f.debug_struct("NatsDelivery")
            .field("message", message)
            .field("place", place)
            .field("deliveries", deliveries)
            .finish_non_exhaustive()
    }
}
