//! Reactors: how often they react, in which order, and which worker does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_core::projection::{Claim, Claimed, Done, OnFailure, Partition, Target};
use es_core::reactor::{CheckpointStore, Effects, OnModel, Reactor, ReactorRunner};
use es_core::record::{DecodeError, NewEvent, RawEvent};
use es_core::store::{Append, AppendOutcome, Filter};
use es_core::{EventStore, MemoryStore, Metadata, Revision, StreamId, event};
use tokio::sync::Semaphore;

use crate::process::faulty::Faulty;

/// The events that the reactor received, by stream and revision.
type Calls = Arc<Mutex<Vec<(String, u64)>>>;

#[event(name = "door.opened")]
struct Opened {}

/// Remembers the events that it reacted to, and fails as often as the test says.
#[derive(Clone, Default)]
struct Mail {
    calls: Calls,
    failures: Arc<Mutex<BTreeMap<(String, u64), u32>>>,
    /// A gate at which reactions wait, if there is one.
    gate: Option<Gate>,
    /// A permit for each reaction that has begun.
    begun: Gate,
}

#[derive(Clone)]
struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Gate {
    fn open(&self, permits: usize) {
        self.0.add_permits(permits);
    }

    async fn pass(&self) {
        self.0.acquire().await.expect("the gate is there").forget();
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the mail server says no")]
struct Refused;

impl Reactor for Mail {
    const NAME: &'static str = "welcome-mail";
    type Error = Refused;
    type Event = (String, u64);

    fn filter() -> Filter {
        Filter::new().event::<Opened>()
    }

    fn decode(raw: &RawEvent<'_>) -> Result<Option<Self::Event>, DecodeError> {
        Ok(Some((raw.stream.key().to_owned(), raw.revision.get())))
    }

    fn events() -> &'static [es_core::__private::ReadEvent] {
        &[]
    }

    async fn react_to(&self, event: &Self::Event) -> Result<(), Refused> {
        self.begun.open(1);
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
        let mut failures = self.failures.lock().expect("a lock");
        if let Some(left) = failures.get_mut(event).filter(|left| **left > 0) {
            *left -= 1;
            return Err(Refused);
        }
        self.calls.lock().expect("a lock").push(event.clone());
        Ok(())
    }
}

impl Mail {
    fn failing(key: &str, revision: u64, times: u32) -> Self {
        let mail = Self::default();
        mail.failures.lock().expect("a lock").insert((key.to_owned(), revision), times);
        mail
    }

    fn calls(&self) -> Vec<(String, u64)> {
        self.calls.lock().expect("a lock").clone()
    }
}

async fn open(store: &MemoryStore, key: &str, revision: u64) {
    let stream = StreamId::new("door", key).expect("a stream id");
    let events = [NewEvent::new("door.opened", 1, b"{}".to_vec(), Metadata::new().into())];
    let append = Append::new(&stream, Revision::new(revision - 1), &events);
    let outcome = store.append(append).await.expect("an append");
    assert!(matches!(outcome, AppendOutcome::Appended(_)));
}

fn of(calls: &[(String, u64)], key: &str) -> Vec<u64> {
    calls.iter().filter(|(at, _)| at == key).map(|(_, revision)| *revision).collect()
}

#[tokio::test]
async fn each_event_is_reacted_to_once_in_its_order_and_a_second_run_does_nothing() {
    let (store, mail) = (MemoryStore::new(), Mail::default());
    for revision in 1..=5 {
        open(&store, "a", revision).await;
        open(&store, "b", revision).await;
    }
    let runner = ReactorRunner::new(store.clone(), mail.clone()).page_size(3);
    runner.catch_up().await.expect("it catches up");
    runner.catch_up().await.expect("it catches up");
    assert_eq!((of(&mail.calls(), "a"), of(&mail.calls(), "b")), (vec![1, 2, 3, 4, 5], vec![1, 2, 3, 4, 5]));
    assert_eq!(runner.status().await.expect("a status").lag_events(), 0);
}

#[tokio::test]
async fn reactions_before_a_failure_are_not_repeated() {
    let (store, mail) = (MemoryStore::new(), Mail::failing("a", 3, 1));
    for revision in 1..=4 {
        open(&store, "a", revision).await;
    }
    let runner = ReactorRunner::new(store.clone(), mail.clone());
    let error = runner.catch_up().await.expect_err("the third fails");
    assert!(error.to_string().contains("the mail server says no"), "{error}");
    assert_eq!(mail.calls().len(), 2);
    assert_eq!(runner.status().await.expect("a status").position().get(), 2);
    runner.catch_up().await.expect("it continues");
    assert_eq!(of(&mail.calls(), "a"), [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_retried_then_parked_with_its_stream() {
    let (store, mail) = (MemoryStore::new(), Mail::failing("a", 2, 4));
    for revision in 1..=3 {
        open(&store, "a", revision).await;
        open(&store, "b", revision).await;
    }
    let runner = ReactorRunner::new(store.clone(), mail.clone()).on_failure(OnFailure::Park);
    let runner = runner.retries(2, Duration::from_secs(20)).lease(Duration::from_secs(1));
    runner.catch_up().await.expect("it continues without the stream");
    assert_eq!((of(&mail.calls(), "a"), of(&mail.calls(), "b")), (vec![1], vec![1, 2, 3]));
    let letters = runner.dead_letters().await.expect("letters");
    let letters: Vec<_> = letters.iter().map(|letter| (letter.revision.get(), letter.attempts)).collect();
    assert_eq!(letters, [(2, 3), (3, 0)]);
    open(&store, "a", 4).await;
    runner.catch_up().await.expect("the next one waits as well");
    let stream = StreamId::new("door", "a").expect("a stream id");
    let retried = runner.retry(&stream).await.expect("it fails once more");
    assert_eq!((retried.taken, retried.left), (0, 3));
    let retried = runner.retry(&stream).await.expect("it succeeds");
    assert_eq!((retried.taken, retried.left), (3, 0));
    open(&store, "a", 5).await;
    runner.catch_up().await.expect("it continues");
    assert_eq!(of(&mail.calls(), "a"), [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_reaction_that_takes_longer_than_the_lease_is_not_run_twice() {
    let gate = Gate::default();
    let (store, mail) = (MemoryStore::new(), Mail { gate: Some(gate.clone()), ..Mail::default() });
    open(&store, "a", 1).await;
    let runner = ReactorRunner::new(store.clone(), mail.clone()).lease(Duration::from_secs(10));
    let (slow, other) = (runner.clone().owner("slow"), runner.owner("other"));
    let slow = tokio::spawn(async move { slow.catch_up().await });
    mail.begun.pass().await;
    let other = tokio::spawn(async move { other.catch_up().await });
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(mail.begun.0.available_permits(), 0, "the other one has begun as well");
    gate.open(10);
    slow.await.expect("no panic").expect("it catches up");
    other.await.expect("no panic").expect("it catches up");
    assert_eq!(mail.calls().len(), 1);
}

/// It has read them, and had no lease yet.
#[tokio::test]
async fn events_that_another_worker_has_handled_meanwhile_are_not_handled_again() {
    let (store, mail) = (Faulty::new(MemoryStore::new()), Mail::default());
    open(&store.sound(), "a", 1).await;
    let runner = ReactorRunner::new(store.clone(), mail.clone());
    let held = store.hold_read();
    let slow = tokio::spawn({
        let slow = runner.clone().owner("slow");
        async move { slow.catch_up().await }
    });
    held.begun().await;
    runner.owner("other").catch_up().await.expect("it catches up");
    held.release();
    slow.await.expect("no panic").expect("it catches up");
    assert_eq!(mail.calls().len(), 1);
}

/// Page by page, with what an earlier program has parked.
#[tokio::test]
async fn events_wait_behind_a_dead_letter_of_any_earlier_page() {
    let (store, mail) = (MemoryStore::new(), Mail::failing("a", 1, 1));
    open(&store, "a", 1).await;
    let runner = ReactorRunner::new(store.clone(), mail.clone()).on_failure(OnFailure::Park);
    runner.catch_up().await.expect("it is parked");
    for revision in 2..=4 {
        open(&store, "a", revision).await;
    }
    runner.page_size(1).catch_up().await.expect("they wait");
    assert!(mail.calls().is_empty());
}

#[tokio::test]
async fn an_event_whose_dead_letters_were_retried_while_it_waited_is_handled() {
    let (store, mail) = (MemoryStore::new(), Mail::failing("a", 1, 1));
    open(&store, "a", 1).await;
    let runner = ReactorRunner::new(store.clone(), mail.clone()).on_failure(OnFailure::Park);
    runner.catch_up().await.expect("it is parked");
    mail.begun.pass().await;
    open(&store, "a", 2).await;
    open(&store, "b", 1).await;
    let gate = Gate::default();
    let slow = ReactorRunner::new(store, Mail { gate: Some(gate.clone()), ..mail.clone() });
    let slow = tokio::spawn(async move { slow.on_failure(OnFailure::Park).catch_up().await });
    // That of `b`, while the second of `a` waits.
    mail.begun.pass().await;
    let stream = StreamId::new("door", "a").expect("a stream id");
    let retried = runner.retry(&stream).await.expect("it succeeds");
    assert_eq!((retried.taken, retried.left), (1, 0));
    gate.open(10);
    slow.await.expect("no panic").expect("it catches up");
    // That of `b` may be repeated, as after a crash.
    assert_eq!(of(&mail.calls(), "a"), [1, 2]);
    assert!(of(&mail.calls(), "b").starts_with(&[1]));
    assert!(runner.dead_letters().await.expect("letters").is_empty());
}

/// So a crash repeats few of them.
#[tokio::test(start_paused = true)]
async fn the_checkpoint_moves_between_reactions_that_take_long() {
    let gate = Gate::default();
    let (store, mail) = (MemoryStore::new(), Mail { gate: Some(gate.clone()), ..Mail::default() });
    for revision in 1..=3 {
        open(&store, "a", revision).await;
    }
    let runner = ReactorRunner::new(store, mail.clone());
    let running = tokio::spawn({
        let runner = runner.clone();
        async move { runner.catch_up().await }
    });
    mail.begun.pass().await;
    tokio::time::advance(Duration::from_secs(1)).await;
    gate.open(1);
    mail.begun.pass().await;
    running.abort();
    assert_eq!(runner.status().await.expect("a status").position().get(), 1);
}

/// Otherwise it would run forever.
#[tokio::test]
async fn effects_that_do_nothing_and_report_no_failure_stop_the_runner() {
    let store = MemoryStore::new();
    open(&store, "a", 1).await;
    let idle = Stopped { done: 0, ..Stopped::default() };
    idle.gate.open(1_000);
    let error = ReactorRunner::new(store, idle.clone()).catch_up().await.expect_err("it stops");
    assert!(error.to_string().contains("no event has taken effect"), "{error}");
    assert_eq!(idle.begun.0.available_permits(), 1);
}

type Kept = OnModel<Stopped, ()>;

#[tokio::test(start_paused = true)]
async fn a_worker_that_was_suspended_for_longer_than_its_lease_moves_no_checkpoint() {
    let gate = Gate::default();
    let store = MemoryStore::new();
    open(&store, "a", 1).await;
    let still = Stopped { gate: gate.clone(), ..Stopped::default() };
    let stopped = ReactorRunner::new(store.clone(), still.clone()).lease(Duration::from_secs(10));
    let stopped = tokio::spawn({
        let stopped = stopped.clone().owner("stopped");
        async move { stopped.catch_up().await }
    });
    still.begun.pass().await;
    // As if the target's clock had run on while this program was suspended.
    let target = store.checkpoint_target::<Kept>();
    Target::<Kept>::release(&target, Partition::ALL, 1).await.expect("it is released");
    let claim = Claim::new("other", Duration::from_secs(3600));
    let claimed = Target::<Kept>::claim(&target, Partition::ALL, &claim).await.expect("an answer");
    assert_eq!(claimed, Claimed::Lease { epoch: 2 });
    gate.open(1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (checkpoint, _) = Target::<Kept>::checkpoint(&target, Partition::ALL).await.expect("a checkpoint");
    assert_eq!(checkpoint.position().get(), 0, "the older one has moved it");
    assert_eq!(still.begun.0.available_permits(), 0, "the older one has begun again");
    assert!(!stopped.is_finished());
    stopped.abort();
}

/// It learns of it when it renews its lease, in the middle of a reaction.
#[tokio::test(start_paused = true)]
async fn a_worker_whose_partition_is_of_another_one_drops_its_reaction() {
    let store = MemoryStore::new();
    open(&store, "a", 1).await;
    let still = Stopped::default();
    let stopped = ReactorRunner::new(store.clone(), still.clone()).lease(Duration::from_secs(10));
    let stopped = tokio::spawn(async move { stopped.catch_up().await });
    still.begun.pass().await;
    let target = store.checkpoint_target::<Kept>();
    Target::<Kept>::release(&target, Partition::ALL, 1).await.expect("it is released");
    let claim = Claim::new("other", Duration::from_secs(3600));
    let claimed = Target::<Kept>::claim(&target, Partition::ALL, &claim).await.expect("an answer");
    assert_eq!(claimed, Claimed::Lease { epoch: 2 });
    tokio::time::timeout(Duration::from_secs(60), still.dropped.pass()).await.expect("it is dropped");
    stopped.abort();
}

/// Waits at a gate, and does as many events as it is told to.
#[derive(Clone)]
struct Stopped {
    begun: Gate,
    gate: Gate,
    done: usize,
    /// A permit for each run that was dropped at the gate.
    dropped: Gate,
}

impl Default for Stopped {
    fn default() -> Self {
        let gate = Gate::default;
        Self { begun: gate(), gate: gate(), done: usize::MAX, dropped: gate() }
    }
}

/// A run that waits at the gate.
struct Waiting(Option<Gate>);

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(dropped) = &self.0 {
            dropped.open(1);
        }
    }
}

impl Effects for Stopped {
    const NAME: &'static str = "stopped";
    type Event = ();

    fn filter() -> Filter {
        Filter::new()
    }

    fn decode(_: &RawEvent<'_>) -> Result<Option<()>, DecodeError> {
        Ok(Some(()))
    }

    fn events() -> &'static [es_core::__private::ReadEvent] {
        &[]
    }

    async fn run(&self, events: &[()]) -> Done {
        self.begun.open(1);
        let mut waiting = Waiting(Some(self.dropped.clone()));
        self.gate.pass().await;
        waiting.0 = None;
        Done::so_far(events.len().min(self.done))
    }
}
