use es_core::event;

#[event(name = "account.opened", version = 2)]
pub struct Opened(String, #[event(added(in = 2, default))] u32);

#[event(name = "account.closed", version = 2, removed(in = 2, reason: String))]
pub struct Closed;

fn main() {}
