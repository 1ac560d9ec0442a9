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

/// The cases of a suite for a harness, by their names.
macro_rules! cases {
    ($suite:ident $harness:ty; $($case:ident),* $(,)?) => {
        const CASES: &[(&str, crate::failing::Run<$harness>)] =
            &[$((stringify!($case), |harness| Box::pin(async move { $suite::$case(&*harness).await }))),*];
    };
}
pub(crate) use cases;

/// Tests that each of `FAULTS` is noticed by the case beside it, and that each of `CASES` notices a fault.
macro_rules! faults_are_noticed {
    ($harness:ty) => {
        /// Whether a case fails on a harness with this fault. A case that does not end has failed as well;
        /// each ends by itself within a few times its timeout.
        fn fails(fault: Fault, case: &str) -> bool {
            let longest = std::time::Duration::from_secs(20);
            crate::failing::fails(CASES, case, move || <$harness>::by(Some(fault)), longest)
        }

        #[test]
        fn every_fault_is_noticed() {
            let missed: Vec<_> = FAULTS.iter().filter(|(fault, case)| !fails(*fault, case)).collect();
            assert!(missed.is_empty(), "{missed:#?}");
        }

        #[test]
        fn every_case_notices_a_fault() {
            let noticing = |case: &str| FAULTS.iter().any(|(_, of)| *of == case);
            let idle: Vec<_> = CASES.iter().map(|(case, _)| *case).filter(|case| !noticing(case)).collect();
            assert!(idle.is_empty(), "{idle:#?}");
        }
    };
}
pub(crate) use faults_are_noticed;
