//! The orderly end of a worker: after what it does, and at once where it does nothing.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::sync::watch;

/// Whether workers are asked to end.
#[derive(Debug, Clone, Default)]
pub(in crate::projection) struct Stop {
    /// Nobody asks without one.
    asked: Option<watch::Receiver<bool>>,
    busy: Arc<AtomicBool>,
}

/// That a worker has begun what it is to complete, until it is dropped.
pub(super) struct Busy(Arc<AtomicBool>);

impl Stop {
    /// Asked through the sender.
    pub(in crate::projection) fn new() -> (watch::Sender<bool>, Self) {
        let (ask, asked) = watch::channel(false);
        (ask, Self { asked: Some(asked), busy: Arc::default() })
    }

    /// For one of several workers, each of which is busy for itself.
    pub(super) fn for_worker(&self) -> Self {
        Self { asked: self.asked.clone(), busy: Arc::default() }
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| *asked.borrow())
    }

    pub(super) fn busy(&self) -> Busy {
        self.busy.store(true, Ordering::Relaxed);
        Busy(Arc::clone(&self.busy))
    }

    /// Comes when it is asked to end while it does nothing. To be polled beside the worker's own future:
    /// nothing else wakes it where that completes something.
    pub(in crate::projection) async fn asked_while_idle(&mut self) {
        let Some(asked) = &mut self.asked else { return pending().await };
        if asked.wait_for(|asked| *asked).await.is_err() {
            return pending().await;
        }
        poll_fn(|_| if self.busy.load(Ordering::Relaxed) { Poll::Pending } else { Poll::Ready(()) }).await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
