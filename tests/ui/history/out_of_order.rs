use es_core::event;

#[event(name = "account.opened", version = 4)]
pub struct Opened {
    #[event(renamed(in = 3, from = "holder"), renamed(in = 2, from = "name"))]
    owner: String,
    #[event(renamed(in = 3, from = "office"), renamed(in = 3, from = "bureau"))]
    branch: u32,
    #[event(renamed(in = 4, from = "c"), added(in = 2, default))]
    clerk: String,
}

fn main() {}
