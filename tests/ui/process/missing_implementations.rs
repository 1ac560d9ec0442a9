use es_core::process::{Process, command, timer};
use es_core::{Aggregate, Apply, Events, Handle, emit, event};

#[event(name = "order.placed")]
pub struct Placed {}

#[event(name = "payment.charged")]
pub struct Charged {}

#[derive(Aggregate, Default)]
#[aggregate(name = "payment", id = String, events(Charged))]
pub struct Payment;

impl Apply<Charged> for Payment {
    fn apply(&mut self, _: Charged) {}
}

#[command(name = "payment.charge")]
pub struct Charge {}

#[command(name = "payment.remind")]
pub struct Remind {}

#[derive(Debug, thiserror::Error)]
#[error("too much")]
pub struct TooMuch;

impl Handle<Charge> for Payment {
    type Error = TooMuch;
    fn handle(&self, _: &Charge) -> Result<Events<Self>, TooMuch> {
        emit(Charged {})
    }
}

#[timer(name = "billing.overdue")]
pub struct Overdue {}

#[derive(Aggregate, Process, Default)]
#[aggregate(name = "billing", id = String)]
#[process(on(Placed), timers(Overdue), sends(Payment: Charge, Payment: Remind))]
pub struct Billing;

fn main() {}
