//! `#[derive(Projection)]`, with models in memory over any store.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use es_core::projection::{
    MemoryProjection, Project, ProjectBatch, ProjectSetup, Projection, Projector, ProjectorError,
};
use es_core::record::{BoxError, DecodeError, DecodeProblem, NewEvent};
use es_core::store::{Append, AppendOutcome, Filter};
use es_core::{
    EventStore, MemoryStore, Metadata, Recorded, Revision, StreamId, UpcastContext, UpcastFrom, event,
};

#[event(name = "account.opened", was("account.created"))]
pub(crate) struct Opened {
    owner: String,
}

#[event(name = "account.deposited", version = 1)]
pub(crate) struct DepositedV1 {
    euros: i64,
}

#[event(name = "account.deposited", version = 2, previous = DepositedV1)]
pub(crate) struct Deposited {
    cents: i64,
}

impl UpcastFrom<DepositedV1> for Deposited {
    type Error = Infallible;

    fn upcast_from(old: DepositedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { cents: old.euros * 100 })
    }
}

mod door {
    #[es_core::event(name = "door.opened")]
    pub(crate) struct Opened;
}

/// Events of two aggregates.
#[derive(Projection)]
#[projection(name = "journal", build = 3, events(Opened, Deposited, door::Opened as DoorOpened), model = Vec<String>)]
struct Journal;

impl Project<Opened> for Journal {
    async fn project(&self, event: &Recorded<Opened>, journal: &mut Vec<String>) -> Result<(), BoxError> {
        journal.push(format!("{} opened by {} as {}", event.stream, event.event.owner, event.stored_name));
        Ok(())
    }
}

impl Project<Deposited> for Journal {
    async fn project(&self, event: &Recorded<Deposited>, journal: &mut Vec<String>) -> Result<(), BoxError> {
        if event.event.cents < 0 {
            return Err("a deposit of less than nothing".into());
        }
        journal.push(format!("{} +{} v{}", event.stream, event.event.cents, event.stored_version));
        Ok(())
    }
}

impl Project<door::Opened> for Journal {
    async fn project(
        &self,
        event: &Recorded<door::Opened>,
        journal: &mut Vec<String>,
    ) -> Result<(), BoxError> {
        journal.push(event.stream.to_string());
        Ok(())
    }
}

/// In slices, with a model that is set up first, and with a field and a type of its own.
#[derive(Projection)]
#[projection(name = "sums", events(Deposited), model = BTreeMap<String, i64>, error = Infallible, batch, setup)]
struct Sums<T: fmt::Debug + Send + Sync + 'static> {
    start: i64,
    label: T,
}

impl<T: fmt::Debug + Send + Sync + 'static> ProjectSetup for Sums<T> {
    async fn setup(&self, sums: &mut BTreeMap<String, i64>) -> Result<(), Infallible> {
        sums.insert(format!("{:?}", self.label), self.start);
        Ok(())
    }
}

impl<T: fmt::Debug + Send + Sync + 'static> ProjectBatch for Sums<T> {
    async fn project_batch(
        &self,
        events: &[SumsEvent],
        sums: &mut BTreeMap<String, i64>,
    ) -> Result<(), Infallible> {
        for SumsEvent::Deposited(event) in events {
            *sums.entry(event.stream.key().to_owned()).or_default() += event.event.cents;
        }
        Ok(())
    }
}

async fn append(
    store: &MemoryStore,
    stream: &str,
    expected: u64,
    name: &'static str,
    version: u32,
    payload: &str,
) {
    let (category, key) = stream.split_once('/').expect("category and key");
    let stream = StreamId::new(category, key).expect("a stream id");
    let events = [NewEvent::new(name, version, payload.into(), Arc::new(Metadata::new()))];
    let outcome =
        store.append(Append::new(&stream, Revision::new(expected), &events)).await.expect("an outcome");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
}

async fn history() -> MemoryStore {
    let store = MemoryStore::new();
    append(&store, "account/a", 0, "account.created", 1, r#"{"owner":"Ann"}"#).await;
    append(&store, "account/a", 1, "account.deposited", 1, r#"{"euros":3}"#).await;
    append(&store, "door/1", 0, "door.opened", 1, "null").await;
    append(&store, "account/a", 2, "account.closed", 1, "{}").await;
    append(&store, "account/b", 0, "account.deposited", 2, r#"{"cents":5}"#).await;
    store
}

const JOURNAL: [&str; 4] =
    ["account/a opened by Ann as account.created", "account/a +300 v1", "door/1", "account/b +5 v2"];

#[tokio::test]
async fn events_of_two_aggregates_are_projected_in_order_and_upcast() {
    let journal = Projector::new(history().await, Journal);
    journal.catch_up().await.expect("all events");
    assert_eq!(*journal.model(), JOURNAL);
    journal.catch_up().await.expect("nothing more");
    assert_eq!(*journal.model(), JOURNAL);
}

#[tokio::test]
async fn a_projection_follows_the_store() {
    let store = history().await;
    let journal = Projector::new(store.clone(), Journal);
    journal.catch_up().await.expect("all events");
    let reader = {
        let journal = journal.clone();
        tokio::spawn(async move { journal.run().await })
    };
    append(&store, "account/b", 1, "account.deposited", 2, r#"{"cents":6}"#).await;
    let taken = async {
        while journal.model().len() == JOURNAL.len() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), taken).await.expect("one event");
    reader.abort();
    assert_eq!(journal.model().last().map(String::as_str), Some("account/b +6 v2"));
}

#[tokio::test]
async fn a_batch_has_all_events_and_the_model_is_set_up_before() {
    let sums = Sums { start: 7, label: "x" };
    let sums = MemoryProjection::with_model(history().await, sums, BTreeMap::new());
    sums.catch_up().await.expect("all events");
    let expected = [("\"x\"", 7), ("a", 300), ("b", 5)];
    assert!(sums.model().iter().map(|(key, sum)| (key.as_str(), *sum)).eq(expected), "{:?}", sums.model());
}

#[tokio::test]
async fn the_projection_stops_at_a_newer_version_and_projects_nothing_after_it() {
    let store = history().await;
    append(&store, "account/b", 1, "account.deposited", 3, "{}").await;
    append(&store, "account/c", 0, "account.opened", 1, r#"{"owner":"Carl"}"#).await;
    let journal = Projector::new(store, Journal);
    for _ in 0..2 {
        let Err(ProjectorError::Failed(failure)) = journal.catch_up().await else { panic!("not refused") };
        assert_eq!((failure.place.stream.to_string(), failure.place.revision.get()), ("account/b".into(), 2));
        let problem = failure.source.downcast_ref::<DecodeError>().map(DecodeError::problem);
        assert!(matches!(problem, Some(DecodeProblem::FutureVersion { found: 3, known: 2 })), "{failure}");
        assert_eq!(*journal.model(), JOURNAL);
    }
}

#[tokio::test]
async fn a_failing_event_stops_the_projection_at_that_event() {
    let store = history().await;
    append(&store, "account/b", 1, "account.deposited", 2, r#"{"cents":-1}"#).await;
    append(&store, "account/b", 2, "account.deposited", 2, r#"{"cents":1}"#).await;
    let journal = Projector::new(store, Journal);
    let error = journal.catch_up().await.expect_err("refused").to_string();
    assert_eq!(
        error,
        "projection `journal` build 3 failed at the event at revision 2 of stream \"account/b\" (position 6): a deposit of less \
         than nothing"
    );
    assert_eq!((journal.model().len(), journal.checkpoint().position().get()), (4, 5));
}

#[test]
fn the_filter_has_all_names_of_the_events() {
    let filter = Journal::filter();
    assert_eq!(filter.events, ["account.opened", "account.created", "account.deposited", "door.opened"]);
    assert_eq!(filter.categories, Filter::new().categories);
    assert_eq!((Journal::NAME, Journal::BUILD, Sums::<u8>::BUILD), ("journal", 3, 1));
}
