//! An event has its shape from `#[event]`.

use es_core::{Shape, event};

#[event(name = "order.placed")]
#[derive(Debug, Shape)]
struct Placed {
    count: u8,
}

fn main() {}
