use std::marker::PhantomData;

use es_core::event;

#[event(name = "order.placed")]
pub struct Placed {
    #[serde(skip)]
    cached: u8,
    #[serde(default, skip_serializing)]
    earlier: u8,
    #[serde(rename = "x", skip_deserializing)]
    later: u8,
    // Nothing is lost here.
    #[serde(skip)]
    mark: PhantomData<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<u8>,
}

fn main() {}
