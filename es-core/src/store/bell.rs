//! How a store tells readers that it is worth looking. Only a hint: who hears nothing, looks by the clock.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Duration, Instant};

/// Rung by a store after appends. Clones are one bell.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use es_core::store::Bell;
///
/// let bell = Bell::new();
/// let mut listener = bell.listen();
/// bell.ring();
/// listener.heard().await;
/// # }
/// ```
// The moment is that at which the bell was made.
#[derive(Debug, Clone)]
pub struct Bell(Arc<watch::Sender<Instant>>);

impl Bell {
    /// A bell that nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Instant::now())))
    }

    /// Wakes all listeners. Rings that nobody waited for become one.
    pub fn ring(&self) {
        self.0.send_modify(|_| {});
    }

    /// Hears every ring from now on.
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

    /// For one who begins to listen late: as if the bell had rung since the last look.
    pub(crate) fn presume_rung(&mut self) {
        self.0.mark_changed();
    }

    /// The first moment, no earlier than this one, of those that follow each other at this interval and are
    /// the same for all who listen to the bell: those who look then can share what they find.
    pub(crate) fn common(&self, moment: Instant, interval: Duration) -> Instant {
        let since = moment.duration_since(*self.0.borrow()).as_micros();
        let over = since.checked_rem(interval.as_micros()).unwrap_or(0);
        match u64::try_from(over) {
            Ok(over) if over > 0 => moment + (interval - Duration::from_micros(over)),
            _ => moment,
        }
    }

    /// Waits until the bell has rung since the last [`forget`](Self::forget) or the last time it was heard;
    /// for ever, once the bell is gone.
    pub async fn heard(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
