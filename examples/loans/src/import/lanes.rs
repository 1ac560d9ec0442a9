//! Deals out the records: any free worker takes the next one, but those of one application run one after the
//! other.
//!
//! A fixed worker for each application would be simpler, and leave an eighth of the workers idle: the
//! applications of a moment never spread evenly.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore};

use super::Record;
use super::latch::hold;
use crate::domain::ApplicationId;

/// How many records may have been read and not be done yet.
const AT_ONCE: usize = 4_096;

/// A record on its way, with its line and its place among those that may be.
#[derive(Debug)]
pub(super) struct Numbered {
    pub(super) line: u64,
    pub(super) record: Record,
    _place: OwnedSemaphorePermit,
}

/// The applications that some worker is busy with, and their records that wait for it.
type Busy = Arc<Mutex<HashMap<ApplicationId, VecDeque<Numbered>>>>;

/// Where records go in. The lanes end when it is dropped.
#[derive(Debug)]
pub(super) struct Entrance {
    busy: Busy,
    ready: UnboundedSender<Numbered>,
    places: Arc<Semaphore>,
    runtime: Handle,
}

/// Where the workers take records from.
#[derive(Debug, Clone)]
pub(super) struct Exit {
    busy: Busy,
    ready: Arc<AsyncMutex<UnboundedReceiver<Numbered>>>,
    places: Arc<Semaphore>,
}

/// The lanes between one reader and any number of workers. To be called on the runtime of the workers.
pub(super) fn lanes() -> (Entrance, Exit) {
    let busy = Busy::default();
    let (sender, receiver) = mpsc::unbounded_channel();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let exit = Exit {
        busy: Arc::clone(&busy),
        ready: Arc::new(AsyncMutex::new(receiver)),
        places: Arc::clone(&places),
    };
    (Entrance { busy, ready: sender, places, runtime: Handle::current() }, exit)
}

impl Entrance {
    /// Lets a record in, once there is a place for it. Blocks; `false` when nobody works any more.
    pub(super) fn enter(&self, line: u64, record: Record) -> bool {
        let places = || Arc::clone(&self.places);
        let Ok(place) =
            places().try_acquire_owned().or_else(|_| self.runtime.block_on(places().acquire_owned()))
        else {
            return false;
        };
        let mut busy = hold(&self.busy);
        let numbered = Numbered { line, record, _place: place };
        match busy.get_mut(&numbered.record.case) {
            Some(waiting) => {
                waiting.push_back(numbered);
                true
            }
            None => {
                busy.insert(numbered.record.case.clone(), VecDeque::new());
                self.ready.send(numbered).is_ok()
            }
        }
    }
}

impl Exit {
    /// The next record of an application that nobody is busy with; `None` at the end.
    pub(super) async fn next(&self) -> Option<Numbered> {
        self.ready.lock().await.recv().await
    }

    /// The next record of the application that the caller has been busy with. Without one, it is so no
    /// longer.
    pub(super) fn next_of(&self, case: &ApplicationId) -> Option<Numbered> {
        let mut busy = hold(&self.busy);
        let next = busy.get_mut(case).and_then(VecDeque::pop_front);
        if next.is_none() {
            busy.remove(case);
        }
        next
    }

    /// Says that nobody works any more.
    pub(super) fn close(&self) {
        self.places.close();
    }
}

#[cfg(test)]
mod tests {
    use es_core::time::OffsetDateTime;

    use super::*;
    use crate::import::Step;

    fn record(case: &str, seq: u64) -> Record {
        let (case, time) = (ApplicationId(case.into()), OffsetDateTime::UNIX_EPOCH);
        Record { case, seq, time, actor: None, step: Step::Accept }
    }

    #[tokio::test]
    async fn records_of_one_application_come_out_one_after_the_other_and_those_of_others_at_once() {
        let (entrance, exit) = lanes();
        for (line, (case, seq)) in [("a", 0), ("a", 1), ("b", 0), ("a", 2)].into_iter().enumerate() {
            assert!(entrance.enter(line as u64, record(case, seq)));
        }
        drop(entrance);
        let (first, other) = (exit.next().await, exit.next().await);
        let place =
            |next: &Option<Numbered>| next.as_ref().map(|next| (next.record.case.0.clone(), next.record.seq));
        assert_eq!((place(&first), place(&other)), (Some(("a".into(), 0)), Some(("b".into(), 0))));
        assert!(exit.next().await.is_none(), "the rest belongs to the worker of a");
        let a = ApplicationId("a".into());
        let rest = [exit.next_of(&a), exit.next_of(&a), exit.next_of(&a)];
        assert_eq!(rest.each_ref().map(place), [Some(("a".into(), 1)), Some(("a".into(), 2)), None]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_reader_waits_for_a_place_and_ends_when_nobody_works() {
        let (entrance, exit) = lanes();
        let reader = std::thread::spawn(move || {
            let mut entered = 0;
            while entrance.enter(entered, record(&entered.to_string(), 0)) {
                entered += 1;
            }
            entered
        });
        // One place more becomes free for each record that is done.
        for _ in 0..10 {
            let done = exit.next().await.expect("the reader reads on");
            exit.next_of(&done.record.case);
        }
        while exit.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        exit.close();
        assert_eq!(reader.join().expect("it ends"), AT_ONCE as u64 + 10);
    }
}
