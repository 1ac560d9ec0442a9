use es_core::event;

#[event(name = "account.opened")]
pub struct Opened {
    #[event(added(in = 2))]
    owner: String,
}

fn main() {}
