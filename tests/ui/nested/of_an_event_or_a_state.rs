use serde::{Deserialize, Serialize};
use es_core::{Aggregate, Apply, event};

#[event(name = "order.placed")]
#[shape(removed(in = 2, note: String))]
struct Placed {
    #[shape(added(in = 2, default))]
    cents: i64,
}

#[derive(Default, Serialize, Deserialize, Aggregate)]
#[aggregate(name = "order", id = String, events(Placed), snapshot(every = 10))]
struct Order {
    #[shape(added(in = 2, default))]
    cents: i64,
}

impl Apply<Placed> for Order {
    fn apply(&mut self, _: Placed) {}
}

fn main() {}
