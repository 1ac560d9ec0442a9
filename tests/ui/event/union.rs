use es_core::event;

#[event(name = "account.opened")]
pub union Opened {
    number: u32,
    letter: char,
}

fn main() {}
