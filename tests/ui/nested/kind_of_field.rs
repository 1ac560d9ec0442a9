use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Shape)]
struct Skipped {
    #[serde(skip)]
    #[shape(added(in = 2, default))]
    one: i64,
    #[serde(skip_serializing)]
    #[shape(renamed(in = 2, from = "old"))]
    two: i64,
}

#[derive(Serialize, Shape)]
struct SaidTwice {
    #[serde(default)]
    #[shape(added(in = 2, default = 3))]
    one: i64,
}

#[derive(Serialize, Shape)]
struct LeftOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[shape(added(in = 2, default))]
    none_either_way: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[shape(added(in = 2, default = Some(1)))]
    one_before: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[shape(added(in = 2, default))]
    empty: String,
}

#[derive(Serialize, Shape)]
struct Flattened {
    #[serde(flatten)]
    #[shape(added(in = 2, default))]
    inner: Inner,
}

#[derive(Default, Serialize, Deserialize, Shape)]
struct Inner {
    cents: i64,
}

#[derive(Serialize, Shape)]
struct BesideFlattened {
    #[serde(flatten)]
    inner: Inner,
    #[shape(added(in = 2, default))]
    note: String,
}

#[derive(Serialize, Shape)]
struct OfParameter<T: Default> {
    #[shape(added(in = 2, default))]
    items: Vec<T>,
}

fn main() {}
