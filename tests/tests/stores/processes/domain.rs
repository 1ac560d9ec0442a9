//! Orders that are charged, with reminders of the bill.

use std::convert::Infallible;

use es_core::process::{Due, On, OnRejected, OnTimer, Process, Rejected, Steps, command, steps, timer};
use es_core::{Aggregate, Apply, Events, Handle, Recorded, emit, event};

#[event(name = "order.placed")]
pub struct Placed {
    pub cents: u32,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "order", id = u32, events(Placed))]
pub struct Order;

impl Apply<Placed> for Order {
    fn apply(&mut self, _: Placed) {}
}

pub struct Place(pub u32);

impl Handle<Place> for Order {
    type Error = Infallible;
    fn handle(&self, command: &Place) -> Result<Events<Self>, Infallible> {
        emit(Placed { cents: command.0 })
    }
}

#[event(name = "payment.charged")]
pub struct Charged {}

#[event(name = "payment.reminded")]
pub struct Reminded {}

#[derive(Aggregate, Default)]
#[aggregate(name = "payment", id = u32, events(Charged, Reminded))]
pub struct Payment {
    pub charges: u32,
    pub reminders: u32,
}

impl Apply<Charged> for Payment {
    fn apply(&mut self, _: Charged) {
        self.charges += 1;
    }
}

impl Apply<Reminded> for Payment {
    fn apply(&mut self, _: Reminded) {
        self.reminders += 1;
    }
}

#[command(name = "payment.charge")]
pub struct Charge {
    pub cents: u32,
}

#[command(name = "payment.remind")]
pub struct Remind {}

#[derive(Debug, thiserror::Error)]
#[error("too much")]
pub struct TooMuch;

impl Handle<Charge> for Payment {
    type Error = TooMuch;
    fn handle(&self, command: &Charge) -> Result<Events<Self>, TooMuch> {
        if command.cents > 100 { Err(TooMuch) } else { emit(Charged {}) }
    }
}

impl Handle<Remind> for Payment {
    type Error = Infallible;
    fn handle(&self, _: &Remind) -> Result<Events<Self>, Infallible> {
        emit(Reminded {})
    }
}

#[timer(name = "billing.due")]
pub struct BillDue {}

#[event(name = "billing.refused")]
pub struct Refused {}

#[derive(Aggregate, Process, Default)]
#[aggregate(name = "billing", id = u32, events(Refused))]
#[process(on(Placed), timers(BillDue), sends(Payment: Charge, Payment: Remind))]
pub struct Billing {
    pub refused: u32,
}

impl Apply<Refused> for Billing {
    fn apply(&mut self, _: Refused) {
        self.refused += 1;
    }
}

/// The process panics on an order of so many cents.
pub const UNLUCKY: u32 = 13;

impl On<Placed> for Billing {
    fn correlate(event: &Recorded<Placed>) -> Option<u32> {
        event.stream.key().parse().ok()
    }

    fn on(&self, event: &Recorded<Placed>) -> Steps<Self> {
        assert_ne!(event.event.cents, UNLUCKY, "an unlucky order");
        let Ok(order) = event.stream.key().parse() else { return steps() };
        // Due at once: it fires while other inputs are handled.
        steps().send(order, Charge { cents: event.event.cents }).schedule(BillDue {}, event.recorded_at)
    }
}

impl OnTimer<BillDue> for Billing {
    fn on_timer(&self, due: &Due<Self, BillDue>) -> Steps<Self> {
        steps().send(due.id, Remind {})
    }
}

impl OnRejected<Charge> for Billing {
    fn on_rejected(&self, _: &Rejected<'_, Self, Charge>) -> Steps<Self> {
        steps().record(Refused {})
    }
}
