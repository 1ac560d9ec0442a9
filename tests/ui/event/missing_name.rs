use es_core::event;

#[event]
pub struct Opened;

#[event(version = 1)]
pub struct Closed;

fn main() {}
