//! Upcasts that use their context, upcasts that fail, and events that were wrong from the beginning.

use es_core::{ExecuteOptions, Metadata};

use crate::guide::quotes;
use crate::prelude::*;

mod published {
    use crate::prelude::*;

    #[event(name = "order.placed")]
    pub struct Placed {
        pub price: String,
    }

    #[derive(Aggregate, Debug, Default, PartialEq)]
    #[aggregate(name = "order", id = String, events(Placed))]
    pub struct Order;
    impl Apply<Placed> for Order {
        fn apply(&mut self, _: Placed) {}
    }

    pub struct Place(pub &'static str);
    impl Handle<Place> for Order {
        type Error = Infallible;
        fn handle(&self, Place(price): &Place) -> Result<Events<Self>, Infallible> {
            emit(Placed { price: (*price).into() })
        }
    }
}

mod today {
    use crate::prelude::*;

    #[event(name = "order.placed", version = 2, previous = PlacedV1)]
    #[derive(Debug)]
    pub struct Placed {
        pub cents: i64,
        pub currency: String,
    }

    #[event(name = "order.placed", version = 1)]
    struct PlacedV1 {
        price: String,
    }

    #[derive(Debug)]
    pub struct NoPrice;

    impl std::fmt::Display for NoPrice {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the price is not a number")
        }
    }
    impl std::error::Error for NoPrice {}

    impl UpcastFrom<PlacedV1> for Placed {
        type Error = NoPrice;
        fn upcast_from(old: PlacedV1, context: &UpcastContext<'_>) -> Result<Self, NoPrice> {
            let cents = old.price.parse().map_err(|_| NoPrice)?;
            let country =
                context.metadata().ok().and_then(|metadata| metadata.entries.get("country").cloned());
            let currency = if country.is_some_and(|country| country == "CH") { "CHF" } else { "EUR" };
            Ok(Self { cents, currency: currency.into() })
        }
    }

    #[event(name = "order.price_corrected")]
    #[derive(Debug)]
    pub struct PriceCorrected {
        pub cents: i64,
        pub because: String,
    }

    #[derive(Aggregate, Debug, Default, PartialEq)]
    #[aggregate(name = "order", id = String, events(Placed, PriceCorrected))]
    pub struct Order {
        pub cents: i64,
        pub currency: String,
    }
    impl Apply<Placed> for Order {
        fn apply(&mut self, event: Placed) {
            (self.cents, self.currency) = (event.cents, event.currency);
        }
    }

    impl Apply<PriceCorrected> for Order {
        fn apply(&mut self, event: PriceCorrected) {
            self.cents = event.cents;
        }
    }

    pub struct CorrectPrice(pub i64);
    impl Handle<CorrectPrice> for Order {
        type Error = Infallible;
        fn handle(&self, CorrectPrice(cents): &CorrectPrice) -> Result<Events<Self>, Infallible> {
            let event = PriceCorrected { cents: *cents, because: "the till was in pounds".into() };
            emit((self.cents != *cents).then_some(event))
        }
    }
}

use published::Place;
use today::{CorrectPrice, Order};

type Of<A> = Repository<A, MemoryStore>;

fn generations() -> (Of<published::Order>, Of<Order>, String) {
    let store = MemoryStore::new();
    (Repository::new(store.clone()), Repository::new(store), "7".into())
}

#[tokio::test]
async fn a_step_needs_to_look_around() {
    let (old, now, id) = generations();
    for (country, currency) in [("CH", "CHF"), ("IT", "EUR")] {
        let options = ExecuteOptions::new().metadata(Metadata::new().entry("country", country));
        old.execute_with(&id, Place("120"), options).await.expect("executed");
        assert_eq!(now.load(&id).await.expect("it is read").state.currency, currency);
    }
}

#[tokio::test]
async fn a_step_fails() {
    let (old, now, id) = generations();
    old.execute(&id, Place("120")).await.expect("executed");
    old.execute(&id, Place("a lot")).await.expect("executed");
    let error = now.execute(&id, CorrectPrice(7)).await.expect_err("the second price cannot be read");
    let ExecuteError::Store(StoreError::Decode(error)) = error else { panic!("{error}") };
    assert!(matches!(error.problem(), DecodeProblem::Upcast { from: 1, to: 2, .. }), "{error}");
    assert_eq!((error.stream().to_string().as_str(), error.revision().get()), ("order/7", 2));
    quotes("a_step_fails", &error.to_string());
    assert!(now.load(&id).await.is_err(), "no part of the history is folded");
    assert_eq!(old.load(&id).await.expect("it is read").revision.get(), 2, "nothing is written");
    assert_eq!(now.load_at(&id, 1).await.expect("up to there it can be read").state.cents, 120);
}

#[tokio::test]
async fn wrong_data_was_written() {
    let (old, now, id) = generations();
    old.execute(&id, Place("120")).await.expect("executed");
    now.execute(&id, CorrectPrice(132)).await.expect("executed");
    assert_eq!(now.load(&id).await.expect("it is read").state.cents, 132);
    let then = now.load_at(&id, 1).await.expect("it is read").state;
    assert_eq!(then.cents, 120, "what was believed at the time is there");
}

#[tokio::test]
async fn metadata_says_more_than_it_did() {
    let (old, now, id) = generations();
    old.execute(&id, Place("120")).await.expect("executed");
    assert_eq!(now.load(&id).await.expect("it is read").state.currency, "EUR", "without any metadata");
    let metadata = Metadata::new().entry("country", "CH").entry("till", json!({ "number": 3 }));
    let options = ExecuteOptions::new().metadata(metadata);
    old.execute_with(&id, Place("130"), options).await.expect("executed");
    assert_eq!(now.load(&id).await.expect("it is read").state.currency, "CHF");
}
