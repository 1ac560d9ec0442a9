//! Forms that the user declares, and the code that writes them.

#![allow(dead_code, reason = "types that are only described")]

use std::collections::BTreeMap;

use es_core::shape::{Schema, Shape};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[track_caller]
fn same<T: Shape + ?Sized>(expected: &str) {
    assert_eq!(Schema::of::<T>().text(), expected);
}

mod hundredths {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(value * 100)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        i64::deserialize(deserializer).map(|value| value / 100)
    }
}

#[derive(Serialize, Deserialize, Shape)]
struct Fields {
    #[serde(with = "time::serde::timestamp")]
    #[shape("i64")]
    seconds: OffsetDateTime,
    #[serde(with = "time::serde::timestamp::milliseconds")]
    #[shape("i64")]
    millis: OffsetDateTime,
    #[serde(serialize_with = "hundredths::serialize", deserialize_with = "hundredths::deserialize")]
    #[shape("i64")]
    twofold: i64,
    #[serde(serialize_with = "hundredths::serialize", default)]
    #[shape(as = i64)]
    written: i64,
    newtype: Newtype,
    tuple: Tuple,
    transparent: Transparent,
    variants: Variants,
    converted: Converted,
    another: Another,
}

#[derive(Serialize, Deserialize, Shape)]
struct Newtype(
    #[serde(with = "hundredths")]
    #[shape("i64")]
    i64,
);

#[derive(Serialize, Deserialize, Shape)]
struct Tuple(
    #[serde(with = "hundredths")]
    #[shape("i64")]
    i64,
    u8,
);

#[derive(Serialize, Deserialize, Shape)]
#[serde(transparent)]
struct Transparent {
    #[serde(with = "hundredths")]
    #[shape("i64")]
    inner: i64,
}

#[derive(Serialize, Deserialize, Shape)]
enum Variants {
    #[serde(with = "hundredths")]
    #[shape("i64")]
    Whole(i64),
    Field(
        #[serde(with = "hundredths")]
        #[shape("i64")]
        i64,
    ),
    Named {
        #[serde(with = "hundredths")]
        #[shape("i64")]
        inner: i64,
    },
}

#[derive(Clone, Serialize, Deserialize, Shape)]
#[serde(from = "i64", into = "i64")]
#[shape("i64")]
struct Converted(i64);

impl From<i64> for Converted {
    fn from(number: i64) -> Self {
        Self(number)
    }
}
impl From<Converted> for i64 {
    fn from(Converted(number): Converted) -> Self {
        number
    }
}

#[derive(Clone, Serialize, Deserialize, Shape)]
#[serde(try_from = "u32", into = "Converted")]
#[shape(as = Converted, name = "Other")]
struct Another(i64);

impl TryFrom<u32> for Another {
    type Error = std::num::TryFromIntError;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        Ok(Self(i64::from(number)))
    }
}
impl From<Another> for Converted {
    fn from(Another(number): Another) -> Self {
        Self(number)
    }
}

#[test]
fn a_declared_form_keeps_the_code_that_writes_it() {
    same::<Fields>(
        "payload: struct
  another: Other
  converted: Converted
  millis: i64, by time::serde::timestamp::milliseconds
  newtype: Newtype
  seconds: i64, by time::serde::timestamp
  transparent: Transparent
  tuple: Tuple
  twofold: i64, read by hundredths::deserialize, written by hundredths::serialize
  variants: Variants
  written: i64, default, written by hundredths::serialize
type Converted: i64, from i64, into i64
type Newtype: i64, by hundredths
type Other: Converted, from u32, into Converted
type Transparent: i64, by hundredths
type Tuple: (i64 by hundredths, u8)
type Variants: enum
  Field: i64, by hundredths
  Named: struct
    inner: i64, by hundredths
  Whole: i64, by hundredths
",
    );
    assert!(Schema::of::<Fields>().opaque().is_empty());
}

#[derive(Serialize, Deserialize, Shape)]
struct NotDeclared {
    #[serde(serialize_with = "hundredths::serialize", deserialize_with = "hundredths::deserialize")]
    both: i64,
    #[serde(deserialize_with = "hundredths::deserialize")]
    one: i64,
}

#[test]
fn code_that_nobody_declares_is_named_whole() {
    same::<NotDeclared>(
        "payload: struct
  both: custom<hundredths::serialize, hundredths::deserialize>
  one: custom<hundredths::deserialize>
",
    );
}

/// A container of another crate, which is written as a list.
struct NonEmpty<T>(Vec<T>);

#[derive(Shape)]
struct Item {
    count: u8,
}

#[derive(Shape)]
struct Order<T> {
    #[shape(as = Vec<Item>)]
    items: NonEmpty<Item>,
    #[shape(as = BTreeMap<String, T>)]
    by_name: NonEmpty<(String, T)>,
    way: Way,
    whole: Whole,
}

#[derive(Shape)]
enum Way {
    #[shape(as = (u8, Item))]
    By(NonEmpty<u8>),
    Field(#[shape(as = Vec<u8>)] NonEmpty<u8>),
}

#[derive(Shape)]
#[shape(as = Vec<Item>)]
struct Whole(NonEmpty<Item>);

#[test]
fn a_part_that_is_written_as_another_type_has_the_shape_of_that_type() {
    same::<Order<Item>>(
        "payload: struct
  by_name: map<string, Item>
  items: list<Item>
  way: Way
  whole: Whole
type Item: struct
  count: u8
type Way: enum
  By: (u8, Item)
  Field: list<u8>
type Whole: list<Item>
",
    );
}

/// Says how a type of another crate is written.
#[derive(Serialize, Deserialize, Shape)]
#[serde(remote = "std::time::Duration")]
struct Seconds {
    #[serde(getter = "std::time::Duration::as_secs")]
    secs: u64,
}

impl From<Seconds> for std::time::Duration {
    fn from(Seconds { secs }: Seconds) -> Self {
        Self::from_secs(secs)
    }
}

#[derive(Serialize, Deserialize, Shape)]
struct Waited {
    #[serde(with = "Seconds")]
    #[shape(as = Seconds)]
    time: std::time::Duration,
}

#[test]
fn a_description_of_a_foreign_type_is_its_shape() {
    same::<Waited>("payload: struct\n  time: Seconds, by Seconds\ntype Seconds: struct\n  secs: u64\n");
    let waited: Waited = serde_json::from_value(Schema::of::<Waited>().samples().remove(0)).expect("reads");
    assert_eq!(serde_json::to_value(waited).expect("JSON"), serde_json::json!({ "time": { "secs": 1 } }));
}
