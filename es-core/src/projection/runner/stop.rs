//! The orderly end of a worker: after the current work, or at once if it is idle.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::sync::watch;

/// Whether workers are asked to stop.
#[derive(Debug, Clone, Default)]
pub(in crate::projection) struct StopSignal {
    /// Without a sender nobody asks.
    asked: Option<watch::Receiver<bool>>,
    busy: Arc<AtomicBool>,
}

/// Marks work that a worker has begun and must complete, until it is dropped.
pub(super) struct Busy(Arc<AtomicBool>);

impl StopSignal {
    /// Asked through the sender.
    pub(in crate::projection) fn new() -> (watch::Sender<bool>, Self) {
        let (ask, asked) = watch::channel(false);
        (ask, Self { asked: Some(asked), busy: Arc::default() })
    }

    /// For one of several workers, each of which is busy on its own.
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

    /// Completes when the worker is asked to stop while idle. To be polled beside the worker's own future:
    /// nothing else wakes it when that completes something.
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
