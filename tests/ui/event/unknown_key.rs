use es_core::event;

#[event(nam = "account.opened")]
pub struct Opened;

#[event(name = "account.closed", versoin = 1)]
pub struct Closed;

#[event(name = "account.moved", colour = "red")]
pub struct Moved;

fn main() {}
