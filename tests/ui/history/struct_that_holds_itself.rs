use es_core::event;

#[event(name = "account.split", version = 2)]
pub struct Split {
    parts: Vec<Split>,
    rest: Option<Box<Self>>,
    #[event(added(in = 2, default))]
    count: u32,
}

fn main() {}
