use es_core::event;

#[event(name = "account.opened")]
fn opened() {}

#[event(name = "account.opened")]
const OPENED: u8 = 1;

#[event(name = "account.opened")]
type Opened = ();

fn main() {}
