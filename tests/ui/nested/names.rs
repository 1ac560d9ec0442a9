use es_core::shape::Shape;
use serde::Serialize;

/// Removed, and added again with another meaning.
#[derive(Serialize, Shape)]
#[shape(removed(in = 2, note: String))]
struct Again {
    #[shape(added(in = 3, default))]
    note: u32,
}

#[derive(Serialize, Shape)]
#[shape(removed(in = 2, note: String))]
struct StillThere {
    note: String,
}

#[derive(Serialize, Shape)]
struct OfAnother {
    cents: i64,
    #[shape(renamed(in = 2, from = "cents"))]
    euros: i64,
}

#[derive(Serialize, Shape)]
struct ByAlias {
    #[serde(alias = "money")]
    cents: i64,
    #[shape(added(in = 2, default))]
    money: i64,
}

#[derive(Serialize, Shape)]
struct KeptName {
    #[shape(renamed(in = 2, from = "cents"))]
    cents: i64,
}

#[derive(Serialize, Shape)]
#[shape(removed(in = 2, a: String), removed(in = 3, #[shape(renamed(in = 2, from = "a"))] b: String))]
struct TwoGone {
    cents: i64,
}

#[derive(Serialize, Shape)]
#[serde(tag = "kind")]
enum Tagged {
    A {
        #[shape(renamed(in = 2, from = "kind"))]
        sort: String,
    },
    #[shape(renamed(in = 2, from = "A"))]
    B,
}

fn main() {}
