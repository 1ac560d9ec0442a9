use es_core::event;

#[event(name = "account.opened", version = 2)]
pub struct Opened {
    #[event(aded(in = 2, default))]
    owner: String,
    #[event(added(in = 2, defualt = 1))]
    branch: u32,
    #[event(renamed(in = 2, form = "c"))]
    clerk: String,
    #[event(name = "account.opened")]
    other: String,
}

fn main() {}
