//! A message that was delivered, and what the server is told of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::{Client, Request, Subject};
use es_core::messaging::{Delivery, MalformedMessage, Message, SourceError, read};

use crate::failure::away;

/// The longest reason that is told to the server, in bytes.
const LONGEST_REASON: usize = 200;

/// A message of a [`NatsSource`](crate::NatsSource). One that is dropped before it is settled is given back.
pub struct NatsDelivery {
    pub(crate) client: Client,
    pub(crate) reply: Subject,
    pub(crate) message: Result<Message, MalformedMessage>,
    pub(crate) place: u64,
    pub(crate) deliveries: u64,
    pub(crate) timeout: Duration,
    pub(crate) comes_again_after: Duration,
    /// How many deliveries the server has not confirmed to be settled.
    pub(crate) open: Arc<AtomicUsize>,
    pub(crate) answered: AtomicBool,
}

/// What is known of a message besides its content.
pub(crate) struct Handle {
    pub(crate) client: Client,
    pub(crate) timeout: Duration,
    pub(crate) comes_again_after: Duration,
    pub(crate) open: Arc<AtomicUsize>,
}

impl NatsDelivery {
    pub(crate) fn new(
        Handle { client, timeout, comes_again_after, open }: Handle,
        (reply, place, deliveries): (Subject, u64, u64),
        message: &async_nats::Message,
    ) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        let header = |name: &str| Some(message.headers.as_ref()?.get(name)?.as_str());
        let message = read(header, &message.payload);
        let answered = AtomicBool::new(false);
        Self { client, reply, message, place, deliveries, timeout, comes_again_after, open, answered }
    }

    /// Tells the server, which confirms it.
    async fn settle(&self, answer: Vec<u8>) -> Result<(), SourceError> {
        let request = Request::new().payload(answer.into()).timeout(Some(self.timeout));
        self.client.send_request(self.reply.clone(), request).await.map_err(away)?;
        if !self.answered.swap(true, Ordering::Relaxed) {
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn tell(&self, kind: AckKind) -> Result<(), SourceError> {
        self.client.publish(self.reply.clone(), kind.into()).await.map_err(away)
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
        self.tell(AckKind::Nak(Some(after).filter(|after| !after.is_zero()))).await
    }

    async fn term(&self, reason: &str) -> Result<(), SourceError> {
        let end = reason.floor_char_boundary(LONGEST_REASON);
        let reason = reason[..end].replace(char::is_control, " ");
        self.settle(format!("+TERM {reason}").into_bytes()).await
    }

    async fn progress(&self) -> Result<(), SourceError> {
        self.tell(AckKind::Progress).await
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
        // Somebody else gets it at once then. Otherwise it comes again by itself.
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
