//! A command returns the same values as every later read.

use std::sync::Arc;

use crate::common::{Account, Deposit, Meddler, Open};
use es_core::store::StreamRange;
use es_core::uuid::Uuid;
use es_core::{
    Aggregate, Apply, ExecuteError, ExecuteOptions, Executed, MemoryStore, Metadata, Recorded, Repository,
    StoreError, emit, event,
};
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::{Value, json};
use time::macros::datetime;

fn id() -> String {
    "A-17".into()
}

/// Writes cents as whole euros.
fn euros<S: Serializer>(cents: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(cents / 100)
}

fn cents<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    i64::deserialize(deserializer).map(|euros| euros * 100)
}

const fn always(_: &str) -> bool {
    true
}

/// Loses the cents that `euros` cannot represent, and the note.
#[event(name = "till.counted")]
#[derive(Debug, Clone, PartialEq)]
struct Counted {
    #[serde(serialize_with = "euros", deserialize_with = "cents")]
    #[shape("i64")]
    cents: i64,
    #[serde(default, skip_serializing_if = "always")]
    note: String,
}

#[derive(Aggregate, Default)]
#[aggregate(
    name = "till", id = String, events(Counted), event_enum(TillEvent, derive(Debug, Clone, PartialEq))
)]
struct Till {
    cents: i64,
}

impl Apply<Counted> for Till {
    fn apply(&mut self, event: Counted) {
        self.cents += event.cents;
    }
}

async fn history<A>(repository: &Repository<A, MemoryStore>) -> Vec<Recorded<A::Event>>
where
    A: Aggregate<Id = String>,
    A::Event: Clone,
{
    let mut events = Vec::new();
    let take = |event| {
        events.push(event);
        Ok(())
    };
    repository.history(&id(), StreamRange::ALL, take).await.expect("a history");
    events
}

#[tokio::test]
async fn the_first_answer_the_repeated_one_and_the_history_are_equal() {
    let tills = Repository::<Till, _>::new(MemoryStore::new());
    let metadata = Metadata::new()
        .actor("clerk")
        .entry("list", json!([1.5, null, { "z": 1, "a": -0.0 }]))
        .occurred_at(datetime!(1999-12-31 23:59:59.999_999_9 -5));
    let options = || ExecuteOptions::new().metadata(metadata.clone()).command_id(Uuid::from_u128(1));
    let count = async || {
        let decide = async |_: Arc<Till>| {
            let counted = |cents| Counted { cents, note: "lost".into() };
            emit::<_, StoreError>([counted(150), counted(299)])
        };
        tills.decide_with(&id(), options(), decide).await.expect("counted")
    };
    let Executed { events: first, repeated, .. } = count().await;
    assert!(!repeated);
    let Executed { events: again, repeated, .. } = count().await;
    assert!(repeated);
    assert_eq!(first, again);
    assert_eq!(first, history(&tills).await);
    assert_eq!(first[1].event, TillEvent::Counted(Counted { cents: 200, note: String::new() }));
    assert_eq!(tills.load(&id()).await.expect("a state").state.cents, 300);

    let occurred = datetime!(2000-01-01 04:59:59.999_999 UTC);
    for event in first.iter().chain(&again) {
        assert_eq!(event.occurred_at(), occurred);
        assert!(event.occurred_at().offset().is_utc() && event.recorded_at.offset().is_utc());
        assert_eq!(event.metadata.entries, metadata.entries);
    }
}

#[tokio::test]
async fn a_time_out_of_range_is_refused_before_a_command_is_decided() {
    let store = Meddler::default();
    let accounts = Repository::<Account, _>::new(store.clone());
    for time in [datetime!(9999-12-31 23:59:59 -5), datetime!(-9999-01-01 00:00 +23)] {
        let options = ExecuteOptions::new().metadata(Metadata::new().occurred_at(time));
        let error = accounts.execute_with(&id(), Open, options).await.expect_err("out of range");
        let ExecuteError::Store(StoreError::TimeOutOfRange { stream }) = error else { panic!("{error}") };
        assert_eq!(stream.key(), "A-17");
    }
    assert_eq!((Meddler::count(&store.loads), Meddler::count(&store.appends)), (0, 0));
}

#[tokio::test]
async fn unreadable_metadata_is_refused_and_later_commands_succeed() {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    accounts.execute(&id(), Open).await.expect("opened");
    let nested = |depth| (0..depth).fold(Value::Null, |inner, _| json!([inner]));
    let deposit = async |depth| {
        let metadata = Metadata::new().entry("list", nested(depth));
        accounts.execute_with(&id(), Deposit(1), ExecuteOptions::new().metadata(metadata)).await
    };
    let error = deposit(126).await.expect_err("too deep");
    assert!(matches!(error, ExecuteError::Store(StoreError::MetadataNotReadable { .. })), "{error}");
    deposit(125).await.expect("just deep enough");
    let last = history(&accounts).await.pop().expect("an event");
    assert_eq!(last.metadata.entries["list"], nested(125));
}

#[event(name = "note.taken")]
struct Taken {
    #[shape("any")]
    what: Value,
}

/// A map whose keys are not text.
#[event(name = "note.counted")]
struct CountedBy {
    #[shape("any")]
    by: std::collections::HashMap<(u8, u8), u8>,
}

/// A map that may hold the name of the field beside it.
#[event(name = "note.filed")]
struct Filed {
    place: u8,
    #[serde(flatten)]
    #[shape("map<string, u8>")]
    rest: std::collections::BTreeMap<String, u8>,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "note", id = String, events(Taken, CountedBy, Filed))]
struct Notes;

impl Apply<Taken> for Notes {
    fn apply(&mut self, _: Taken) {}
}

impl Apply<CountedBy> for Notes {
    fn apply(&mut self, _: CountedBy) {}
}

impl Apply<Filed> for Notes {
    fn apply(&mut self, _: Filed) {}
}

#[tokio::test]
async fn unreadable_payloads_are_refused() {
    let notes = Repository::<Notes, _>::new(MemoryStore::new());
    let nested = |depth| (0..depth).fold(Value::Null, |inner, _| json!([inner]));
    let deep = notes.decide(&id(), async |_| emit::<_, StoreError>(Taken { what: nested(200) })).await;
    assert!(matches!(deep, Err(ExecuteError::Store(StoreError::NotReadable { name: "note.taken", .. }))));
    let nul = notes.decide(&id(), async |_| emit::<_, StoreError>(Taken { what: json!("a\0b") })).await;
    assert!(matches!(nul, Err(ExecuteError::Store(StoreError::NulCharacter { .. }))), "{nul:?}");
    let keys = notes
        .decide(&id(), async |_| emit::<_, StoreError>(CountedBy { by: [((1, 2), 3)].into_iter().collect() }))
        .await;
    assert!(matches!(keys, Err(ExecuteError::Store(StoreError::Encode(_)))), "{keys:?}");
    let twice = notes
        .decide(&id(), async |_| {
            emit::<_, StoreError>(Filed { place: 1, rest: [("place".into(), 2)].into_iter().collect() })
        })
        .await;
    assert!(matches!(twice, Err(ExecuteError::Store(StoreError::Encode(_)))), "{twice:?}");
    assert_eq!(notes.load(&id()).await.expect("a state").revision.get(), 0);
}
