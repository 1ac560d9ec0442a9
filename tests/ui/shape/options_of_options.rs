use std::collections::BTreeMap;

use es_core::shape::Shape;
use es_core::event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Shape)]
pub enum Change {
    Address(Option<Option<String>>),
    Marks { all: Vec<Option<()>> },
}

#[event(name = "order.changed")]
pub struct Changed {
    notes: BTreeMap<String, std::option::Option<Option<u8>>>,
    // Code of its own may tell the two apart.
    #[serde(default, with = "doubled")]
    #[shape("option<string>")]
    name: Option<Option<String>>,
}

mod doubled {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(value: &Option<Option<String>>, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

fn main() {}
