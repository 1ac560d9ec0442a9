use es_core::event;

#[event(
    name = "account.opened",
    version = 4,
    removed(in = 2, owner: String),
    removed(in = 3, note: String),
    removed(in = 4, note: u32)
)]
pub struct Opened {
    owner: String,
    #[event(added(in = 2, default), added(in = 3, default))]
    branch: u32,
}

#[event(name = "account.closed", version = 4, removed(in = 3, note: String), removed(in = 4, note: u32))]
pub struct Closed {
    #[event(added(in = 2, default))]
    reason: String,
}

#[event(name = "account.seen", version = 2, removed(in = 2, by: String))]
pub struct Seen {
    by: String,
}

fn main() {}
