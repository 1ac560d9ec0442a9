use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Shape)]
struct Money {
    cents: i64,
    #[shape(added(in = 2, default))]
    note: Option<String>,
}

fn main() {}
