use es_core::shape::Shape;
use serde::Serialize;

#[derive(Serialize, Shape)]
#[shape(added(in = 2, default))]
struct OnTheType {
    #[shape(added(in = 2))]
    no_default: i64,
    #[shape(renamed(in = 2))]
    no_name: i64,
    #[shape(added)]
    nothing: i64,
    #[shape(adde(in = 2, default))]
    misspelt: i64,
    #[shape(removed(in = 2, note: String))]
    removed_here: i64,
}

#[derive(Serialize, Shape)]
enum Variants {
    #[shape(added(in = 2, default))]
    WithDefault,
    #[serde(skip)]
    #[shape(added(in = 2))]
    Skipped,
    #[shape(renamed(in = 2, from = "Old"))]
    #[serde(other)]
    Other,
}

#[derive(Serialize, Shape)]
struct WrongDefault {
    #[shape(added(in = 2, default = "none"))]
    cents: i64,
}

fn main() {}
