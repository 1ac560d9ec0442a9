//! Structs of every form as events, with serde attributes.

use es_core::codec::Payload;
use es_core::{Event, event};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

fn written<E: Event>(event: &E) -> Value {
    let mut json = Payload::new();
    event.encode(&mut json).expect("encodes");
    serde_json::from_slice(json.as_slice()).expect("is JSON")
}

fn read<E: Event>(json: &Value) -> E {
    es_core::testing::read(E::VERSION, json).expect("reads")
}

#[event(name = "shape.unit")]
#[derive(Debug, PartialEq)]
struct Unit;

#[event(name = "shape.empty")]
#[derive(Debug, PartialEq)]
struct Empty {}

#[event(name = "shape.newtype")]
#[derive(Debug, PartialEq)]
struct Newtype(u32);

#[event(name = "shape.tuple")]
#[derive(Debug, PartialEq)]
struct Tuple(pub(crate) u32, String);

#[test]
fn unit_and_tuple_structs_are_events() {
    assert_eq!((written(&Unit), read::<Unit>(&json!(null))), (json!(null), Unit));
    assert_eq!((written(&Empty {}), read::<Empty>(&json!({}))), (json!({}), Empty {}));
    assert_eq!((written(&Newtype(7)), read::<Newtype>(&json!(7))), (json!(7), Newtype(7)));
    let tuple = Tuple(1, String::from("a"));
    assert_eq!((written(&tuple), read::<Tuple>(&json!([1, "a"]))), (json!([1, "a"]), tuple));
}

#[event(name = "shape.attributes")]
#[derive(Debug, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[serde(default)]
struct Attributes {
    owner_name: String,
    #[serde(rename = "c", alias = "cents")]
    amount: i64,
    #[serde(skip_serializing_if = "Option::is_none", default = "some_note")]
    note: Option<String>,
    #[cfg_attr(all(), allow(dead_code))]
    #[doc = "Both attributes leave the stored form alone."]
    flag: bool,
}

impl Default for Attributes {
    fn default() -> Self {
        Self { owner_name: String::from("nobody"), amount: 1, note: None, flag: false }
    }
}

fn some_note() -> Option<String> {
    Some(String::from("none"))
}

#[test]
fn serde_attributes_on_struct_and_fields_are_respected() {
    let event: Attributes = read(&json!({ "ownerName": "Ann", "cents": 5 }));
    let expected = Attributes { owner_name: String::from("Ann"), amount: 5, note: some_note(), flag: false };
    assert_eq!(event, expected);
    let plain = Attributes { note: None, ..expected };
    assert_eq!(written(&plain), json!({ "ownerName": "Ann", "c": 5, "flag": false }));
    assert!(es_core::testing::read::<Attributes>(1, &json!({ "colour": 1 })).is_err());
}

#[event(name = "shape.both")]
#[derive(Debug, serde::Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct Both {
    field: u8,
}

#[event(name = "shape.one")]
#[derive(Serialize, Debug)]
struct One {
    field: u8,
}

#[event(name = "shape.other")]
#[derive(Debug, Deserialize)]
#[serde(crate = "::serde", rename_all = "SCREAMING_SNAKE_CASE")]
struct Other {
    field: u8,
}

#[event(name = "shape.by_hand")]
#[derive(Debug)]
#[serde(try_from = "u8", into = "u8")]
#[derive(Clone)]
struct ByWayOfAnother(u8);

impl From<ByWayOfAnother> for u8 {
    fn from(event: ByWayOfAnother) -> Self {
        event.0
    }
}

impl TryFrom<u8> for ByWayOfAnother {
    type Error = std::num::TryFromIntError;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        i8::try_from(number).map(|_| Self(number))
    }
}

#[test]
fn existing_serde_derives_are_not_added_again() {
    assert_eq!(written(&Both { field: read::<Both>(&json!({ "FIELD": 1 })).field }), json!({ "FIELD": 1 }));
    assert_eq!(written(&One { field: read::<One>(&json!({ "field": 2 })).field }), json!({ "field": 2 }));
    assert_eq!(written(&Other { field: read::<Other>(&json!({ "FIELD": 3 })).field }), json!({ "FIELD": 3 }));
    assert_eq!(written(&read::<ByWayOfAnother>(&json!(4))), json!(4));
    assert!(es_core::testing::read::<ByWayOfAnother>(1, &json!(200)).is_err());
}

#[test]
fn numbers_that_json_cannot_represent_are_rejected() {
    #[event(name = "shape.float")]
    struct Float(f64);

    let mut out = Payload::new();
    let error = Float(f64::NAN).encode(&mut out).expect_err("is refused");
    assert_eq!((error.name, error.version), ("shape.float", 1));
    assert!(Float(0.5).encode(&mut out).is_ok());
}
