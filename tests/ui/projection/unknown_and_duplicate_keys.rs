use es_core::projection::Projection;
use es_core::event;

#[event(name = "account.opened")]
pub struct Opened;

#[derive(Projection)]
#[projection(name = "balances", events(Opened), evnets(Opened), modell = u32, colour = "red", name = "other")]
pub struct Balances;

fn main() {}
