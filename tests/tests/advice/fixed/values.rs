//! Keys and shapes as messages propose them.

use std::collections::BTreeMap;

use es_core::StreamKey;
use es_core::shape::Shape;
use es_core::uuid::Uuid;

#[derive(StreamKey, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unit(Uuid);

#[derive(StreamKey, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pair(Uuid);

#[derive(StreamKey, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named(Uuid);

#[derive(StreamKey, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(Uuid);

#[derive(StreamKey, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Either(Uuid);

#[derive(es_core::shape::Shape)]
pub struct Money {
    #[shape("string:date-time")]
    at: u8,
    #[shape(as = Vec<String>)]
    items: u8,
    #[shape("map<string, i64>")]
    of: BTreeMap<String, i64>,
}

#[derive(Shape)]
#[shape("i64")]
pub struct Number2(u8);

/// A removed field of a shared type.
mod removed {
    use super::*;

    type Type = Option<u8>;

    #[derive(serde::Serialize, Shape)]
    #[shape(removed(in = 2, field: Type))]
    pub struct Money {
        pub cents: i64,
    }
}
