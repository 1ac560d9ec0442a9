//! What no tool can see, as listed in `docs/shapes-and-lock.md`: each entry names its test here.

use es_core::Aggregate;
use es_core::lock::Mode;

use crate::folder::Folder;

const PAGE: &str = include_str!("../../../docs/shapes-and-lock.md");

#[test]
fn each_limit_on_the_page_has_a_test_here_and_each_test_is_on_the_page() {
    let (_, section) = PAGE.split_once("## What no tool can see\n").expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let named: Vec<&str> = section
        .split("Test: `unseen::")
        .skip(1)
        .map(|rest| rest.split('`').next().unwrap_or_default())
        .collect();
    let source = include_str!("unseen.rs");
    let tests = source.matches("\n#[test]\nfn ").count();
    assert!(named.iter().all(|test| source.contains(&format!("fn {test}()"))), "{named:?}");
    // This one is the other.
    assert_eq!(named.len() + 1, tests, "{named:?}");
}

/// Publishes `Before`; the lock reports nothing for `Now`.
#[track_caller]
fn is_unseen<Before: Aggregate, Now: Aggregate>(test: &str) {
    let folder = Folder::with::<Before>(test);
    folder.run::<Now>(Mode::Check).expect("it is not seen");
}

/// Reads and writes a number in one unit, or in another one; the JSON is the same.
macro_rules! units {
    ($($module:ident: $factor:literal;)*) => {$(
        mod $module {
            use crate::prelude::*;

            mod number {
                use super::*;

                pub fn serialize<S: serde::Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_i64(value / $factor)
                }
                pub fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
                    i64::deserialize(from).map(|value| value * $factor)
                }
            }

            #[event(name = "order.paid")]
            pub struct Paid {
                #[serde(with = "number")]
                #[shape("i64")]
                cents: i64,
            }
            crate::order!(Paid);

            pub mod kept {
                use super::Paid;
                use crate::prelude::*;

                #[derive(Aggregate, Default, Serialize, Deserialize)]
                #[aggregate(name = "order", id = String, events(Paid), snapshot(every = 10))]
                pub struct Order { cents: i64 }
                impl Apply<Paid> for Order {
                    fn apply(&mut self, event: Paid) { self.cents += event.cents; }
                }
            }
        }
    )*};
}
units! {
    euros: 100;
    tenths: 10;
}

#[test]
fn code_that_reads_and_writes_in_another_unit_shows_only_in_a_fold() {
    is_unseen::<euros::Order, tenths::Order>("reads_and_writes_in_another_unit");
    let folder = Folder::with::<euros::kept::Order>("reads_and_writes_in_another_unit_and_folds");
    let found = folder.findings::<tenths::kept::Order>(Mode::Check);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].contains("folds the same events to another state than before: `cents` was 100 and is 10")
    );
}

macro_rules! orders {
    ($($module:ident: { $($item:item)* })*) => {$(
        mod $module {
            use crate::prelude::*;
            $($item)*
        }
    )*};
}
orders! {
    pounds: {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Pounds(u32);
        #[event(name = "order.weighed")]
        pub struct Weighed { weight: Pounds }
        crate::order!(Weighed);
    }
    called_pounds: {
        #[derive(Serialize, Deserialize, Shape)]
        #[shape(name = "Pounds")]
        pub struct Grams(u32);
        #[event(name = "order.weighed")]
        pub struct Weighed { weight: Grams }
        crate::order!(Weighed);
    }
    two_renamed: {
        #[event(name = "paid.in")]
        pub struct Received { cents: i64 }
        #[event(name = "paid.out")]
        pub struct Spent { cents: i64 }
        crate::order!(Received, Spent);
    }
    two: {
        #[event(name = "paid.in")]
        pub struct Deposited { cents: i64 }
        #[event(name = "paid.out")]
        pub struct Withdrawn { cents: i64 }
        crate::order!(Deposited, Withdrawn);
    }
    two_renamed_and_exchanged: {
        #[event(name = "paid.out")]
        pub struct Received { cents: i64 }
        #[event(name = "paid.in")]
        pub struct Spent { cents: i64 }
        crate::order!(Received, Spent);
    }
}

#[test]
fn a_name_given_to_another_type_is_not_questioned() {
    is_unseen::<pounds::Order, called_pounds::Order>("a_name_given_to_another_type");
}

#[test]
fn a_swap_after_both_were_renamed_in_rust_is_not_seen() {
    let folder = Folder::with::<two::Order>("an_exchange_after_both_were_renamed");
    folder.run::<two_renamed::Order>(Mode::Check).expect("only Rust names");
    folder.run::<two_renamed_and_exchanged::Order>(Mode::Check).expect("it is not seen");
    // An update in between renews the names.
    folder.run::<two_renamed::Order>(Mode::Update).expect("an update");
    assert_eq!(folder.findings::<two_renamed_and_exchanged::Order>(Mode::Check).len(), 1);
}

macro_rules! steps {
    ($($module:ident: |$old:ident, $context:ident| $cents:expr;)*) => {$(
        mod $module {
            use crate::prelude::*;

            #[event(name = "order.paid", version = 2, previous = PaidV1)]
            pub struct Paid { cents: i64 }
            #[event(name = "order.paid")]
            pub struct PaidV1 { euros: i64 }
            impl UpcastFrom<PaidV1> for Paid {
                type Error = std::convert::Infallible;
                fn upcast_from($old: PaidV1, $context: &UpcastContext<'_>) -> Result<Self, Self::Error> {
                    Ok(Self { cents: $cents })
                }
            }
            crate::order!(Paid);
        }
    )*};
}
steps! {
    plain: |old, _context| old.euros * 100;
    for_large_ones: |old, _context| if old.euros > 1000 { 0 } else { old.euros * 100 };
    by_metadata: |old, context| match context.metadata() {
        Ok(metadata) if metadata.entries.contains_key("tenths") => old.euros * 10,
        _ => old.euros * 100,
    };
}

#[test]
fn a_change_for_values_that_no_payload_has_is_not_seen() {
    is_unseen::<plain::Order, for_large_ones::Order>("a_change_for_values");
    let folder = Folder::with::<plain::Order>("a_change_for_values_that_a_payload_has");
    folder.write("events/order.paid/v1.json", "[{\"stored\": {\"euros\": 5000}}]");
    folder.run::<plain::Order>(Mode::Update).expect("an update");
    let found = folder.findings::<for_large_ones::Order>(Mode::Check);
    assert!(found[0].contains("`cents` was 500000 and is 0"), "{found:#?}");
}

#[test]
fn a_change_for_other_circumstances_than_those_of_the_test_is_not_seen() {
    is_unseen::<plain::Order, by_metadata::Order>("a_change_for_other_circumstances");
}

macro_rules! applied {
    ($($module:ident: $factor:literal;)*) => {orders! {$(
        $module: {
            #[event(name = "order.paid")]
            pub struct Paid { cents: i64 }
            #[derive(Aggregate, Default)]
            #[aggregate(name = "order", id = String, events(Paid))]
            pub struct Order { cents: i64 }
            impl Apply<Paid> for Order {
                fn apply(&mut self, event: Paid) { self.cents += $factor * event.cents; }
            }
        }
    )*}};
}
applied! {
    once: 1;
    twice: 2;
}

#[test]
fn apply_may_change_if_no_state_is_stored() {
    is_unseen::<once::Order, twice::Order>("apply_is_free");
}
