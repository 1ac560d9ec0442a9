//! The same attributes are read in an event and in the state of an aggregate, together with all other
//! mistakes.

use es_core::{Aggregate, Apply, event};

#[event(name = "order.placed", semantics = " ")]
#[shape(nme = "Placed")]
struct Placed {
    #[shape("integer")]
    count: u8,
}

#[derive(Aggregate, Default, serde::Serialize, serde::Deserialize)]
#[aggregate(name = "order", id = String, events(Placed), snapshot(every = 10))]
struct Order {
    #[shape("text")]
    item: String,
}

impl Apply<Placed> for Order {
    fn apply(&mut self, _: Placed) {}
}

fn main() {}
