//! How far a subscription has come, for observers other than its reader.

use std::sync::{Arc, Mutex, MutexGuard};

use time::OffsetDateTime;

use crate::error::StoreError;
use crate::latch::hold;
use crate::store::{AllPage, Checkpoint};
use crate::stream::Position;

/// How far a [`Subscription`](crate::subscription::Subscription) of this program has come, and its current
/// failure, if any; from [`SubscriptionWatch::status`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SubscriptionStatus {
    /// The last event that it has read or passed.
    pub position: Position,
    /// How many events it has read in all.
    pub events: u64,
    /// When it last read without an error, whether or not there was something to read.
    pub read_at: Option<OffsetDateTime>,
    /// How many times in a row it has failed; 0 while it works.
    pub tries: u64,
    /// When the first of those failures occurred.
    pub failed_at: Option<OffsetDateTime>,
    /// The last of those failures.
    pub error: Option<String>,
}

/// Shows how far a subscription has come, while another task waits for its next event; from
/// [`Subscription::watch`](crate::subscription::Subscription::watch). It outlives the subscription.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use es_core::subscription::Subscription;
/// use es_core::MemoryStore;
///
/// let mut subscription = Subscription::new(MemoryStore::new());
/// let watch = subscription.watch();
/// subscription.page(&mut |_| Ok(())).await?;
/// let status = watch.status();
/// assert!(status.read_at.is_some() && status.error.is_none());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct SubscriptionWatch(Arc<Mutex<SubscriptionStatus>>);

impl SubscriptionWatch {
    /// How far it has come.
    #[must_use]
    pub fn status(&self) -> SubscriptionStatus {
        self.lock().clone()
    }

    pub(super) fn set_checkpoint(&self, checkpoint: Checkpoint) {
        self.lock().position = checkpoint.position();
    }

    pub(super) fn read(&self, page: &AllPage) {
        let mut status = self.lock();
        status.position = page.checkpoint.position();
        status.events += page.events as u64;
        status.read_at = Some(OffsetDateTime::now_utc());
        if status.tries > 0 {
            (status.tries, status.failed_at, status.error) = (0, None, None);
        }
    }

    pub(super) fn failed(&self, error: &StoreError) {
        let mut status = self.lock();
        status.tries += 1;
        status.failed_at.get_or_insert_with(OffsetDateTime::now_utc);
        status.error = Some(error.to_string());
    }

    fn lock(&self) -> MutexGuard<'_, SubscriptionStatus> {
        hold(&self.0)
    }
}
