//! The forms of an aggregate: a struct, an enum, a generic type, and where its events come from.

use std::convert::Infallible;

use es_core::shape::Shape;
use es_core::testing::given;
use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Repository, emit, event};
use es_tests_domain::{Block, Blocked, Card, CardNumber, Issued};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An aggregate whose state has one type or another.
mod generic {
    use super::*;

    #[event(name = "tally.counted")]
    pub(crate) struct Counted {
        pub(crate) by: u64,
    }

    pub(crate) trait Unit: Default + Send + Sync + 'static {}
    impl Unit for u8 {}
    impl Unit for String {}

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
    #[aggregate(name = "tally", id = u32, events(Counted), snapshot(every = 2))]
    pub(crate) struct Tally<U: Unit, const STEP: u64>
    where
        U: Clone,
    {
        pub(crate) count: u64,
        pub(crate) unit: U,
    }

    impl<U: Unit + Clone, const STEP: u64> Apply<Counted> for Tally<U, STEP> {
        fn apply(&mut self, event: Counted) {
            self.count += event.by;
        }
    }

    pub(crate) struct Count;

    impl<U: Unit + Clone + Shape + Serialize + serde::de::DeserializeOwned, const STEP: u64> Handle<Count>
        for Tally<U, STEP>
    {
        type Error = Infallible;

        fn handle(&self, _: &Count) -> Result<Events<Self>, Infallible> {
            emit(Counted { by: STEP })
        }
    }
}

#[test]
fn a_generic_aggregate_is_a_separate_aggregate_for_each_type() {
    use generic::{Count, Counted, Tally};
    given::<Tally<String, 3>>(Counted { by: 4 })
        .when(Count)
        .then_state(&Tally { count: 7, unit: String::new() });
    given::<Tally<u8, 1>>(()).when(Count).then_events(Counted { by: 1 });
    assert!(Tally::<u8, 1>::snapshots().is_some());
}

/// A state machine.
mod states {
    use super::*;

    #[event(name = "order.placed")]
    pub(crate) struct Placed {
        pub(crate) items: u32,
    }

    #[event(name = "order.sent")]
    pub(crate) struct Sent;

    #[derive(Debug, Default, PartialEq, Aggregate)]
    #[aggregate(name = "order", id = u64, events(Placed, Sent))]
    pub(crate) enum Order {
        #[default]
        Empty,
        Open {
            items: u32,
        },
        Gone(u32),
    }

    impl Apply<Placed> for Order {
        fn apply(&mut self, event: Placed) {
            *self = Self::Open { items: event.items };
        }
    }

    impl Apply<Sent> for Order {
        fn apply(&mut self, _: Sent) {
            if let Self::Open { items } = *self {
                *self = Self::Gone(items);
            }
        }
    }
}

#[test]
fn an_enum_is_an_aggregate_whose_default_is_the_state_of_an_empty_stream() {
    use states::{Order, Placed, Sent};
    given::<Order>(()).then_state(&Order::Empty);
    given::<Order>(Placed { items: 2 }).then_state(&Order::Open { items: 2 });
    given::<Order>((Placed { items: 2 }, Sent)).then_state(&Order::Gone(2));
}

#[tokio::test]
async fn an_aggregate_of_another_crate_works_where_es_core_has_another_name() {
    let cards = Repository::<Card, _>::new(MemoryStore::new());
    let number = CardNumber(String::from("4000-17"));
    let nothing = cards.execute(&number, Block).await.expect("executes");
    assert!(nothing.events.is_empty());
    given::<Card>(Issued { holder: String::from("Ann"), limit: 1 }).when(Block).then_events(Blocked);
    let card: Card = given(()).and_stored("card.issued", 1, &json!({ "holder": "Ann" })).into_state();
    assert_eq!(card.holder.as_deref(), Some("Ann"));
}

/// Events of another crate, and events of the same name.
mod foreign {
    use super::*;

    #[event(name = "wallet.issued")]
    #[derive(Debug)]
    pub(crate) struct Issued;

    #[derive(Debug, Default, Aggregate)]
    #[aggregate(
        name = "wallet",
        events(Issued, es_tests_domain::Issued as CardIssued, Blocked),
        event_enum(InWallet, derive(Debug)),
    )]
    pub(crate) struct Wallet {
        pub(crate) cards: Vec<String>,
    }

    impl Apply<Issued> for Wallet {
        fn apply(&mut self, _: Issued) {}
    }

    impl Apply<es_tests_domain::Issued> for Wallet {
        fn apply(&mut self, event: es_tests_domain::Issued) {
            self.cards.push(event.holder);
        }
    }

    impl Apply<Blocked> for Wallet {
        fn apply(&mut self, _: Blocked) {
            self.cards.clear();
        }
    }
}

#[test]
fn events_of_another_crate_are_listed_like_any_others_under_a_variant_of_their_own() {
    use foreign::{InWallet, Wallet};
    let card = || Issued { holder: String::from("Ann"), limit: 5 };
    let wallet = given::<Wallet>((foreign::Issued, card())).into_state();
    assert_eq!(wallet.cards, ["Ann"]);
    assert_eq!(format!("{:?}", InWallet::from(foreign::Issued)), "Issued(Issued)");
    assert!(matches!(InWallet::from(card()), InWallet::CardIssued(issued) if issued.limit == 5));
    let names: Vec<&str> = Wallet::event_types().iter().map(|event| event.name).collect();
    assert_eq!(names, ["wallet.issued", "card.issued", "card.blocked"]);
}

/// Everything that `handle` may return.
mod yields {
    use super::*;

    #[event(name = "lamp.on")]
    #[derive(Clone)]
    pub(crate) struct On;

    #[event(name = "lamp.off")]
    pub(crate) struct Off;

    #[derive(Debug, Default, PartialEq, Aggregate)]
    #[aggregate(name = "lamp", events(On, Off), unknown = "skip")]
    pub(crate) struct Lamp {
        pub(crate) lit: bool,
        pub(crate) switched: u32,
    }

    impl Apply<On> for Lamp {
        fn apply(&mut self, _: On) {
            *self = Self { lit: true, switched: self.switched + 1 };
        }
    }

    impl Apply<Off> for Lamp {
        fn apply(&mut self, _: Off) {
            *self = Self { lit: false, switched: self.switched + 1 };
        }
    }
}

#[test]
fn a_decision_returns_one_event_or_several_in_every_form() {
    use yields::{Lamp, LampEvent, Off, On};
    let switched = |lamp: Lamp| (lamp.switched, lamp.lit);
    assert_eq!(switched(given(On).into_state()), (1, true));
    assert_eq!(switched(given(()).into_state()), (0, false));
    assert_eq!(switched(given(None::<Off>).into_state()), (0, false));
    assert_eq!(switched(given(vec![On, On]).into_state()), (2, true));
    assert_eq!(switched(given([On, On, On]).into_state()), (3, true));
    assert_eq!(switched(given((On, Some(Off), vec![On], LampEvent::Off(Off))).into_state()), (4, false));
}

#[test]
fn an_unknown_event_is_skipped_only_if_the_aggregate_sets_it() {
    use yields::{Lamp, On};
    given::<Lamp>(On).and_stored("lamp.broken", 7, &json!({})).then_state(&Lamp { lit: true, switched: 1 });
    let error = es_core::testing::read::<On>(2, &json!(null)).err().expect("is refused").to_string();
    assert!(error.contains("version 2 is newer than 1"), "{error}");
}
