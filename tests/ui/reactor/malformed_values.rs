use es_core::reactor::Reactor;
use es_core::event;

#[event(name = "account.opened")]
pub struct Opened;

pub mod door {
    #[es_core::event(name = "door.opened")]
    pub struct Opened;
}

#[derive(Reactor)]
#[reactor(name = "Welcome Mail", events(), error = )]
pub struct WelcomeMail;

#[derive(Reactor)]
#[reactor(name = "", events(Opened, [u8], Opened, door::Opened), error)]
pub struct Counts;

fn main() {}
