use es_core::event;

#[event(name = "account.opened", version = 4)]
pub struct Opened {
    #[event(added(in = 2, default))]
    owner: String,
    #[event(added(in = 4, default))]
    branch: u32,
}

#[event(name = "account.closed", version = 2_000_000_000)]
pub struct Closed {
    #[event(added(in = 2, default))]
    reason: String,
}

fn main() {}
