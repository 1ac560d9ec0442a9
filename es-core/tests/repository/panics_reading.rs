//! A panic in the code that reads a stored event is an error that names the event, for every reader.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use es_core::bulk::{LargeAppend, LargeAppendError};
use es_core::projection::{Project, Projection, Projector, ProjectorError};
use es_core::record::{DecodeError, DecodeProblem, NewEvent};
use es_core::store::{Append, AppendOutcome, Checkpoint, StreamRange};
use es_core::subscription::Subscription;
use es_core::time::OffsetDateTime;
use es_core::{
    Aggregate, Apply, EventStore, ExecuteError, MemoryStore, Metadata, Recorded, Repository, Revision,
    StoreError, StreamId, UpcastContext, UpcastFrom, emit, event,
};
use serde::{Deserialize, Deserializer, Serialize};

fn not_seven<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = u64::deserialize(deserializer)?;
    assert_ne!(number, 7, "a secret of the payload");
    Ok(number)
}

#[event(name = "tank.filled")]
struct FilledV1 {
    litres: u64,
}

#[event(name = "tank.filled", version = 2, previous = FilledV1)]
struct Filled {
    #[serde(deserialize_with = "not_seven")]
    #[shape("u64")]
    litres: u64,
}

impl UpcastFrom<FilledV1> for Filled {
    type Error = Infallible;
    fn upcast_from(old: FilledV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        assert_ne!(old.litres, 8, "a secret of the payload");
        Ok(Self { litres: old.litres })
    }
}

#[event(name = "tank.drained")]
struct Drained {
    litres: u64,
}

#[event(name = "tank.flagged")]
struct Flagged {
    flags: BTreeMap<bool, u8>,
}

#[derive(Aggregate, Default, Debug, Serialize, Deserialize)]
#[aggregate(name = "tank", id = u64, events(Filled, Drained, Flagged), snapshot(every = 2))]
struct Tank {
    #[serde(deserialize_with = "not_seven")]
    #[shape("u64")]
    litres: u64,
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

impl Apply<Flagged> for Tank {
    fn apply(&mut self, _: Flagged) {}
}

#[derive(Projection)]
#[projection(name = "levels", events(Filled, Drained, Flagged), model = u64, error = Infallible)]
struct Levels;

impl Project<Filled> for Levels {
    async fn project(&self, event: &Recorded<Filled>, model: &mut u64) -> Result<(), Infallible> {
        *model += event.event.litres;
        Ok(())
    }
}

impl Project<Drained> for Levels {
    async fn project(&self, _: &Recorded<Drained>, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Project<Flagged> for Levels {
    async fn project(&self, _: &Recorded<Flagged>, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }
}

type Tanks = Repository<Tank, MemoryStore>;

fn stream() -> StreamId {
    StreamId::new("tank", "1").expect("a valid key")
}

fn stored(name: &'static str, version: u32, payload: &str) -> NewEvent {
    NewEvent::new(name, version, payload.into(), Arc::new(Metadata::new()))
}

/// A stream of one good event and one more.
async fn tanks(name: &'static str, version: u32, payload: &str) -> Tanks {
    let store = MemoryStore::new();
    let events = [stored("tank.filled", 2, r#"{"litres":1}"#), stored(name, version, payload)];
    let outcome = store.append(Append::new(&stream(), Revision::EMPTY, &events)).await;
    assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))));
    Tanks::new(store)
}

/// The error of the second event, which contains nothing of the payload.
#[track_caller]
fn second(error: &StoreError) -> &DecodeError {
    let StoreError::Decode(error) = error else { panic!("{error}") };
    assert_eq!((error.stream(), error.revision()), (&stream(), Revision::new(2)));
    assert!(!error.to_string().contains("secret"), "{error}");
    error
}

#[track_caller]
fn assert_panicked(error: &StoreError) {
    assert!(matches!(second(error).problem(), DecodeProblem::Panicked), "{error}");
}

#[tokio::test]
async fn a_panic_while_an_event_is_read_is_an_error_for_every_reader() {
    for (version, payload) in [(2, r#"{"litres":7}"#), (1, r#"{"litres":8}"#)] {
        let tanks = tanks("tank.filled", version, payload).await;
        assert_panicked(&tanks.load(&1).await.expect_err("load"));
        assert_panicked(&tanks.load_at(&1, Revision::new(2)).await.expect_err("load_at"));
        assert_eq!(tanks.load_at(&1, Revision::new(1)).await.expect("the good one").state.litres, 1);
        let now = OffsetDateTime::now_utc() + std::time::Duration::from_secs(1);
        assert_panicked(&tanks.load_as_of(&1, now).await.expect_err("load_as_of"));
        let mut seen = 0;
        let take = |_| {
            seen += 1;
            Ok(())
        };
        assert_panicked(&tanks.history(&1, StreamRange::ALL, take).await.expect_err("history"));
        assert_eq!(seen, 1);
        let done = tanks.decide(&1, async |_| emit::<_, StoreError>(Drained { litres: 0 })).await;
        let Err(ExecuteError::Store(error)) = done else { panic!("it is decided") };
        assert_panicked(&error);

        let mut subscription = Subscription::of::<Tank>(tanks.store().clone());
        assert_eq!(subscription.next().await.expect("the good one").revision, Revision::new(1));
        assert_panicked(&subscription.next().await.expect_err("next"));
        assert_ne!(subscription.checkpoint(), Checkpoint::START, "what came before was passed");
    }
}

#[tokio::test]
async fn a_panic_while_a_projection_reads_an_event_is_a_failure_at_that_event() {
    for (version, payload) in [(2, r#"{"litres":7}"#), (1, r#"{"litres":8}"#)] {
        let tanks = tanks("tank.filled", version, payload).await;
        let levels = Projector::new(tanks.store().clone(), Levels);
        let error = levels.catch_up().await.expect_err("it panics");
        let ProjectorError::Failed(failure) = error else { panic!("{error}") };
        assert_eq!(failure.place.revision, Revision::new(2));
        let source = failure.source.downcast_ref::<DecodeError>().expect("of the event");
        assert!(matches!(source.problem(), DecodeProblem::Panicked), "{source}");
        assert_eq!(*levels.model(), 1);
    }
}

#[tokio::test]
async fn a_stored_event_that_cannot_be_applied_is_an_error_of_the_load_and_can_be_read() {
    let tanks = tanks("tank.drained", 1, r#"{"litres":9}"#).await;
    let now = OffsetDateTime::now_utc() + std::time::Duration::from_secs(1);
    for error in [tanks.load(&1).await.map(drop), tanks.load_as_of(&1, now).await.map(drop)] {
        let error = error.expect_err("there is not enough");
        let problem = second(&error).problem();
        assert!(matches!(problem, DecodeProblem::NotApplicable { aggregate: "tank" }), "{error}");
    }
    let mut seen = 0;
    let take = |_| {
        seen += 1;
        Ok(())
    };
    tanks.history(&1, StreamRange::ALL, take).await.expect("it decodes");
    assert_eq!(seen, 2);
}

#[tokio::test]
async fn a_key_that_is_no_bool_is_an_error_whatever_it_begins_with() {
    for payload in [r#"{"flags":{"x":1}}"#, r#"{"flags":{"é":1}}"#, r#"{"flags":{"é":1}}"#] {
        let tanks = tanks("tank.flagged", 1, payload).await;
        second(&tanks.load(&1).await.expect_err("no bool"));
    }
}

#[tokio::test]
async fn an_event_whose_reading_panics_is_not_written() {
    let tanks = Tanks::new(MemoryStore::new());
    let done = tanks.decide(&1, async |_| emit::<_, StoreError>(Filled { litres: 7 })).await;
    let Err(ExecuteError::Store(StoreError::NotReadable { source, .. })) = done else {
        panic!("it is written")
    };
    assert!(matches!(source.problem(), DecodeProblem::Panicked), "{source}");

    let mut migration = LargeAppend::new(tanks.store()).aggregate::<Tank>();
    let events = vec![stored("tank.filled", 2, r#"{"litres":7}"#)];
    let pushed = migration.push(stream(), Revision::EMPTY, events).await;
    let refused = match pushed {
        Ok(_) => migration.finish().await.map(drop),
        Err(error) => Err(error),
    };
    let Err(LargeAppendError::Store(StoreError::NotReadable { source, .. })) = refused else {
        panic!("it is written")
    };
    assert!(matches!(source.problem(), DecodeProblem::Panicked), "{source}");
    assert_eq!(tanks.load(&1).await.expect("nothing").revision, Revision::EMPTY);
}

#[tokio::test]
async fn a_snapshot_whose_decoding_panics_is_ignored() {
    let tanks = Tanks::new(MemoryStore::new());
    for litres in [3, 4] {
        tanks.decide(&1, async |_| emit::<_, StoreError>(Filled { litres })).await.expect("filled");
    }
    tanks.settle().await;
    let loaded = Tanks::new(tanks.store().clone()).load(&1).await.expect("from the events");
    assert_eq!((loaded.state.litres, loaded.revision), (7, Revision::new(2)));
}

#[tokio::test]
async fn a_panic_of_what_takes_the_events_goes_on() {
    let tanks = tanks("tank.filled", 2, r#"{"litres":1}"#).await;
    let history = async move { tanks.history(&1, StreamRange::ALL, |_| panic!("on purpose")).await };
    assert!(tokio::spawn(history).await.expect_err("a panic").is_panic());
}
