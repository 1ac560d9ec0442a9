//! The service: a consumer that notes each public event.

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

/// A message is worked on for milliseconds: one of which nothing was heard for this long was lost.
const ACK_WAIT: Duration = Duration::from_secs(3);

/// Notes each public event.
#[derive(Debug, Reactor)]
#[reactor(name = "notifier", events(ApplicationSubmitted, ApplicationDecided))]
pub struct Notifier {
    /// Where.
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

/// Follows the stream `loans` until `stop` resolves, and returns the figures. The notices are in the file,
/// and dead letters in another one next to it.
///
/// # Errors
///
/// A broker that does not answer at first or has no such stream, and whatever the files report. A broker that
/// goes away later is waited for.
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
