//! How a store notifies its readers. Notifications are best-effort; readers also poll.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Duration, Instant};

/// Notifies readers of appends. Clones are one bell.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use es_core::store::Bell;
///
/// let bell = Bell::new();
/// let mut listener = bell.listen();
/// bell.ring();
/// listener.rung().await;
/// # }
/// ```
// The instant is when the bell was made.
#[derive(Debug, Clone)]
pub struct Bell(Arc<watch::Sender<Instant>>);

impl Bell {
    /// A bell that nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Instant::now())))
    }

    /// Wakes all listeners. Rings that nobody waited for are merged into one.
    pub fn ring(&self) {
        self.0.send_modify(|_| {});
    }

    /// A listener for every ring from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits for a [`Bell`].
#[derive(Debug, Clone)]
pub struct Listener(watch::Receiver<Instant>);

impl Listener {
    /// Forgets the rings so far. To be called before a look, so that a ring during the look is not missed.
    pub fn forget(&mut self) {
        self.0.mark_unchanged();
    }

    /// For a listener that starts late: as if the bell had rung since the last read.
    pub(crate) fn assume_rung(&mut self) {
        self.0.mark_changed();
    }

    /// The next instant, no earlier than this one, on a grid of this interval that all listeners of the bell
    /// share: those that read at that instant can share the result.
    pub(crate) fn common(&self, moment: Instant, interval: Duration) -> Instant {
        let since = moment.duration_since(*self.0.borrow()).as_micros();
        let over = since.checked_rem(interval.as_micros()).unwrap_or(0);
        match u64::try_from(over) {
            Ok(over) if over > 0 => moment + (interval - Duration::from_micros(over)),
            _ => moment,
        }
    }

    /// Waits until the bell has rung since the last [`forget`](Self::forget) or the last time it was rung;
    /// forever, once the bell is gone.
    pub async fn rung(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
