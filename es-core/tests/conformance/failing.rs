//! Runs a case of a suite on a harness that is broken.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::runtime;

/// A case of a suite.
pub(crate) type Run<H> = fn(Arc<H>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Whether a case fails on the harness. One that does not end in time has failed as well.
pub(crate) fn fails<H>(
    cases: &[(&str, Run<H>)],
    case: &str,
    harness: impl FnOnce() -> H + Send + 'static,
    patience: Duration,
) -> bool
where
    H: Send + Sync + 'static,
{
    let (_, run) = *cases.iter().find(|(name, _)| *name == case).expect("a case of that name");
    let (ended, end) = mpsc::channel();
    // On a thread of its own, which is left alone if the case spins.
    thread::spawn(move || {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let harness = Arc::new(harness());
        let case = catch_unwind(AssertUnwindSafe(|| runtime.block_on(run(harness))));
        let _nobody_waits = ended.send(case.is_ok());
    });
    !end.recv_timeout(patience).unwrap_or(false)
}
