use es_core::event;

#[event(name = "account.opened")]
pub struct OpenedV1 {
    owner: String,
}

#[event(name = "account.opened", version = 2, previous = OpenedV1)]
pub struct Opened {
    owner: String,
    #[event(added(in = 2, default))]
    branch: u32,
}

#[event(name = "account.closed", version = 2, previous = OpenedV1, removed(in = 2, reason: String))]
pub struct Closed {
    owner: String,
}

fn main() {}
