use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Shape)]
struct Money {
    cents: i64,
    #[serde(default)]
    #[shape(added(in = 2, default = 1))]
    rate: i64,
}

#[es_core::event(name = "order.paid")]
struct Paid {
    amount: Money,
    parts: Vec<Money>,
}

#[derive(Serialize, Deserialize, Shape)]
struct Line {
    amount: Option<Money>,
}

fn main() {}
