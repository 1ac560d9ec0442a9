use es_core::event;

#[event(name = "account.opened", version = 2, previous = Self)]
pub struct Opened;

#[event(name = "account.closed", version = 3, previous = Closed)]
pub struct Closed;

fn main() {}
