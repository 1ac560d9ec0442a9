//! Types within events with a history of their own: no event gets a new version for it.

#![allow(missing_docs, reason = "events that only these tests look at")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use es_core::catalogue::Catalogue;
use es_core::record::DecodeProblem;
use es_core::shape::{Schema, Shape};
use es_core::testing::read;
use es_core::{Aggregate, Apply, Event, Events, Handle, MemoryStore, Repository, StoreError, emit, event};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Nine events that share a type, each containing it in another way, and a state with snapshots that contains
/// it as well.
macro_rules! program {
    ($module:ident; $($money:item)*) => {
        mod $module {
            use super::*;

            $($money)*

            #[event(name = "account.e1")]
            #[derive(Debug, Clone, PartialEq)]
            pub struct E1 { pub of: Money }
            #[event(name = "account.e2")]
            #[derive(Debug, Clone, PartialEq)]
            pub struct E2 { pub of: Option<Money> }
            #[event(name = "account.e3")]
            #[derive(Debug, Clone, PartialEq)]
            pub struct E3 { pub of: Vec<Money> }
            #[event(name = "account.e4")]
            #[derive(Debug, Clone, PartialEq)]
            pub struct E4 { pub of: BTreeMap<String, Money> }
            #[event(name = "account.e5")]
            #[derive(Debug, Clone, PartialEq)]
            pub struct E5(pub Money);
            #[event(name = "account.e6")]
            #[derive(Debug, Clone, PartialEq)]
            pub struct E6 { pub of: Box<(u8, [Money; 1])> }
            #[event(name = "account.e7")]
            #[derive(Debug, Clone, PartialEq)]
            pub struct E7 { pub of: Line<Money> }
            #[event(name = "account.e8")]
            #[derive(Debug, Clone, PartialEq)]
            pub struct E8 { #[serde(flatten)] pub of: Money }
            /// An event with a history of its own: its old version contains the type as well.
            #[event(name = "account.e9", version = 2)]
            #[derive(Debug, Clone, PartialEq)]
            pub struct E9 { #[event(renamed(in = 2, from = "was"))] pub of: Money }

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Shape)]
            pub struct Line<T> { pub item: T }

            #[derive(Aggregate, Debug, Default, PartialEq, Serialize, Deserialize)]
            #[aggregate(
                name = "account", id = String, events(E1, E2, E3, E4, E5, E6, E7, E8, E9), snapshot(every = 1)
            )]
            pub struct Account { pub last: Option<Money> }

            impl Apply<E1> for Account { fn apply(&mut self, event: E1) { self.last = Some(event.of); } }
            impl Apply<E2> for Account { fn apply(&mut self, event: E2) { self.last = event.of; } }
            impl Apply<E3> for Account { fn apply(&mut self, _: E3) {} }
            impl Apply<E4> for Account { fn apply(&mut self, _: E4) {} }
            impl Apply<E5> for Account { fn apply(&mut self, _: E5) {} }
            impl Apply<E6> for Account { fn apply(&mut self, _: E6) {} }
            impl Apply<E7> for Account { fn apply(&mut self, _: E7) {} }
            impl Apply<E8> for Account { fn apply(&mut self, _: E8) {} }
            impl Apply<E9> for Account { fn apply(&mut self, _: E9) {} }

            impl Handle<Pay> for Account {
                type Error = Infallible;
                fn handle(&self, _: &Pay) -> Result<Events<Self>, Infallible> {
                    emit(E1 { of: money() })
                }
            }
        }
    };
}

pub struct Pay;

program! { before;
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Shape)]
    pub struct Money { pub cents: i64, pub memo: String, pub note: Option<String> }
    pub fn money() -> Money {
        Money { cents: 5, memo: "rent".into(), note: Some("late".into()) }
    }
}

program! { now;
    #[derive(Debug, Clone, PartialEq, Serialize, Shape)]
    #[shape(removed(in = 3, note: Option<String>))]
    pub struct Money {
        pub cents: i64,
        #[shape(renamed(in = 3, from = "memo"))]
        pub purpose: String,
        #[shape(added(in = 2, default = "EUR".to_owned()))]
        pub currency: String,
    }
    pub fn money() -> Money {
        Money { cents: 5, purpose: "rent".into(), currency: "EUR".into() }
    }
}

/// What each of the nine events contains in place of the type, as JSON.
fn nine(money: &Value) -> [(&'static str, u32, Value); 10] {
    let mut flat = money.clone();
    flat.sort_all_objects();
    [
        ("account.e1", 1, json!({ "of": money })),
        ("account.e2", 1, json!({ "of": money })),
        ("account.e3", 1, json!({ "of": [money, money] })),
        ("account.e4", 1, json!({ "of": { "a": money } })),
        ("account.e5", 1, money.clone()),
        ("account.e6", 1, json!({ "of": [1, [money]] })),
        ("account.e7", 1, json!({ "of": { "item": money } })),
        ("account.e8", 1, flat),
        ("account.e9", 1, json!({ "was": money })),
        ("account.e9", 2, json!({ "of": money })),
    ]
}

/// The payload as the current program reads and writes it.
fn written(name: &str, version: u32, payload: &Value) -> Value {
    fn of<E: Event + Serialize>(version: u32, payload: &Value) -> Value {
        let event: E = read(version, payload).unwrap_or_else(|error| panic!("{payload}: {error}"));
        serde_json::to_value(&event).expect("it is written")
    }
    match name {
        "account.e1" => of::<now::E1>(version, payload),
        "account.e2" => of::<now::E2>(version, payload),
        "account.e3" => of::<now::E3>(version, payload),
        "account.e4" => of::<now::E4>(version, payload),
        "account.e5" => of::<now::E5>(version, payload),
        "account.e6" => of::<now::E6>(version, payload),
        "account.e7" => of::<now::E7>(version, payload),
        "account.e8" => of::<now::E8>(version, payload),
        _ => of::<now::E9>(version, payload),
    }
}

#[test]
fn old_payloads_of_all_nine_events_are_read_correctly() {
    let today = json!({ "cents": 5, "purpose": "rent", "currency": "EUR" });
    let of_today = nine(&today);
    for form in [
        json!({ "cents": 5, "memo": "rent", "note": "late" }),
        json!({ "cents": 5, "memo": "rent", "note": null }),
        json!({ "cents": 5, "memo": "rent", "note": null, "currency": "EUR" }),
        today.clone(),
    ] {
        for (at, (name, version, payload)) in nine(&form).iter().enumerate() {
            let expected = if *name == "account.e9" { &of_today[9].2 } else { &of_today[at].2 };
            assert_eq!(written(name, *version, payload), *expected, "{name} {version}: {payload}");
        }
    }
    let kept = json!({ "cents": 5, "memo": "rent", "currency": "USD" });
    let E1Of { of } = read::<now::E1>(1, &json!({ "of": kept })).expect("version 2").into();
    assert_eq!((of.currency.as_str(), of.purpose.as_str()), ("USD", "rent"));
}

struct E1Of {
    of: now::Money,
}

impl From<now::E1> for E1Of {
    fn from(event: now::E1) -> Self {
        Self { of: event.of }
    }
}

#[test]
fn a_payload_that_fits_no_form_of_the_type_is_rejected() {
    for payload in [
        json!({ "cents": 5, "currency": "EUR" }),
        json!({ "cents": 5, "memo": "a", "purpose": "b" }),
        json!({ "cents": 5, "memo": "a", "currency": 7 }),
        json!({ "cents": 5, "memo": "a", "currency": null }),
        json!({ "memo": "a" }),
    ] {
        let error = read::<now::E1>(1, &json!({ "of": payload })).expect_err("no form of it");
        assert!(matches!(error.problem(), DecodeProblem::Payload { .. }), "{error}");
    }
}

#[test]
fn no_fingerprint_of_an_event_changes_and_the_fingerprint_of_the_snapshot_does() {
    let of = |catalogue: &Catalogue| -> Vec<_> {
        catalogue.events().iter().map(|event| (event.name(), event.version(), event.fingerprint())).collect()
    };
    let (before, now) = (Catalogue::of::<before::Account>(), Catalogue::of::<now::Account>());
    assert_eq!(of(&before), of(&now));
    assert!(now.events().iter().all(|event| event.fingerprint().is_some()));
    assert_eq!(before.events()[0].text(), now.events()[0].text());
    assert_ne!(
        before::Account::snapshots().expect("snapshots").fingerprint,
        now::Account::snapshots().expect("snapshots").fingerprint
    );
    assert_eq!(
        now.state().expect("a state").text(),
        "payload: struct\n  last: option<Money>\ntype Money: struct\n  cents: i64\n  currency: string, default \
         __ES_ADDED_CURRENCY\n  purpose: string, alias memo\n"
    );
}

#[tokio::test]
async fn the_store_accepts_both_programs_and_the_new_one_continues_the_streams_of_the_old_one()
-> Result<(), StoreError> {
    let store = MemoryStore::new();
    let id = String::from("A-17");
    let old = Repository::<before::Account, _>::new(store.clone());
    old.register().await?;
    old.execute(&id, Pay).await.expect("it is paid");
    let new = Repository::<now::Account, _>::new(store.clone());
    new.register().await?;
    let loaded = new.load(&id).await.expect("it is read");
    assert_eq!((loaded.revision.get(), loaded.state.last), (1, Some(now::money())));
    new.execute(&id, Pay).await.expect("it is paid");
    assert_eq!(new.load(&id).await.expect("it is read").revision.get(), 2);
    Ok(())
}

#[derive(Debug, PartialEq, Serialize, Shape)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Payment {
    Cash,
    #[shape(renamed(in = 2, from = "card"), removed(in = 3, holder: String))]
    CreditCard {
        number: String,
        #[shape(added(in = 2, default))]
        #[serde(skip_serializing_if = "Option::is_none")]
        expires: Option<String>,
    },
    #[shape(added(in = 3))]
    Transfer {
        iban: String,
        #[shape(added(in = 4, default = 1))]
        days: u8,
    },
}

#[event(name = "order.paid")]
#[derive(Debug, PartialEq)]
pub struct Paid {
    by: Payment,
}

fn payment(payload: &Value) -> Payment {
    read::<Paid>(1, &json!({ "by": payload })).expect("it is read").by
}

#[test]
fn variants_and_their_fields_have_a_history_as_well() {
    let card =
        |expires: Option<&str>| Payment::CreditCard { number: "4".into(), expires: expires.map(Into::into) };
    assert_eq!(payment(&json!({ "by": "card", "number": "4", "holder": "Ann" })), card(None));
    assert_eq!(
        payment(&json!({ "by": "credit_card", "number": "4", "holder": "A", "expires": "x" })),
        card(Some("x"))
    );
    assert_eq!(payment(&json!({ "by": "credit_card", "number": "4" })), card(None));
    assert_eq!(payment(&json!({ "by": "cash" })), Payment::Cash);
    let transfer = |days| Payment::Transfer { iban: "DE".into(), days };
    assert_eq!(payment(&json!({ "by": "transfer", "iban": "DE" })), transfer(1));
    assert_eq!(payment(&json!({ "by": "transfer", "iban": "DE", "days": 3 })), transfer(3));
    read::<Paid>(1, &json!({ "by": { "by": "transfer", "iban": "DE", "holder": "Ann" } }))
        .expect_err("of another variant");
    read::<Paid>(1, &json!({ "by": { "by": "credit_card", "number": "4", "x": 1 } }))
        .expect_err("no field ever");
    let text = "payload: enum, tag by, no unknown fields\n  card: struct\n    holder: string\n    number: string\n  cash\n";
    assert_eq!(Schema::of::<Payment>().text(), text);
}

/// All attributes of serde that can be combined with a history.
#[derive(Debug, Clone, PartialEq, Serialize, Shape)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[shape(name = "Rows", removed(in = 3, #[shape(renamed(in = 2, from = "x"))] old_one: u8))]
pub struct Page<'a, T: Clone + Default>
where
    T: PartialEq,
{
    page_number: u32,
    rows: Vec<T>,
    #[serde(borrow)]
    name: &'a str,
    #[shape(renamed(in = 3, from = "follows"), "option<any>")]
    next_page: Option<Box<Self>>,
    #[shape(added(in = 2, default = Some(2)))]
    #[serde(with = "halves", alias = "half")]
    #[shape("i64")]
    per_half: Option<i64>,
}

impl<T: Clone + Default + PartialEq> Default for Page<'_, T> {
    fn default() -> Self {
        Self { page_number: 7, rows: vec![T::default(); 2], name: "none", next_page: None, per_half: None }
    }
}

mod halves {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(half: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(half.unwrap_or(-1) * 2)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        i64::deserialize(deserializer).map(|whole| Some(whole / 2))
    }
}

#[test]
fn generic_types_and_serde_attributes_work_with_a_history() {
    let read = |text: &'static str| serde_json::from_str::<Page<'_, u8>>(text).expect("it is read");
    let page = Page { page_number: 1, rows: vec![3], name: "a", next_page: None, per_half: Some(2) };
    assert_eq!(read(r#"{"pageNumber":1,"rows":[3],"name":"a","follows":null,"x":1}"#), page);
    assert_eq!(read(r#"{"pageNumber":1,"rows":[3],"name":"a","nextPage":null,"oldOne":{"any":1}}"#), page);
    let inner = r#"{"pageNumber":1,"rows":[3],"name":"a","nextPage":{"rows":[],"half":8}}"#;
    let next = Page { rows: Vec::new(), per_half: Some(4), ..Page::default() };
    assert_eq!(read(inner), Page { next_page: Some(Box::new(next)), ..page.clone() });
    assert_eq!(read("{}"), Page { per_half: Some(2), ..Page::default() });
    serde_json::from_str::<Page<'_, u8>>(r#"{"y":1}"#).expect_err("no field ever");
    let json = serde_json::to_string(&page).expect("it is written");
    assert_eq!(json, r#"{"pageNumber":1,"rows":[3],"name":"a","nextPage":null,"perHalf":4}"#);
}

#[derive(Debug, PartialEq, Serialize, Shape)]
pub struct Grid<T, const N: usize> {
    cells: Vec<[T; 1]>,
    #[shape(added(in = 2, default = N_OF_OLD))]
    size: usize,
}

const N_OF_OLD: usize = 3;

#[test]
fn a_type_with_a_number_as_parameter_has_a_history() {
    let grid: Grid<u8, 2> = serde_json::from_value(json!({ "cells": [[1]] })).expect("it is read");
    assert_eq!(grid, Grid { cells: vec![[1]], size: 3 });
}
