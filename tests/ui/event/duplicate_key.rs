use es_core::event;

#[event(name = "account.opened", version = 1, name = "account.closed")]
pub struct Opened;

#[event(name = "account.closed")]
#[event(name = "account.closed")]
pub struct Closed;

fn main() {}
