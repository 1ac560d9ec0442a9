//! Projections that take all events of an aggregate, and what their events share.

use std::convert::Infallible;

use es_core::lock::{Lock, Mode};
use es_core::projection::{Project, ProjectBatch, Projection, Projector};
use es_core::record::{BoxError, NewEvent};
use es_core::store::{Append, AppendOutcome};
use es_core::{
    Aggregate, Apply, EventStore, Events, MemoryStore, Metadata, Recorded, Revision, StreamId, UpcastContext,
    emit, event,
};

#[event(name = "account.opened", was("account.created"))]
struct Opened {
    owner: String,
}

#[event(name = "account.deposited")]
struct Deposited {
    cents: i64,
}

/// Was opened with a deposit, which is two events now.
#[event(name = "account.started")]
struct Started {
    owner: String,
    cents: i64,
}

/// Means nothing any more.
#[event(name = "account.viewed")]
struct Viewed;

#[derive(Aggregate, Default)]
#[aggregate(
    name = "account", was("konto"), id = String, events(Opened, Deposited), retired(Started, Viewed)
)]
struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, _: Deposited) {}
}

impl es_core::model::Retired<Started> for Account {
    type Error = Infallible;

    fn retired(old: Started, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
        emit((Opened { owner: old.owner }, Deposited { cents: old.cents }))
    }
}

impl es_core::model::Retired<Viewed> for Account {
    type Error = Infallible;

    fn retired(_: Viewed, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
        emit(())
    }
}

#[event(name = "door.opened")]
struct DoorOpened;

/// A new event of `Account` does not compile until it is handled here.
#[derive(Projection)]
#[projection(name = "journal", events(all of Account, DoorOpened), model = Vec<String>)]
struct Journal;

impl Project<AccountEvent> for Journal {
    async fn project(&self, event: &Recorded<AccountEvent>, lines: &mut Vec<String>) -> Result<(), BoxError> {
        let what = match &event.event {
            AccountEvent::Opened(opened) => format!("opened by {}", opened.owner),
            AccountEvent::Deposited(deposited) if deposited.cents < 0 => {
                return Err("less than nothing".into());
            }
            AccountEvent::Deposited(deposited) => format!("+{}", deposited.cents),
        };
        lines.push(format!("{}#{} {what} as {}", event.stream, event.revision, event.stored_name));
        Ok(())
    }
}

impl Project<DoorOpened> for Journal {
    async fn project(&self, event: &Recorded<DoorOpened>, lines: &mut Vec<String>) -> Result<(), BoxError> {
        lines.push(event.stream.to_string());
        Ok(())
    }
}

/// In slices, by what all events share.
#[derive(Projection)]
#[projection(name = "places", events(all of Account as Any, DoorOpened), model = Vec<String>, batch)]
struct Places;

impl ProjectBatch for Places {
    async fn project_batch(&self, events: &[PlacesEvent], lines: &mut Vec<String>) -> Result<(), BoxError> {
        for event in events {
            let envelope = event.envelope();
            let count = match event {
                PlacesEvent::Any(all) => all.iter().count(),
                PlacesEvent::DoorOpened(_) => 1,
            };
            assert_eq!(envelope.occurred_at(), envelope.recorded_at);
            assert_eq!(envelope.metadata.actor.as_deref(), Some("Ann"));
            lines.push(format!("{} {} {count}", envelope.stream, envelope.name));
        }
        Ok(())
    }
}

async fn append(store: &MemoryStore, stream: &str, expected: u64, name: &'static str, payload: &str) {
    let (category, key) = stream.split_once('/').expect("category and key");
    let stream = StreamId::new(category, key).expect("a stream id");
    let metadata = std::sync::Arc::new(Metadata::new().actor("Ann"));
    let events = [NewEvent::new(name, 1, payload.into(), metadata)];
    let outcome =
        store.append(Append::new(&stream, Revision::new(expected), &events)).await.expect("an outcome");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
}

async fn history() -> MemoryStore {
    let store = MemoryStore::new();
    append(&store, "account/a", 0, "account.created", r#"{"owner":"Ann"}"#).await;
    append(&store, "account/a", 1, "account.viewed", "null").await;
    append(&store, "account/b", 0, "account.started", r#"{"owner":"Ben","cents":7}"#).await;
    append(&store, "door/1", 0, "door.opened", "null").await;
    // Another aggregate has an event of the same name, and this one an event that it does not know.
    append(&store, "savings/c", 0, "account.deposited", r#"{"cents":9}"#).await;
    append(&store, "account/b", 1, "door.opened", "null").await;
    append(&store, "account/a", 2, "account.deposited", r#"{"cents":5}"#).await;
    store
}

#[tokio::test]
async fn every_event_of_the_aggregate_is_projected_and_no_other() {
    let journal = Projector::new(history().await, Journal);
    journal.catch_up().await.expect("all events");
    let lines = [
        "account/a#1 opened by Ann as account.created",
        "account/b#1 opened by Ben as account.started",
        "account/b#1 +7 as account.started",
        "door/1",
        "account/b",
        "account/a#3 +5 as account.deposited",
    ];
    assert_eq!(*journal.model(), lines);
}

#[tokio::test]
async fn streams_under_a_former_name_of_the_category_belong_to_it() {
    let store = MemoryStore::new();
    append(&store, "konto/a", 0, "account.opened", r#"{"owner":"Ann"}"#).await;
    let journal = Projector::new(store, Journal);
    journal.catch_up().await.expect("all events");
    assert_eq!(*journal.model(), ["konto/a#1 opened by Ann as account.opened"]);
}

#[tokio::test]
async fn one_failing_event_stops_it_at_its_place() {
    let store = history().await;
    append(&store, "account/c", 0, "account.started", r#"{"owner":"Eve","cents":-1}"#).await;
    let journal = Projector::new(store, Journal);
    let stopped = journal.catch_up().await.expect_err("a deposit of less than nothing").to_string();
    assert!(stopped.contains("account/c") && stopped.contains("less than nothing"), "{stopped}");
    assert_eq!(journal.model().len(), 6, "the first half of the event is undone");
}

#[tokio::test]
async fn the_enum_gives_what_its_events_share() {
    let places = Projector::new(history().await, Places);
    places.catch_up().await.expect("all events");
    let lines = [
        "account/a account.opened 1",
        "account/b account.opened 2",
        "door/1 door.opened 1",
        "account/b door.opened 1",
        "account/a account.deposited 1",
    ];
    assert_eq!(*places.model(), lines);
}

#[test]
fn the_lock_holds_all_events_of_the_aggregate() {
    let folder = std::env::temp_dir().join(format!("es_all_of_{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    Lock::new(&folder).with_projection::<Journal>().run(Mode::Update).expect("an update");
    Lock::new(&folder).with_projection::<Journal>().run(Mode::Check).expect("what was published");
    let text = std::fs::read_to_string(folder.join("events.lock")).expect("the lock");
    std::fs::remove_dir_all(&folder).expect("it is removed");
    for event in ["account.opened", "account.deposited", "account.started", "account.viewed", "door.opened"] {
        assert!(text.contains(&format!("event {event} 1\n")), "{event} is missing from\n{text}");
    }
}

#[test]
fn an_event_is_shown_by_its_name_and_payload_and_says_its_type() {
    let event = AccountEvent::from(Deposited { cents: 5 });
    assert_eq!(format!("{event:?}"), r#"account.deposited {"cents":5}"#);
    assert_eq!((event.event_type().name, event.event_type().version), ("account.deposited", 1));
    assert_eq!(Account::event_type(&event), event.event_type());
}
