use es_core::event;

#[event(name = "account.opened", version = 3)]
pub struct Opened;

fn main() {}
