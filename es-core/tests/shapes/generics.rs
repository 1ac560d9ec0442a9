//! Shapes of generic types: what belongs to the name, and what a parameter needs.

#![allow(dead_code, reason = "types that are only described")]

use std::collections::BTreeMap;
use std::marker::PhantomData;

use es_core::shape::{Schema, Shape};
use serde::{Deserialize, Serialize};

#[track_caller]
fn same<T: Shape + ?Sized>(expected: &str) {
    assert_eq!(Schema::of::<T>().text(), expected);
}

/// Decimal places that stand in no field.
#[derive(Serialize, Deserialize, Shape)]
struct Fixed<const PLACES: u32 = 2>(i64);

#[derive(Serialize, Deserialize, Shape)]
struct Words<'a, const SIGNED: bool, const SEPARATOR: char, const LEAST: i8>(#[serde(borrow)] &'a str);

#[derive(Shape)]
struct Pair<A, const N: usize, B = u8> {
    left: Option<A>,
    many: [u8; N],
    right: B,
}

#[derive(Shape)]
struct Bytes<const N: usize>([u8; N]);

#[test]
fn constants_belong_to_the_name_of_a_type() {
    same::<(Fixed, Fixed<4>)>("payload: (Fixed<2>, Fixed<4>)\ntype Fixed<2>: i64\ntype Fixed<4>: i64\n");
    assert_ne!(
        Schema::of::<Vec<Fixed<2>>>().fingerprint(),
        Schema::of::<Vec<Fixed<4>>>().fingerprint(),
        "cents are not ten-thousandths"
    );
    same::<[Words<'_, true, 'x', -1>]>(
        "payload: list<Words<true, x, -1>>\ntype Words<true, x, -1>: string\n",
    );
    same::<[Words<'_, false, '<', 0>]>(
        "payload: list<Words<false, \"<\", 0>>\ntype Words<false, \"<\", 0>: string\n",
    );
    same::<Vec<Bytes<3>>>("payload: list<Bytes<3>>\ntype Bytes<3>: array<u8, 3>\n");
}

#[test]
fn constants_stand_among_the_types_in_the_order_of_the_parameters_and_within_them() {
    same::<Vec<Pair<Fixed<3>, 7>>>(
        "payload: list<Pair<Fixed<3>, 7, u8>>
type Fixed<3>: i64
type Pair<Fixed<3>, 7, u8>: struct
  left: option<Fixed<3>>
  many: array<u8, 7>
  right: u8
",
    );
}

/// No `Shape`, as no value of it is stored.
struct Account;

#[derive(Serialize, Deserialize, Shape)]
#[serde(transparent)]
struct Id<T>(u64, PhantomData<T>);

#[derive(Serialize, Deserialize, Shape)]
#[serde(transparent)]
struct Marked<T: ?Sized> {
    of: PhantomData<fn() -> T>,
    code: String,
    again: PhantomData<(u8, T)>,
}

#[derive(Serialize, Deserialize, Shape)]
struct Open<T>(u64, PhantomData<T>);

#[derive(Serialize, Deserialize, Shape)]
#[serde(bound = "")]
struct Ids {
    id: Id<Account>,
    of_text: Id<String>,
    marked: Marked<str>,
    open: Open<Account>,
}

#[test]
fn a_typed_id_is_written_as_its_one_field_and_asks_nothing_of_its_marker() {
    same::<Ids>(
        "payload: struct
  id: Id<Account>
  marked: Marked<str>
  of_text: Id<String>
  open: Open<Account>
type Id<Account>: u64
type Id<String>: u64
type Marked<str>: string
type Open<Account>: (u64, null)
",
    );
    let samples = Schema::of::<Ids>().samples();
    for sample in &samples {
        let ids: Ids = serde_json::from_value(sample.clone()).expect("a sample is read");
        assert_eq!(&serde_json::to_value(ids).expect("JSON"), sample);
    }
}

trait Unit {
    type Out;
    type Many;
}

struct Euro;
impl Unit for Euro {
    type Out = Fixed<2>;
    type Many = Vec<u8>;
}

#[derive(Serialize, Deserialize, Shape)]
#[allow(clippy::use_self, reason = "its own name, as users write it")]
#[serde(bound(
    serialize = "U::Out: Serialize, U::Many: Serialize",
    deserialize = "U::Out: Deserialize<'de>, U::Many: Deserialize<'de>"
))]
struct Amount<U: Unit, K: Ord = String> {
    value: U::Out,
    all: Vec<BTreeMap<String, Option<<U as Unit>::Many>>>,
    next: Option<Box<Amount<U, K>>>,
    #[serde(skip)]
    keys: BTreeMap<K, u8>,
    unit: PhantomData<U>,
}

#[test]
fn an_associated_type_is_described_and_the_type_that_it_belongs_to_need_not_be() {
    same::<Vec<Amount<Euro>>>(
        "payload: list<Amount<Euro, String>>
type Amount<Euro, String>: struct
  all: list<map<string, option<list<u8>>>>
  next: option<Amount<Euro, String>>
  unit: null
  value: Fixed<2>
type Fixed<2>: i64
",
    );
    assert!(Schema::of::<Amount<Euro>>().opaque().is_empty());
}
