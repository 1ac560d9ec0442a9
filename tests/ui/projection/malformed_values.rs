use es_core::projection::Projection;
use es_core::event;

#[event(name = "account.opened")]
pub struct Opened;

#[derive(Projection)]
#[projection(name = "Account Balances", build = 0, events(), model = , batch = true, setup(now))]
pub struct Balances;

#[derive(Projection)]
#[projection(name = "", build = -1, events(Opened, [u8]), model = u32, error)]
pub struct Counts;

fn main() {}
