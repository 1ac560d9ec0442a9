use es_core::event;

#[event(name = "account.opened", version = 4)]
pub struct Opened {
    #[event(added(in = 2, default))]
    owner: String,
    #[event(added(in = 4, default))]
    branch: u32,
}

fn main() {}
