use es_core::event;

#[event(name = "account.opened")]
pub struct OpenedV1;

#[event(name = "account.opened", previous = OpenedV1)]
pub struct Opened;

#[event(name = "account.opened", version = 1, previous = OpenedV1)]
pub struct OpenedAgain;

fn main() {}
