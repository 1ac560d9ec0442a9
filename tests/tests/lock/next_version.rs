//! Changes in the same commit as the next version: how the previous version is read.

use es_core::lock::Mode;

use crate::folder::Folder;

/// A number that is written as it is, and read as it is or as something else.
macro_rules! numbers {
    ($($module:ident: $read:expr;)*) => {$(
        mod $module {
            use crate::prelude::*;

            pub fn serialize<S: serde::Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(*value)
            }
            pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
                i64::deserialize(deserializer).map($read)
            }
        }
    )*};
}
numbers! {
    same: |value| value;
    hundredfold: |value| value * 100;
}

macro_rules! orders {
    ($($module:ident: $with:ident, { $($item:item)* })*) => {$(
        mod $module {
            use crate::prelude::*;
            // The path is part of the shape.
            use super::$with as number;

            #[event(name = "order.paid")]
            pub struct PaidV1 {
                #[serde(with = "number")]
                #[shape("i64")]
                cents: i64,
            }
            $($item)*
        }
    )*};
}
macro_rules! second {
    ($($module:ident: $with:ident;)*) => {orders! {$(
        $module: $with, {
            #[event(name = "order.paid", version = 2, previous = PaidV1)]
            pub struct Paid { cents: i64, currency: String }
            crate::step!(PaidV1 => Paid, |old| { cents: old.cents, currency: "EUR".into() });
            crate::order!(Paid);
        }
    )*}};
}
macro_rules! retired {
    ($($module:ident: $with:ident;)*) => {orders! {$(
        $module: $with, {
            #[event(name = "order.settled")]
            pub struct Settled { cents: i64 }
        #[derive(Aggregate, Default)]
        #[aggregate(name = "order", id = String, events(Settled), retired(PaidV1))]
        pub struct Order;
        impl Apply<Settled> for Order { fn apply(&mut self, _: Settled) {} }
        impl es_core::model::Retired<PaidV1> for Order {
            type Error = std::convert::Infallible;
            fn retired(old: PaidV1, _: &UpcastContext<'_>) -> Result<es_core::Events<Self>, Self::Error> {
                es_core::emit(Settled { cents: old.cents })
            }
        }
        }
    )*}};
}
orders! {
    first: same, { crate::order!(PaidV1); }
}
second! {
    next: same;
    next_and_otherwise: hundredfold;
}
retired! {
    gone: same;
    gone_and_otherwise: hundredfold;
}

const CHANGED: &str =
    "payload 1 of events/order.paid/v1.json means something else now: `cents` was 1 and is 100
  stored: {\"cents\":1}
  meant:  {\"cents\":1}
  means:  {\"cents\":100}";

#[test]
fn a_version_that_is_read_differently_since_the_next_one_is_reported() {
    let folder = Folder::with::<first::Order>("read_otherwise_since_the_next_one");
    // Only the next version itself.
    let found = folder.findings::<next::Order>(Mode::Check);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("one version is not there yet: `order.paid` version 2"), "{}", found[0]);
    let found = folder.findings::<next_and_otherwise::Order>(Mode::Check);
    assert!(found[0].starts_with(CHANGED), "{found:#?}");
    assert!(folder.accepted::<next_and_otherwise::Order>()[0].starts_with(CHANGED));
    folder.run::<next_and_otherwise::Order>(Mode::Check).expect("what was accepted");
}

#[test]
fn an_event_that_is_read_differently_since_it_is_retired_is_reported() {
    let folder = Folder::with::<first::Order>("read_otherwise_since_it_is_retired");
    let found = folder.findings::<gone::Order>(Mode::Check);
    assert!(!found.iter().any(|found| found.contains("means something else")), "{found:#?}");
    let found = folder.findings::<gone_and_otherwise::Order>(Mode::Check);
    assert!(found.iter().any(|found| found.starts_with(CHANGED)), "{found:#?}");
}
