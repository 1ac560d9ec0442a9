//! Fields that hold no value of their own.

use es_core::event;

#[event(name = "order.placed")]
pub struct Placed {
    pub name: &'static str,
    pub parts: Vec<(u8, Option<&'static [u8]>)>,
    pub pointer: *const u8,
}

/// Read by code of one's own, a reference is a value.
#[event(name = "order.named")]
pub struct Named {
    #[serde(deserialize_with = "leaked")]
    #[shape("u32")]
    pub number: &'static u32,
}

fn leaked<'de, D: serde::Deserializer<'de>>(from: D) -> Result<&'static u32, D::Error> {
    serde::Deserialize::deserialize(from).map(|number: u32| &*Box::leak(Box::new(number)))
}

fn main() {}
