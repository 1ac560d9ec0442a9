use es_core::process::{Process, command, timer};
use es_core::Aggregate;

#[command(nam = "payment.charge")]
pub struct Charge {}

#[timer]
pub struct Overdue {}

#[derive(Aggregate, Process, Default)]
#[aggregate(name = "billing", id = String)]
#[process(on(), timers(), sends(Charge), name = "Billing!")]
pub struct Billing;

#[derive(Aggregate, Process, Default)]
#[aggregate(name = "bare", id = String)]
#[process()]
pub struct Bare;

#[derive(Process)]
pub struct Alone;

fn main() {}
