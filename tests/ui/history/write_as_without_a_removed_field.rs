use es_core::event;

#[event(name = "account.opened", version = 3, write_as = 2, removed(in = 2, stamp: u32), removed(in = 3, note: String))]
pub struct Opened {
    owner: String,
}

fn main() {}
