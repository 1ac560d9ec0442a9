//! Renamed events: what is stored under a former name is read, folded and shown like any other.

use std::convert::Infallible;
use std::sync::Arc;

use es_core::catalogue::Catalogue;
use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome, StreamRange};
use es_core::testing::{given, read};
use es_core::{
    Aggregate, Apply, Event, EventStore, Events, Handle, MemoryStore, Metadata, Repository, Revision,
    UpcastContext, UpcastFrom, emit, event,
};
use serde_json::json;

#[event(name = "parcel.dispatched", version = 1)]
struct DispatchedV1 {
    pounds: u32,
}

#[event(name = "parcel.sent", version = 2, was("parcel.dispatched"), previous = DispatchedV1)]
struct SentV2 {
    grams: u32,
}

/// Renamed twice, once with a new version and once without.
#[event(name = "parcel.shipped", version = 3, was("parcel.sent", "parcel.dispatched"), previous = SentV2)]
struct Shipped {
    grams: u32,
    stored_as: String,
}

impl UpcastFrom<DispatchedV1> for SentV2 {
    type Error = Infallible;
    fn upcast_from(old: DispatchedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { grams: old.pounds * 500 })
    }
}

impl UpcastFrom<SentV2> for Shipped {
    type Error = Infallible;
    fn upcast_from(old: SentV2, context: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { grams: old.grams, stored_as: context.stored_name().to_owned() })
    }
}

/// Renamed only.
#[event(name = "parcel.lost", was("parcel.vanished"))]
struct Lost;

#[derive(Aggregate, Debug, Default, PartialEq)]
#[aggregate(name = "parcel", id = String, events(Lost, Shipped))]
struct Parcel {
    grams: Vec<u32>,
    names: Vec<String>,
    lost: bool,
}

impl Apply<Shipped> for Parcel {
    fn apply(&mut self, event: Shipped) {
        self.grams.push(event.grams);
        self.names.push(event.stored_as);
    }
}

impl Apply<Lost> for Parcel {
    fn apply(&mut self, _: Lost) {
        self.lost = true;
    }
}

struct Ship(u32);

impl Handle<Ship> for Parcel {
    type Error = Infallible;
    fn handle(&self, Ship(grams): &Ship) -> Result<Events<Self>, Infallible> {
        emit(Shipped { grams: *grams, stored_as: "new".into() })
    }
}

#[test]
fn every_name_is_read_in_every_version() {
    let parcel = given::<Parcel>(())
        .and_stored("parcel.dispatched", 1, &json!({ "pounds": 2 }))
        .and_stored("parcel.sent", 1, &json!({ "pounds": 3 }))
        .and_stored("parcel.sent", 2, &json!({ "grams": 7 }))
        .and_stored("parcel.dispatched", 3, &json!({ "grams": 8, "stored_as": "itself" }))
        .and_stored("parcel.shipped", 2, &json!({ "grams": 9 }))
        .and_stored("parcel.vanished", 1, &json!(null))
        .into_state();
    assert_eq!(parcel.grams, [1000, 1500, 7, 8, 9]);
    assert_eq!(parcel.names, ["parcel.dispatched", "parcel.sent", "parcel.sent", "itself", "parcel.shipped"]);
    assert!(parcel.lost);
}

#[test]
fn a_name_that_the_event_never_had_is_unknown() {
    let decode = |name: &str| {
        let raw_name = name.to_owned();
        let stream = es_core::StreamId::new("parcel", "1").expect("valid");
        let raw = es_core::record::RawEvent::new(
            &stream,
            (Revision::new(1), es_core::Position::new(1)),
            es_core::uuid::Uuid::now_v7(),
            (&raw_name, 1),
            b"null",
            time::OffsetDateTime::UNIX_EPOCH,
        );
        Parcel::decode(&raw, &mut |_| ()).map_err(|error| error.problem().to_string())
    };
    assert_eq!(decode("parcel.vanished"), Ok(()));
    for name in ["parcel.vanishe", "parcel.vanished ", "Parcel.vanished", "", "vanished"] {
        let problem = decode(name).expect_err("no such event");
        assert!(problem.starts_with("aggregate `parcel` has no event of this name"), "{name:?}: {problem}");
    }
}

#[tokio::test]
async fn a_stream_with_former_names_is_loaded_appended_to_and_shown() {
    let store = MemoryStore::new();
    let parcels = Repository::<Parcel, _>::new(store.clone());
    let id = String::from("17");
    let stream = parcels.stream_id(&id).expect("valid");
    let old =
        |name, version, json: &str| NewEvent::new(name, version, json.into(), Arc::new(Metadata::new()));
    let events = [old("parcel.dispatched", 1, r#"{"pounds":2}"#), old("parcel.vanished", 1, "null")];
    let outcome = store.append(Append::new(&stream, Revision::EMPTY, &events)).await;
    assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))));

    let done = parcels.execute(&id, Ship(5)).await.expect("no conflict");
    assert_eq!(done.revision, Revision::new(3));
    assert_eq!((done.events[0].name, &*done.events[0].stored_name), ("parcel.shipped", "parcel.shipped"));
    let loaded = parcels.load(&id).await.expect("it is read");
    assert_eq!((loaded.state.grams, loaded.state.lost), (vec![1000, 5], true));

    let mut shown = Vec::new();
    let mut take = |event: es_core::Recorded<ParcelEvent>| {
        shown.push((event.name, event.version, event.stored_name.into_owned(), event.stored_version));
        Ok(())
    };
    parcels.history(&id, StreamRange::ALL, &mut take).await.expect("it is read");
    assert_eq!(
        shown,
        [
            ("parcel.shipped", 3, "parcel.dispatched".to_owned(), 1),
            ("parcel.lost", 1, "parcel.vanished".to_owned(), 1),
            ("parcel.shipped", 3, "parcel.shipped".to_owned(), 3),
        ]
    );
}

#[test]
fn event_and_catalogue_return_the_names() {
    assert_eq!((Shipped::NAME, Shipped::WAS), ("parcel.shipped", &["parcel.sent", "parcel.dispatched"][..]));
    assert_eq!(DispatchedV1::WAS, [""; 0]);
    let catalogue = Catalogue::of::<Parcel>();
    let names: Vec<_> = catalogue.events().iter().map(|event| (event.name(), event.was().len())).collect();
    assert_eq!(
        names,
        [("parcel.lost", 1), ("parcel.shipped", 2), ("parcel.sent", 1), ("parcel.dispatched", 0)]
    );
    let shipped: Shipped = read(1, &json!({ "pounds": 2 })).expect("it is read");
    assert_eq!(shipped.grams, 1000);
}
