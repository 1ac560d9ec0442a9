use es_core::event;

#[event(name = "account.opened", version = 3, removed(in = 2, #[event(renamed(in = 3, from = "n"))] note: String))]
pub struct Opened {
    #[event(added(in = 3, default), renamed(in = 2, from = "holder"))]
    owner: String,
    #[event(added(in = 3, default), renamed(in = 3, from = "office"))]
    branch: u32,
}

fn main() {}
