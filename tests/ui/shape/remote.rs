//! A description of somebody else's type is never stored itself.

use es_core::Shape;

#[derive(serde::Serialize, Shape)]
#[serde(remote = "std::time::Duration")]
struct DurationDef {
    #[serde(getter = "std::time::Duration::as_secs")]
    secs: u64,
}

fn main() {}
