use es_core::shape::Shape;
use serde::Serialize;

#[derive(Serialize, Shape)]
#[serde(transparent)]
struct Transparent {
    #[shape(renamed(in = 2, from = "old"))]
    cents: i64,
}

#[derive(Clone, Serialize, Shape)]
#[serde(into = "String", from = "String")]
struct Converted {
    #[shape(added(in = 2, default))]
    cents: i64,
}

impl From<Converted> for String {
    fn from(_: Converted) -> Self {
        Self::new()
    }
}

impl From<String> for Converted {
    fn from(_: String) -> Self {
        Self { cents: 0 }
    }
}

#[derive(Serialize, Shape)]
#[shape("string")]
struct Declared {
    #[shape(added(in = 2, default))]
    cents: i64,
}

#[derive(Serialize, Shape)]
#[serde(untagged)]
enum Untagged {
    A {
        cents: i64,
        #[shape(added(in = 2, default))]
        note: String,
    },
    B {
        cents: i64,
    },
}

#[derive(Serialize, Shape)]
struct Tuple(i64, #[shape(added(in = 2, default))] String);

#[derive(Serialize, Shape)]
#[shape(removed(in = 2, note: String))]
struct Unit;

#[derive(Serialize, Shape)]
#[shape(removed(in = 2, note: String))]
enum Enum {
    A,
}

fn main() {}
