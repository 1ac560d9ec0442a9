use es_core::event;

#[event(name = "account.opened", version = 2, removed(in = 3, note: String))]
pub struct Opened {
    #[event(added(in = 1, default))]
    owner: String,
    #[event(renamed(in = 0, from = "office"))]
    branch: u32,
    #[event(added(in = 2, default))]
    clerk: String,
}

#[event(name = "account.closed")]
pub struct Closed {
    #[event(added(in = 2, default))]
    reason: String,
}

fn main() {}
