//! What an old program finds that a newer one wrote, and payloads with more than it knows.

use std::collections::BTreeMap;

use crate::guide::quotes;
use crate::prelude::*;

mod before {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        pub item: String,
    }
    pub struct Place;

    #[derive(Aggregate, Debug, Default, PartialEq)]
    #[aggregate(name = "order", id = String, events(Placed))]
    pub struct Order(pub u32);
    impl Apply<Placed> for Order {
        fn apply(&mut self, _: Placed) {
            self.0 += 1;
        }
    }
    impl Handle<Place> for Order {
        type Error = Infallible;
        fn handle(&self, _: &Place) -> Result<Events<Self>, Infallible> {
            emit(Placed { item: "pen".into() })
        }
    }
}

mod newer {
    use crate::prelude::*;

    #[event(name = "order.placed", version = 2)]
    pub struct Placed {
        pub item: String,
        #[event(added(in = 2, default = 1))]
        pub pieces: u32,
    }

    #[event(name = "order.gift_wrapped")]
    pub struct GiftWrapped;

    pub struct Place;
    pub struct Wrap;

    #[derive(Aggregate, Debug, Default)]
    #[aggregate(name = "order", id = String, events(Placed, GiftWrapped))]
    pub struct Order;
    impl Apply<Placed> for Order {
        fn apply(&mut self, _: Placed) {}
    }
    impl Apply<GiftWrapped> for Order {
        fn apply(&mut self, _: GiftWrapped) {}
    }
    impl Handle<Place> for Order {
        type Error = Infallible;
        fn handle(&self, _: &Place) -> Result<Events<Self>, Infallible> {
            emit(Placed { item: "pen".into(), pieces: 2 })
        }
    }
    impl Handle<Wrap> for Order {
        type Error = Infallible;
        fn handle(&self, _: &Wrap) -> Result<Events<Self>, Infallible> {
            emit(GiftWrapped)
        }
    }
}

/// The result of a command of an old program after what a newer one wrote.
async fn behind<C>(newest: C) -> es_core::record::DecodeError
where
    newer::Order: Handle<C, Error = Infallible>,
    C: Send + Sync + 'static,
{
    let (store, id) = (MemoryStore::new(), String::from("7"));
    let before = Repository::<before::Order, _>::new(store.clone());
    let newer = Repository::<newer::Order, _>::new(store);
    before.execute(&id, before::Place).await.expect("executed");
    newer.execute(&id, newest).await.expect("executed");
    let error = before.execute(&id, before::Place).await.expect_err("an event that it does not know");
    let ExecuteError::Store(StoreError::Decode(error)) = error else { panic!("{error}") };
    assert!(before.load(&id).await.is_err(), "no part of the history is folded");
    assert_eq!(newer.load(&id).await.expect("it is read").revision.get(), 2, "nothing is written");
    assert_eq!(before.load_at(&id, 1).await.expect("up to there it can be read").state.0, 1);
    error
}

#[tokio::test]
async fn a_future_version_is_met() {
    let error = behind(newer::Place).await;
    assert!(matches!(error.problem(), DecodeProblem::FutureVersion { found: 2, known: 1 }), "{error}");
    quotes("a_future_version_is_met", &error.to_string());
}

#[tokio::test]
async fn an_unknown_event_is_met() {
    let error = behind(newer::Wrap).await;
    assert!(matches!(error.problem(), DecodeProblem::UnknownEvent { .. }), "{error}");
    quotes("an_unknown_event_is_met", &error.to_string());
}

#[test]
fn a_payload_holds_more_than_is_known() {
    #[event(name = "order.placed")]
    pub struct Placed {
        pub item: String,
    }

    #[event(name = "order.imported")]
    pub struct Imported {
        pub item: String,
        #[serde(flatten)]
        pub rest: BTreeMap<String, serde_json::Value>,
    }

    #[event(name = "order.paid")]
    #[derive(Debug)]
    #[serde(deny_unknown_fields)]
    pub struct Paid {
        pub cents: i64,
    }

    let payload = json!({ "item": "pen", "colour": "red" });
    assert_eq!(read::<Placed>(1, &payload).expect("the rest is passed over").item, "pen");
    let imported: Imported = read(1, &payload).expect("the rest is kept");
    assert_eq!(imported.rest["colour"], "red");
    let mut json = es_core::codec::Payload::new();
    imported.encode(&mut json).expect("it is written");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(json.as_slice()).expect("JSON"), payload);
    let error = read::<Paid>(1, &json!({ "cents": 5, "tip": 1 })).expect_err("the rest is refused");
    assert!(error.to_string().contains("unknown field"), "{error}");
}
