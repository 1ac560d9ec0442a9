//! A panic in a user's code fails its own command, and nothing else.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::Meddler;
use es_core::stream::InvalidKey;
use es_core::{
    Aggregate, Apply, ExecuteError, MemoryStore, Repository, Retry, Revision, StoreError, StreamKey, emit,
    event,
};
use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::oneshot;

#[event(name = "tank.filled")]
struct Filled {
    litres: u64,
}

#[event(name = "tank.drained")]
struct Drained {
    litres: u64,
}

fn not_seven<S: Serializer>(number: &u8, serializer: S) -> Result<S::Ok, S::Error> {
    assert_ne!(*number, 7, "this cannot be written");
    serializer.serialize_u8(*number)
}

#[event(name = "tank.marked")]
struct Marked {
    #[serde(serialize_with = "not_seven")]
    #[shape("u8")]
    number: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Number(u8);

impl StreamKey for Number {
    fn to_key(&self) -> Cow<'_, str> {
        assert_ne!(self.0, 7, "this is not a number");
        Cow::Owned(self.0.to_string())
    }

    fn from_key(key: &str) -> Result<Self, InvalidKey> {
        key.parse().map(Self).map_err(|_| InvalidKey::new(key, "number"))
    }
}

/// Panics when more is drained than there is.
#[derive(Aggregate, Default, Debug, Serialize, Deserialize)]
#[aggregate(name = "account", id = Number, events(Filled, Drained, Marked), snapshot(every = 3))]
struct Tank {
    #[serde(serialize_with = "unless_bursting")]
    #[shape("u64")]
    litres: u64,
}

/// No snapshot of exactly 666.
fn unless_bursting<S: Serializer>(litres: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    assert_ne!(*litres, 666, "no snapshot of this");
    serializer.serialize_u64(*litres)
}

impl Apply<Filled> for Tank {
    fn apply(&mut self, event: Filled) {
        self.litres += event.litres;
    }
}

impl Apply<Drained> for Tank {
    fn apply(&mut self, event: Drained) {
        self.litres = self.litres.checked_sub(event.litres).expect("enough");
    }
}

impl Apply<Marked> for Tank {
    fn apply(&mut self, _: Marked) {}
}

type Tanks = Repository<Tank, Meddler>;

const ID: Number = Number(1);

async fn fill(tanks: &Tanks, litres: u64) -> u64 {
    let done = tanks.decide(&ID, async |_: Arc<Tank>| emit::<_, StoreError>(Filled { litres })).await;
    done.expect("filled").revision.get()
}

async fn drain(tanks: &Tanks, litres: u64) -> Result<u64, ExecuteError<StoreError>> {
    let decide = async |_: Arc<Tank>| emit((Filled { litres: 1 }, Drained { litres }));
    tanks.decide(&ID, decide).await.map(|done| done.revision.get())
}

fn assert_refused(refused: Result<u64, ExecuteError<StoreError>>) {
    let error = refused.expect_err("`apply` panics");
    assert!(!error.is_retryable());
    let text = error.to_string();
    let ExecuteError::Store(StoreError::NotApplicable { aggregate, name, version }) = error else {
        panic!("{text}")
    };
    assert_eq!((aggregate, name, version), ("account", "tank.drained", 1));
    assert!(!text.contains("enough"), "{text}");
}

#[tokio::test]
async fn an_event_that_cannot_be_applied_is_not_written() {
    for entries in [0, 10] {
        let tanks = Tanks::new(Meddler::default()).with_cache(entries).with_retry(Retry::NEVER);
        assert_refused(drain(&tanks, 5).await);
        assert_eq!(fill(&tanks, 10).await, 1);
        assert_refused(drain(&tanks, 99).await);
        assert_eq!(Meddler::count(&tanks.store().appends), 1);
        assert_eq!(drain(&tanks, 5).await.expect("there is enough"), 3);
        let loaded = tanks.load(&ID).await.expect("it is loaded");
        assert_eq!((loaded.state.litres, loaded.revision.get()), (6, 3));
    }
}

#[tokio::test]
async fn an_event_that_only_an_old_state_cannot_apply_is_decided_again() {
    let store = Meddler::default();
    let (ours, theirs) = (Tanks::new(store.clone()), Tanks::new(store));
    fill(&ours, 1).await;
    fill(&theirs, 100).await;
    assert_eq!(drain(&ours, 50).await.expect("enough, on the fresh state"), 4);
}

#[tokio::test]
async fn an_event_that_cannot_be_applied_is_not_written_when_the_decision_has_kept_the_state() {
    let tanks = Tanks::new(Meddler::default()).with_retry(Retry::NEVER);
    let kept = std::sync::Mutex::new(Vec::new());
    let decide = async |state: Arc<Tank>| {
        kept.lock().expect("no panic").push(state);
        emit(Drained { litres: 5 })
    };
    let refused = tanks.decide(&ID, decide).await.map(|done| done.revision.get());
    assert_refused(refused);
    assert_eq!(Meddler::count(&tanks.store().appends), 0);
    fill(&tanks, 7).await;
    tanks.decide(&ID, decide).await.map(drop).expect("enough");
    assert_eq!(tanks.load(&ID).await.expect("loaded").state.litres, 2);
}

#[tokio::test]
async fn in_a_line_of_commands_only_the_one_that_cannot_be_applied_is_refused() {
    let tanks = Tanks::new(Meddler::default()).with_retry(Retry::NEVER);
    fill(&tanks, 1).await;
    tanks.store().hold();
    let (begun, begins) = oneshot::channel();
    let (go, told) = oneshot::channel::<()>();
    let gates = Arc::new(std::sync::Mutex::new(Some((begun, told))));
    let first = tokio::spawn({
        let tanks = tanks.clone();
        async move {
            let decide = async |_: Arc<Tank>| {
                let gates = gates.lock().expect("no panic").take();
                if let Some((begun, told)) = gates {
                    begun.send(()).expect("the line is being made");
                    told.await.expect("told");
                }
                emit::<_, StoreError>(Filled { litres: 10 })
            };
            tanks.decide(&ID, decide).await.map(|done| done.revision.get())
        }
    });
    begins.await.expect("begun");
    let line = [5, 50, 2].map(|litres| {
        let tanks = tanks.clone();
        let command = async move { drain(&tanks, litres).await };
        tokio::spawn(command)
    });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    go.send(()).expect("it waits");
    tanks.store().until_taken(2).await;
    tanks.store().carry_out().await;
    assert_eq!(first.await.expect("no panic").expect("filled"), 2);
    let mut outcomes = Vec::new();
    for command in line {
        outcomes.push(command.await.expect("no panic"));
    }
    assert_refused(outcomes.remove(1));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let loaded = tanks.load(&ID).await.expect("it is loaded");
    assert_eq!((loaded.state.litres, loaded.revision.get()), (6, 6));
}

/// Runs a command that panics, and then one that waits for the same turn.
async fn panics<F: Future<Output = ()> + Send + 'static>(tanks: &Tanks, command: F) {
    let before = Meddler::count(&tanks.store().appends);
    assert!(tokio::spawn(command).await.expect_err("a panic").is_panic());
    assert_eq!(Meddler::count(&tanks.store().appends), before, "nothing is written");
    let patience = std::time::Duration::from_secs(4);
    tokio::time::timeout(patience, fill(tanks, 1)).await.expect("the turn is free at once");
}

#[tokio::test]
async fn a_panic_in_a_decision_or_an_encoding_or_an_id_leaves_the_aggregate_as_it_was() {
    let tanks = Tanks::new(Meddler::default());
    fill(&tanks, 1).await;
    let of = tanks.clone();
    panics(&tanks, async move {
        let decide = async |state: Arc<Tank>| -> Result<es_core::Events<Tank>, StoreError> {
            panic!("on purpose, at {}", state.litres)
        };
        let _never = of.decide(&ID, decide).await;
    })
    .await;
    let of = tanks.clone();
    panics(&tanks, async move {
        let _never = of.decide(&ID, async |_| emit::<_, StoreError>(Marked { number: 7 })).await;
    })
    .await;
    let of = tanks.clone();
    panics(&tanks, async move {
        let _never = of.decide(&Number(7), async |_| emit::<_, StoreError>(Marked { number: 1 })).await;
    })
    .await;
    let loaded = tanks.load(&ID).await.expect("it is loaded");
    assert_eq!((loaded.state.litres, loaded.revision.get()), (4, 4));
}

#[tokio::test]
async fn a_panic_while_a_snapshot_is_written_does_not_fail_the_command() {
    let tanks = Tanks::new(Meddler::default());
    for litres in [600, 60, 6, 1] {
        fill(&tanks, litres).await;
    }
    tanks.settle().await;
    assert_eq!(tanks.load(&ID).await.expect("it is loaded").state.litres, 667);
}

/// Whether the step below panics.
static PANICS: AtomicBool = AtomicBool::new(false);

#[event(name = "well.dug")]
struct DugV1 {
    feet: u64,
}

#[event(name = "well.dug", version = 2, previous = DugV1, write_as = 1)]
struct Dug {
    feet: u64,
}

impl es_core::UpcastFrom<DugV1> for Dug {
    type Error = std::convert::Infallible;
    fn upcast_from(old: DugV1, _: &es_core::UpcastContext<'_>) -> Result<Self, Self::Error> {
        assert!(!PANICS.load(Ordering::SeqCst), "on purpose");
        Ok(Self { feet: old.feet })
    }
}

impl es_core::model::DowncastTo<DugV1> for Dug {
    type Error = std::convert::Infallible;
    fn downcast_to(&self) -> Result<DugV1, Self::Error> {
        Ok(DugV1 { feet: self.feet })
    }
}

#[derive(Aggregate, Default)]
#[aggregate(name = "well", id = String, events(Dug))]
struct Well {
    feet: u64,
}

impl Apply<Dug> for Well {
    fn apply(&mut self, event: Dug) {
        self.feet += event.feet;
    }
}

#[tokio::test]
async fn a_panic_in_a_step_writes_nothing_and_leaves_the_aggregate_as_it_was() {
    let wells = Repository::<Well, _>::new(MemoryStore::new());
    let dig = async |wells: Repository<Well, MemoryStore>| {
        let id = String::from("1");
        wells.decide(&id, async |_| emit::<_, StoreError>(Dug { feet: 3 })).await
    };
    dig(wells.clone()).await.expect("dug");
    PANICS.store(true, Ordering::SeqCst);
    let of = wells.clone();
    let refused = tokio::spawn(async move { dig(of).await.map(drop) }).await.expect("no panic");
    assert!(matches!(refused, Err(ExecuteError::Store(StoreError::NotReadable { .. }))), "{refused:?}");
    PANICS.store(false, Ordering::SeqCst);
    assert_eq!(dig(wells.clone()).await.expect("dug").revision, Revision::new(2));
    assert_eq!(wells.load(&String::from("1")).await.expect("loaded").state.feet, 6);
}
