use es_core::event;

#[event(name = "account.opened")]
pub struct Opened<T> {
    owner: T,
}

#[event(name = "account.closed")]
pub struct Closed<'a> {
    reason: &'a str,
}

#[event(name = "account.moved")]
pub struct Moved<const N: usize>([u8; N]);

fn main() {}
