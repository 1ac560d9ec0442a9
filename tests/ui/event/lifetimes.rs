use es_core::event;

#[event(name = "account.opened")]
pub struct Opened<'a> {
    pub owner: &'a str,
}

fn main() {}
