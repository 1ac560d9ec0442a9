use es_core::projection::Projection;
use es_core::event;

#[event(name = "account.opened")]
pub struct Opened;

pub mod door {
    #[es_core::event(name = "door.opened")]
    pub struct Opened;
}

#[derive(Projection)]
#[projection(name = "openings", events(Opened, Opened, door::Opened), model = u32)]
pub struct Openings;

fn main() {}
