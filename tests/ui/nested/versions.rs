use es_core::shape::Shape;
use serde::Serialize;

#[derive(Serialize, Shape)]
struct First {
    #[shape(added(in = 1, default))]
    cents: i64,
}

#[derive(Serialize, Shape)]
struct Gap {
    #[shape(added(in = 3, default))]
    cents: i64,
}

#[derive(Serialize, Shape)]
struct Order {
    #[shape(renamed(in = 3, from = "b"), renamed(in = 2, from = "a"))]
    cents: i64,
    #[shape(added(in = 2, default), renamed(in = 2, from = "n"))]
    note: String,
}

fn main() {}
