use es_core::process::{On, Process, Steps, command, steps, timer};
use es_core::{Aggregate, Recorded, event};

#[event(name = "order.placed")]
pub struct Placed {}

#[command(name = "payment.charge")]
pub struct Charge {}

#[timer(name = "billing.overdue")]
pub struct Overdue {}

#[derive(Aggregate, Process, Default)]
#[aggregate(name = "billing", id = String)]
#[process(on(Placed))]
pub struct Billing;

impl On<Placed> for Billing {
    fn correlate(event: &Recorded<Placed>) -> Option<String> {
        Some(event.stream.key().to_owned())
    }

    fn on(&self, event: &Recorded<Placed>) -> Steps<Self> {
        steps().send(event.stream.key().to_owned(), Charge {}).schedule(Overdue {}, event.occurred_at())
    }
}

fn main() {}
