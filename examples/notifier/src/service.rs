//! The service: a consumer that stores a notice for each public event.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use es_core::Recorded;
use es_core::messaging::Consumer;
use es_core::projection::OnFailure;
use es_core::reactor::{React, Reactor};
use es_core::record::BoxError;
use es_nats::{NatsSource, SourceOptions, async_nats};
use es_sqlite::SqliteStore;

use crate::notices::{Figure, Notices, OPEN};
use crate::public::{ApplicationDecided, ApplicationSubmitted, Decision};

/// Handling a message takes milliseconds, so one that is unacknowledged for this long was lost.
const ACK_WAIT: Duration = Duration::from_secs(3);

/// Stores a notice for each public event.
#[derive(Debug, Reactor)]
#[reactor(name = "notifier", events(ApplicationSubmitted, ApplicationDecided))]
pub struct Notifier {
    /// The notices.
    pub notices: Arc<Notices>,
}

impl React<ApplicationSubmitted> for Notifier {
    async fn react(&self, event: &Recorded<ApplicationSubmitted>) -> Result<(), BoxError> {
        self.notices.note(event, OPEN, Some(event.event.cents)).await
    }
}

impl React<ApplicationDecided> for Notifier {
    async fn react(&self, event: &Recorded<ApplicationDecided>) -> Result<(), BoxError> {
        let outcome = match event.event.decision {
            Decision::Approved => "approved",
            Decision::Declined => "declined",
            Decision::Cancelled => "cancelled",
        };
        self.notices.note(event, outcome, None).await
    }
}

/// Consumes the stream `loans` until `stop` resolves, and returns the figures. The notices are stored in
/// `file`, and dead letters in a second file next to it.
///
/// # Errors
///
/// When the broker cannot be reached at the start, when the stream does not exist, and when a file cannot be
/// read or written. If the broker becomes unavailable later, the service waits for it.
pub async fn run(
    nats: &str,
    file: &Path,
    stop: impl Future<Output = ()> + Send,
) -> Result<Vec<Figure>, BoxError> {
    let client = async_nats::connect(nats).await?;
    let source = NatsSource::new(client, SourceOptions::new("loans", "notifier").ack_wait(ACK_WAIT));
    let notices = Arc::new(Notices::open(file).await?);
    let letters = SqliteStore::open(file.with_extension("letters")).await?;
    let notifier = Notifier { notices: Arc::clone(&notices) };
    let consumer = Consumer::new(source, notifier, letters)
        .retries(5, Duration::from_millis(100))
        .on_failure(OnFailure::Park);
    consumer.run_until(stop).await?;
    for letter in consumer.dead_letters().await? {
        eprintln!("dead letter {}: {}", letter.number, letter.reason);
    }
    Ok(notices.figures().await?)
}
