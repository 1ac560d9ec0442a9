use es_core::event;

#[event(name = "account.opened")]
pub struct OpenedV1;

#[event(name = "account.opened", version = 2, previous = OpenedV1)]
pub struct Opened;

fn main() {}
