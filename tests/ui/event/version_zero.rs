use es_core::event;

#[event(name = "account.opened", version = 0)]
pub struct Opened;

#[event(name = "account.closed", version = 2147483648)]
pub struct Closed;

fn main() {}
