//! How an old program reads a type within events that a newer one has changed with a history.

use std::collections::BTreeMap;
use std::fmt::Debug;

use es_core::record::DecodeProblem;
use es_core::shape::Shape;
use es_core::testing::read;
use es_core::{Event, event};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Reads what the new program writes as the old one: the same event, with the old type. `None` if that fails.
fn old_reads<Old: Event + Debug>(new: impl Serialize) -> Option<String> {
    let stored = serde_json::to_value(json!({ "of": new })).expect("it is written");
    match read::<Old>(1, &stored) {
        Ok(event) => Some(format!("{event:?}")),
        Err(error) if matches!(error.problem(), DecodeProblem::Payload { .. }) => None,
        Err(error) => panic!("{stored}: {error}"),
    }
}

/// An event of the old program, with the type in its old form.
macro_rules! old {
    ($module:ident: $($item:item)*) => {
        mod $module {
            use super::*;
            $($item)*

            #[event(name = "account.deposited")]
            #[derive(Debug)]
            pub struct Deposited {
                #[allow(dead_code, reason = "it is looked at by `Debug`")]
                pub of: Money,
            }
        }
    };
}

old! { plain:
    #[derive(Debug, Serialize, Deserialize, Shape)]
    pub struct Money { pub cents: i64, pub note: Option<String> }
}

old! { strict:
    #[derive(Debug, Serialize, Deserialize, Shape)]
    #[serde(deny_unknown_fields)]
    pub struct Money { pub cents: i64, pub note: Option<String> }
}

old! { with_defaults:
    #[derive(Debug, Serialize, Deserialize, Shape)]
    pub struct Money { #[serde(default)] pub cents: i64, pub note: Option<String> }
}

#[derive(Serialize, Shape)]
pub struct Added {
    cents: i64,
    note: Option<String>,
    #[shape(added(in = 2, default))]
    clerk: Option<String>,
}

#[test]
fn an_added_field_is_ignored_by_an_old_program_unless_it_denies_unknown_fields() {
    for clerk in [None, Some("Ann".to_owned())] {
        let new = Added { cents: 5, note: Some("late".into()), clerk };
        let read = old_reads::<plain::Deposited>(&new).expect("it is read");
        assert_eq!(read, r#"Deposited { of: Money { cents: 5, note: Some("late") } }"#);
        assert_eq!(old_reads::<strict::Deposited>(&new), None);
    }
}

#[derive(Serialize, Shape)]
struct OptionRenamed {
    cents: i64,
    #[shape(renamed(in = 2, from = "note"))]
    memo: Option<String>,
}

#[derive(Serialize, Shape)]
struct OtherRenamed {
    #[shape(renamed(in = 2, from = "cents"))]
    amount: i64,
    note: Option<String>,
}

#[test]
fn a_renamed_option_is_none_to_an_old_program_unless_it_denies_unknown_fields() {
    let new = OptionRenamed { cents: 5, memo: Some("late".into()) };
    let read = old_reads::<plain::Deposited>(&new).expect("it is read");
    assert_eq!(read, "Deposited { of: Money { cents: 5, note: None } }");
    assert_eq!(old_reads::<strict::Deposited>(&new), None);
}

#[test]
fn a_renamed_field_that_is_not_an_option_is_rejected_by_an_old_program_unless_it_has_a_default() {
    let new = OtherRenamed { amount: 5, note: None };
    assert_eq!(old_reads::<plain::Deposited>(&new), None);
    assert_eq!(old_reads::<strict::Deposited>(&new), None);
    let read = old_reads::<with_defaults::Deposited>(&new).expect("it is read");
    assert_eq!(read, "Deposited { of: Money { cents: 0, note: None } }");
}

#[derive(Serialize, Shape)]
#[shape(removed(in = 2, note: Option<String>))]
struct OptionRemoved {
    cents: i64,
}

#[derive(Serialize, Shape)]
#[shape(removed(in = 2, cents: i64))]
struct OtherRemoved {
    note: Option<String>,
}

#[test]
fn a_removed_option_is_none_to_every_old_program() {
    let new = OptionRemoved { cents: 5 };
    let none = "Deposited { of: Money { cents: 5, note: None } }";
    assert_eq!(old_reads::<plain::Deposited>(&new).expect("it is read"), none);
    assert_eq!(old_reads::<strict::Deposited>(&new).expect("it is read"), none);
}

#[test]
fn a_removed_field_that_is_not_an_option_is_rejected_by_an_old_program_unless_it_has_a_default() {
    let new = OtherRemoved { note: None };
    assert_eq!(old_reads::<plain::Deposited>(&new), None);
    assert_eq!(old_reads::<strict::Deposited>(&new), None);
    let read = old_reads::<with_defaults::Deposited>(&new).expect("it is read");
    assert_eq!(read, "Deposited { of: Money { cents: 0, note: None } }");
}

old! { with_history:
    #[derive(Debug, Serialize, Shape)]
    pub struct Money {
        pub cents: i64,
        #[shape(added(in = 2, default = "EUR".to_owned()))]
        pub currency: String,
    }
}

#[derive(Serialize, Shape)]
struct RenamedAfterAdded {
    cents: i64,
    #[shape(added(in = 2, default = "EUR".to_owned()), renamed(in = 3, from = "currency"))]
    code: String,
}

#[test]
fn a_field_that_was_added_has_its_default_for_a_program_that_does_not_know_its_new_name() {
    let new = RenamedAfterAdded { cents: 5, code: "USD".into() };
    let read = old_reads::<with_history::Deposited>(&new).expect("it is read");
    assert_eq!(read, r#"Deposited { of: Money { cents: 5, currency: "EUR" } }"#);
}

old! { variants:
    #[derive(Debug, Serialize, Deserialize, Shape)]
    pub enum Money { Cash, Card { number: u32 } }
}

old! { with_other:
    #[derive(Debug, Serialize, Deserialize, Shape)]
    pub enum Money { Cash, Card { number: u32 }, #[serde(other)] Unknown }
}

#[derive(Serialize, Shape)]
enum NewVariants {
    #[shape(renamed(in = 2, from = "Cash"))]
    Coins,
    #[allow(dead_code, reason = "it is there as it was")]
    Card { number: u32 },
    #[shape(added(in = 3))]
    Cheque,
}

#[test]
fn an_added_or_renamed_variant_is_rejected_by_an_old_program_unless_it_has_a_catch_all() {
    for new in [NewVariants::Coins, NewVariants::Cheque] {
        assert_eq!(old_reads::<variants::Deposited>(&new), None);
        let read = old_reads::<with_other::Deposited>(&new).expect("it is read");
        assert_eq!(read, "Deposited { of: Unknown }");
    }
}

old! { untagged:
    #[derive(Debug, Serialize, Deserialize, Shape)]
    pub struct Coins { pub cents: i64 }
    #[derive(Debug, Serialize, Deserialize, Shape)]
    #[serde(untagged)]
    pub enum Money { Coins(Coins), Other(BTreeMap<String, i64>) }
}

#[test]
fn in_an_untagged_enum_an_old_program_may_read_a_changed_value_as_another_variant() {
    #[derive(Serialize, Shape)]
    struct Coins {
        #[shape(renamed(in = 2, from = "cents"))]
        amount: i64,
    }
    let read = old_reads::<untagged::Deposited>(Coins { amount: 5 }).expect("it is read");
    assert_eq!(read, r#"Deposited { of: Other({"amount": 5}) }"#);
}
