use es_core::process::{On, Process, Steps, command, steps};
use es_core::{Aggregate, Apply, Events, Handle, Recorded, emit, event};

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

#[derive(Debug, thiserror::Error)]
#[error("too much")]
pub struct TooMuch;

impl Handle<Charge> for Payment {
    type Error = TooMuch;
    fn handle(&self, _: &Charge) -> Result<Events<Self>, TooMuch> {
        emit(Charged {})
    }
}

#[derive(Aggregate, Process, Default)]
#[aggregate(name = "billing", id = String)]
#[process(on(Placed), sends(Payment: Charge))]
pub struct Billing;

impl On<Placed> for Billing {
    fn correlate(event: &Recorded<Placed>) -> Option<String> {
        Some(event.stream.key().to_owned())
    }

    fn on(&self, event: &Recorded<Placed>) -> Steps<Self> {
        steps().send(event.stream.key().to_owned(), Charge {})
    }
}

fn main() {}
