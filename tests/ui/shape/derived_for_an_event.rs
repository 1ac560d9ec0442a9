//! An event has its shape from `#[event]`.

use es_core::shape::Shape;
use es_core::event;

#[event(name = "order.placed")]
#[derive(Debug, Shape)]
struct Placed {
    count: u8,
}

fn main() {}
