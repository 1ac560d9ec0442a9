//! Old versions generated from the history of fields.

#![allow(missing_docs, reason = "events that only these tests look at")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use es_core::catalogue::Catalogue;
use es_core::record::DecodeProblem;
use es_core::shape::Shape;
use es_core::testing::{given, read};
use es_core::{
    Aggregate, Apply, Event, Events, Handle, MemoryStore, Repository, UpcastContext, UpcastFrom, emit, event,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Every kind of change, over four versions.
#[event(
    name = "parcel.sent",
    version = 4,
    removed(in = 3, note: String),
    removed(in = 4, #[event(added(in = 2, default))] insured: bool)
)]
#[derive(Debug, PartialEq)]
pub struct Sent {
    pub to: String,
    #[event(renamed(in = 2, from = "weight"), renamed(in = 4, from = "weight_in_g"))]
    pub grams: u32,
    #[event(added(in = 3, default = vec!["post".to_owned()]), renamed(in = 4, from = "via"))]
    pub carriers: Vec<String>,
    #[event(added(in = 4, default))]
    pub price: Option<i64>,
}

fn sent(carrier: &str, price: Option<i64>) -> Sent {
    Sent { to: "Ann".into(), grams: 5, carriers: vec![carrier.into()], price }
}

#[test]
fn every_version_is_read_by_its_own_fields_and_upcast() {
    let first = json!({ "to": "Ann", "weight": 5, "note": "fragile" });
    assert_eq!(read::<Sent>(1, &first).expect("reads"), sent("post", None));
    let second = json!({ "to": "Ann", "weight_in_g": 5, "note": "fragile", "insured": true });
    assert_eq!(read::<Sent>(2, &second).expect("reads"), sent("post", None));
    let third = json!({ "to": "Ann", "weight_in_g": 5, "insured": true, "via": ["bike"] });
    assert_eq!(read::<Sent>(3, &third).expect("reads"), sent("bike", None));
    let fourth = json!({ "to": "Ann", "grams": 5, "carriers": ["bike"], "price": 7 });
    assert_eq!(read::<Sent>(4, &fourth).expect("reads"), sent("bike", Some(7)));
    assert_eq!((Sent::NAME, Sent::VERSION), ("parcel.sent", 4));
    for (version, payload) in [(1, &second), (2, &first), (3, &second), (4, &third)] {
        let error = read::<Sent>(version, payload).expect_err("another version");
        assert!(matches!(error.problem(), DecodeProblem::Payload { .. }), "{error}");
    }
    let error = read::<Sent>(1, &json!(null)).expect_err("no object");
    assert!(error.to_string().contains("invalid type, expected struct Sent at"), "{error}");
}

proptest! {
    /// The four versions as handwritten JSON, and the expected current meaning of each.
    #[test]
    fn events_of_every_version_have_the_expected_current_meaning(
        to in ".*", grams in any::<u32>(), note in ".*", insured in any::<bool>(),
        carriers in prop::collection::vec(".*", 0..3), price in any::<Option<i64>>(),
    ) {
        let by_post = vec!["post".to_owned()];
        let cases = [
            (json!({ "to": to, "weight": grams, "note": note }), by_post.clone(), None),
            (json!({ "to": to, "weight_in_g": grams, "note": note, "insured": insured }), by_post, None),
            (json!({ "to": to, "weight_in_g": grams, "insured": insured, "via": carriers }), carriers.clone(), None),
            (json!({ "to": to, "grams": grams, "carriers": carriers, "price": price }), carriers, price),
        ];
        for (version, (payload, carriers, price)) in (1..).zip(cases) {
            let event: Sent = read(version, &payload).expect("reads");
            prop_assert_eq!(event, Sent { to: to.clone(), grams, carriers, price });
        }
    }
}

#[derive(Aggregate, Default)]
#[aggregate(name = "parcel", id = String, events(Sent))]
pub struct Parcel {
    sent: Vec<Sent>,
}

impl Apply<Sent> for Parcel {
    fn apply(&mut self, event: Sent) {
        self.sent.push(event);
    }
}

#[test]
fn the_catalogue_holds_every_version_with_its_shape() {
    let catalogue = Catalogue::of::<Parcel>();
    let texts: Vec<String> = catalogue
        .events()
        .iter()
        .map(|event| {
            let text = event.text().replace("payload: struct\n", "").replace('\n', ";");
            format!("{} {} {}:{text}", event.name(), event.version(), event.struct_name())
        })
        .collect();
    assert_eq!(
        texts,
        [
            "parcel.sent 4 Sent:  carriers: list<string>;  grams: u32;  price: option<i64>;  to: string;",
            "parcel.sent 3 Sent:  insured: bool;  to: string;  via: list<string>;  weight_in_g: u32;",
            "parcel.sent 2 Sent:  insured: bool;  note: string;  to: string;  weight_in_g: u32;",
            "parcel.sent 1 Sent:  note: string;  to: string;  weight: u32;",
        ]
    );
    for event in catalogue.events() {
        for sample in event.schema().samples() {
            let parcel = given::<Parcel>(()).and_stored("parcel.sent", event.version(), &sample).into_state();
            assert_eq!(parcel.sent.len(), 1);
        }
    }
}

/// A struct with a history is the previous version of a newer one.
mod handwritten_after_history {
    use super::*;

    #[event(name = "parcel.weighed", version = 2, was("parcel.measured"))]
    struct WeighedV2 {
        #[event(renamed(in = 2, from = "w"))]
        grams: i64,
    }

    #[event(name = "parcel.weighed", version = 3, previous = WeighedV2, was("parcel.measured"))]
    #[derive(Debug, PartialEq)]
    pub struct Weighed {
        pub grams: u32,
    }

    impl UpcastFrom<WeighedV2> for Weighed {
        type Error = std::num::TryFromIntError;
        fn upcast_from(old: WeighedV2, _: &UpcastContext<'_>) -> Result<Self, Self::Error> {
            Ok(Self { grams: old.grams.try_into()? })
        }
    }

    #[test]
    fn a_struct_with_a_history_is_a_previous_like_any_other() {
        for (version, field) in [(1, "w"), (2, "grams"), (3, "grams")] {
            assert_eq!(read::<Weighed>(version, &json!({ field: 7 })).expect("reads"), Weighed { grams: 7 });
        }
        let error = read::<Weighed>(1, &json!({ "w": -1 })).expect_err("no weight");
        assert!(matches!(error.problem(), DecodeProblem::Upcast { from: 2, to: 3, .. }), "{error}");
    }
}

/// A field that was removed and added again, or whose name another one took.
mod came_back {
    use super::*;

    #[event(
        name = "order.paid",
        version = 4,
        removed(in = 2, by: String),
        removed(in = 3, #[serde(rename = "r#amount")] r#type: String),
        removed(in = 4, #[event(renamed(in = 3, from = "total"))] amount: u8)
    )]
    #[derive(Debug, PartialEq)]
    pub struct Paid {
        #[event(added(in = 3, default = 42))]
        pub by: u32,
        #[serde(rename = "amount")]
        #[event(added(in = 4, default = std::num::NonZeroU8::MIN))]
        pub cents: std::num::NonZeroU8,
    }

    #[test]
    fn each_version_has_its_own_field_of_that_name() {
        let today = |by, cents| Paid { by, cents: std::num::NonZeroU8::new(cents).expect("not 0") };
        for (version, payload, event) in [
            (1, json!({ "by": "Ann", "r#amount": "a", "total": 3 }), today(42, 1)),
            (2, json!({ "r#amount": "a", "total": 3 }), today(42, 1)),
            (3, json!({ "by": 7, "amount": 3 }), today(7, 1)),
            (4, json!({ "by": 7, "amount": 3 }), today(7, 3)),
        ] {
            assert_eq!(read::<Paid>(version, &payload).expect("reads"), event);
        }
    }
}

/// Programs of version 1 run while others write for them.
mod write_as {
    use super::*;

    pub mod before {
        use super::*;

        #[event(name = "counter.added")]
        pub struct Added {
            pub count: u32,
        }

        #[derive(Aggregate, Debug, Default, PartialEq)]
        #[aggregate(name = "counter", id = String, events(Added))]
        pub struct Counter(u32);

        impl Apply<Added> for Counter {
            fn apply(&mut self, event: Added) {
                self.0 += event.count;
            }
        }
    }

    #[event(name = "counter.added", version = 2, write_as = 1)]
    #[derive(Debug, Clone, PartialEq)]
    pub struct Added {
        #[event(renamed(in = 2, from = "count"))]
        pub by: u32,
        #[event(added(in = 2, default = "nobody".to_owned()))]
        pub clerk: String,
    }

    #[derive(Aggregate, Debug, Default, PartialEq)]
    #[aggregate(name = "counter", id = String, events(Added))]
    pub struct Counter {
        events: Vec<Added>,
    }

    impl Apply<Added> for Counter {
        fn apply(&mut self, event: Added) {
            self.events.push(event);
        }
    }

    pub struct Add(Added);

    impl Handle<Add> for Counter {
        type Error = Infallible;
        fn handle(&self, Add(event): &Add) -> Result<Events<Self>, Infallible> {
            emit(event.clone())
        }
    }

    #[tokio::test]
    async fn the_state_is_folded_from_what_readers_will_read() {
        let store = MemoryStore::new();
        let (old, new) =
            (Repository::<before::Counter, _>::new(store.clone()), Repository::<Counter, _>::new(store));
        let id = String::from("1");
        let done = new.execute(&id, Add(Added { by: 3, clerk: "Ann".into() })).await.expect("no conflict");
        assert_eq!((done.events[0].version, done.events[0].stored_version), (2, 1));
        let replayed = new.load(&id).await.expect("it is read").state;
        assert_eq!(replayed.events, [Added { by: 3, clerk: "nobody".into() }]);
        assert_eq!(old.load(&id).await.expect("it is read").state, serde_state(3));
        let folded: Counter = given(Added { by: 3, clerk: "Ann".into() }).into_state();
        assert_eq!(folded, replayed);
    }

    fn serde_state(count: u32) -> before::Counter {
        given(before::Added { count }).into_state()
    }

    #[test]
    fn only_the_newest_version_writes_as_the_previous_one() {
        assert_eq!((Added::VERSION, Added::WRITTEN_VERSION), (2, 1));
        let mut json = es_core::codec::Payload::new();
        Added { by: 3, clerk: "Ann".into() }.encode(&mut json).expect("it is written");
        assert_eq!(json.as_slice(), br#"{"count":3}"#);
    }
}

/// serde's attributes of a struct and its fields apply to every version.
mod with_serde {
    use super::*;

    #[event(name = "trip.booked", version = 3, removed(in = 2, seat_number: u8))]
    #[derive(Debug, PartialEq)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    pub struct Booked {
        pub paid_by: String,
        #[serde(rename = "price")]
        #[event(renamed(in = 2, from = "fare_in_cents"))]
        pub cents: u32,
        #[serde(default = "one")]
        #[event(renamed(in = 3, from = "people"))]
        pub travellers_in_all: u8,
        #[serde(default, alias = "hint", skip_serializing_if = "Option::is_none")]
        #[event(added(in = 3, default = Some("old".into())))]
        pub note: Option<String>,
        #[serde(skip)]
        pub seen: std::marker::PhantomData<u8>,
    }

    fn one() -> u8 {
        1
    }

    #[test]
    fn rename_rename_all_default_alias_skip_and_deny_unknown_fields_apply_to_every_version() {
        let event = |travellers_in_all, note: Option<&str>| Booked {
            paid_by: "Ann".into(),
            cents: 5,
            travellers_in_all,
            note: note.map(Into::into),
            seen: std::marker::PhantomData,
        };
        for (version, payload, expected) in [
            (1, json!({ "paidBy": "Ann", "fare_in_cents": 5, "seatNumber": 4 }), event(1, Some("old"))),
            (2, json!({ "paidBy": "Ann", "price": 5, "people": 2 }), event(2, Some("old"))),
            (3, json!({ "paidBy": "Ann", "price": 5, "travellersInAll": 2 }), event(2, None)),
            (3, json!({ "paidBy": "Ann", "price": 5, "hint": "new" }), event(1, Some("new"))),
        ] {
            assert_eq!(read::<Booked>(version, &payload).expect("reads"), expected);
        }
        for version in 1..=3 {
            let error = read::<Booked>(version, &json!({ "other": 5 })).expect_err("an unknown field");
            assert!(error.to_string().contains("unknown field"), "{error}");
        }
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize, Shape)]
    pub struct Extra {
        pub clerk: String,
    }

    #[event(name = "trip.ended", version = 2, removed(in = 2, gone: u8))]
    #[derive(Debug, PartialEq)]
    #[serde(tag = "kind")]
    pub struct Ended {
        #[event(renamed(in = 2, from = "kilometres"))]
        pub km: u32,
        #[serde(flatten)]
        #[event(added(in = 2, default = Extra { clerk: "nobody".into() }))]
        pub extra: Extra,
        #[serde(flatten)]
        pub rest: BTreeMap<String, Value>,
    }

    #[event(name = "trip.delayed", version = 2, removed(in = 2, #[serde(flatten)] gone: Extra))]
    #[derive(Debug, PartialEq)]
    pub struct Delayed {
        pub minutes: u32,
    }

    #[test]
    fn flattened_fields_are_added_and_removed_and_the_tag_stays() {
        let ended = |clerk: &str, rest: &[(&str, Value)]| Ended {
            km: 5,
            extra: Extra { clerk: clerk.into() },
            rest: rest.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
        };
        let first: Ended =
            read(1, &json!({ "kind": "Ended", "kilometres": 5, "gone": 3, "more": 1 })).expect("reads");
        assert_eq!(first, ended("nobody", &[("kind", json!("Ended")), ("more", json!(1))]));
        let second: Ended = read(2, &json!({ "kind": "Ended", "km": 5, "clerk": "Ann" })).expect("reads");
        assert_eq!(second, ended("Ann", &[("kind", json!("Ended"))]));
        let delayed: Delayed = read(1, &json!({ "minutes": 3, "clerk": "Ann" })).expect("reads");
        assert_eq!(delayed, Delayed { minutes: 3 });
        let texts = Catalogue::of::<Trip>()
            .events()
            .iter()
            .map(es_core::catalogue::EventShape::text)
            .collect::<Vec<_>>();
        assert!(
            texts.iter().all(|text| text.starts_with("payload: struct, with kind = Ended\n")),
            "{texts:?}"
        );
    }

    #[derive(Aggregate, Default)]
    #[aggregate(name = "trip", id = String, events(Ended))]
    pub struct Trip;

    impl Apply<Ended> for Trip {
        fn apply(&mut self, _: Ended) {}
    }

    /// Absent fields are taken from the default of the whole struct.
    #[event(name = "trip.changed", version = 2, removed(in = 2, gone: u8))]
    #[derive(Debug, PartialEq)]
    #[serde(default)]
    pub struct Changed {
        pub to: String,
        #[event(renamed(in = 2, from = "at"))]
        pub hour: u8,
    }

    impl Default for Changed {
        fn default() -> Self {
            Self { to: "Rome".into(), hour: 9 }
        }
    }

    #[event(name = "trip.cancelled", version = 2)]
    #[derive(Debug, PartialEq)]
    #[serde(default = "cancelled")]
    pub struct Cancelled {
        pub by: String,
        #[event(added(in = 2, default = 1))]
        pub fee: u8,
    }

    fn cancelled() -> Cancelled {
        Cancelled { by: "nobody".into(), fee: 2 }
    }

    #[test]
    fn the_default_of_the_whole_fills_every_version() {
        let changed = |hour| Changed { to: "Rome".into(), hour };
        assert_eq!(read::<Changed>(1, &json!({})).expect("reads"), changed(9));
        assert_eq!(read::<Changed>(1, &json!({ "at": 3, "gone": 1 })).expect("reads"), changed(3));
        assert_eq!(read::<Changed>(2, &json!({ "hour": 4 })).expect("reads"), changed(4));
        let cancelled = |fee| Cancelled { by: "nobody".into(), fee };
        assert_eq!(read::<Cancelled>(1, &json!({})).expect("reads"), cancelled(1));
        assert_eq!(read::<Cancelled>(2, &json!({})).expect("reads"), cancelled(2));
    }
}

#[test]
fn an_event_within_a_function_has_a_history_as_well() {
    const EUR: &str = "EUR";

    #[event(name = "account.deposited", version = 2)]
    struct Deposited {
        #[event(added(in = 2, default = EUR.to_owned()))]
        currency: String,
    }

    assert_eq!(read::<Deposited>(1, &json!({})).expect("reads").currency, "EUR");
}
