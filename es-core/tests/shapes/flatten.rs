//! The order of flattened fields, which says something where two of them can hold the same key.

#![allow(dead_code, reason = "types that are only described")]

use std::collections::BTreeMap;

use es_core::shape::{Schema, Shape};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

fn text<T: Shape>() -> String {
    Schema::of::<T>().text()
}

/// The lines of flattened fields.
fn order<T: Shape>() -> Vec<String> {
    text::<T>().lines().filter_map(|line| line.strip_prefix("  ..")).map(str::to_owned).collect()
}

type Rest = BTreeMap<String, Value>;

macro_rules! flattened {
    ($($name:ident { $($field:ident: $ty:ty),* })*) => {$(
        #[derive(Debug, Default, PartialEq, Serialize, Deserialize, Shape)]
        #[serde(default)]
        struct $name { first: u8, $(#[serde(flatten)] $field: $ty,)* }
    )*};
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Shape)]
struct Clerk {
    #[serde(default)]
    clerk: String,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Shape)]
struct Branch {
    #[serde(default)]
    branch: String,
}

/// Also takes the clerk of earlier programs.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Shape)]
struct Agent {
    #[serde(default, alias = "clerk")]
    agent: String,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Shape)]
#[serde(tag = "clerk")]
enum Tagged {
    #[default]
    Yes,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Shape)]
#[serde(untagged)]
enum Tried {
    Clerk(Clerk),
    Rest(Rest),
    #[default]
    None,
}

flattened! {
    StructFirst { clerk: Clerk, rest: Rest }
    MapFirst { rest: Rest, clerk: Clerk }
    Disjoint { clerk: Clerk, branch: Branch }
    DisjointToo { branch: Branch, clerk: Clerk }
    AllThree { clerk: Clerk, branch: Branch, rest: Rest }
    AllThreeToo { branch: Branch, clerk: Clerk, rest: Rest }
    MapBetween { branch: Branch, rest: Rest, clerk: Clerk }
    ByAlias { clerk: Clerk, agent: Agent }
    ByAliasToo { agent: Agent, clerk: Clerk }
    ByTag { clerk: Clerk, tagged: Option<Tagged> }
    ByTagToo { tagged: Option<Tagged>, clerk: Clerk }
    ByTrying { clerk: Clerk, tried: Tried }
    ByTryingToo { tried: Tried, clerk: Clerk }
}

#[test]
fn a_map_before_a_struct_reads_what_the_other_order_does_not() {
    let json = json!({ "first": 1, "clerk": "Ann" });
    let swallowed: MapFirst = serde_json::from_value(json.clone()).expect("reads");
    let taken: StructFirst = serde_json::from_value(json).expect("reads");
    assert_eq!((swallowed.rest.len(), taken.rest.len()), (1, 0));
    assert_eq!(order::<StructFirst>(), ["Clerk", "map<string, any>"]);
    assert_eq!(order::<MapFirst>(), ["map<string, any>", "Clerk"]);
    assert_ne!(Schema::of::<MapFirst>().fingerprint(), Schema::of::<StructFirst>().fingerprint());
}

#[test]
fn flattened_fields_that_can_hold_the_same_key_stand_as_declared() {
    assert_eq!(order::<MapBetween>(), ["Branch", "map<string, any>", "Clerk"]);
    assert_eq!([order::<ByAlias>(), order::<ByAliasToo>()], [["Clerk", "Agent"], ["Agent", "Clerk"]]);
    assert_eq!(
        [order::<ByTag>(), order::<ByTagToo>()],
        [["Clerk", "option<Tagged>"], ["option<Tagged>", "Clerk"]]
    );
    assert_eq!([order::<ByTrying>(), order::<ByTryingToo>()], [["Clerk", "Tried"], ["Tried", "Clerk"]]);
}

#[test]
fn the_order_of_flattened_fields_that_share_no_key_is_no_part_of_the_shape() {
    assert_eq!(text::<Disjoint>(), text::<DisjointToo>());
    assert_eq!(order::<Disjoint>(), ["Branch", "Clerk"]);
    assert_eq!(text::<AllThree>(), text::<AllThreeToo>());
    assert_eq!(order::<AllThree>(), ["Branch", "Clerk", "map<string, any>"]);
    // As it was before the order had a meaning: published, so it stays.
    assert_eq!(Schema::of::<AllThree>().fingerprint().to_string(), "82bfd1faeff84093");
}
