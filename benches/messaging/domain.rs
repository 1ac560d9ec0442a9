//! Orders that are placed, the process that bills them, and the accounts that it charges.

use std::convert::Infallible;

use es_core::process::{Due, On, OnTimer, Process, Steps, command, steps, timer};
use es_core::{Aggregate, Apply, Events, Handle, Recorded, emit, event};

/// The event that the processes, the projections and the publisher handle: about a hundred bytes of JSON.
#[event(name = "order.placed")]
#[derive(Debug)]
pub(crate) struct Placed {
    #[allow(dead_code, reason = "decoded, as a real program would")]
    pub(crate) account: String,
    pub(crate) cents: i64,
    #[allow(dead_code, reason = "decoded, as a real program would")]
    pub(crate) reference: String,
}

impl Placed {
    pub(crate) fn new(cents: i64) -> Self {
        Self {
            account: "NL91 ABNA 0417 1643 00".into(),
            cents,
            reference: "monthly savings, standing order".into(),
        }
    }
}

#[event(name = "account.charged")]
pub(crate) struct Charged {
    pub(crate) cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = u64, events(Charged))]
pub(crate) struct Account {
    total: i64,
}

impl Apply<Charged> for Account {
    fn apply(&mut self, event: Charged) {
        self.total += event.cents;
    }
}

#[command(name = "account.charge")]
pub(crate) struct Charge {
    pub(crate) cents: i64,
}

impl Handle<Charge> for Account {
    type Error = Infallible;
    fn handle(&self, command: &Charge) -> Result<Events<Self>, Infallible> {
        emit(Charged { cents: command.cents })
    }
}

#[event(name = "bill.sent")]
pub(crate) struct Billed {
    pub(crate) cents: i64,
}

/// One event and one command for each input.
#[derive(Aggregate, Process, Default)]
#[aggregate(name = "bill", id = u64, events(Billed))]
#[process(on(Placed), sends(Account: Charge))]
pub(crate) struct Bill {
    total: i64,
}

impl Apply<Billed> for Bill {
    fn apply(&mut self, event: Billed) {
        self.total += event.cents;
    }
}

impl On<Placed> for Bill {
    fn correlate(event: &Recorded<Placed>) -> Option<u64> {
        event.stream.key().parse().ok()
    }

    fn on(&self, event: &Recorded<Placed>) -> Steps<Self> {
        let (cents, order) = (event.event.cents, event.stream.key().parse().unwrap_or_default());
        steps().record(Billed { cents }).send(order, Charge { cents })
    }
}

#[timer(name = "reminder.due")]
pub(crate) struct Unpaid {}

/// A timer, which ends it.
#[derive(Aggregate, Process, Default)]
#[aggregate(name = "reminder", id = u64)]
#[process(on(Placed), timers(Unpaid))]
pub(crate) struct Reminder;

impl On<Placed> for Reminder {
    fn correlate(event: &Recorded<Placed>) -> Option<u64> {
        event.stream.key().parse().ok()
    }

    fn on(&self, event: &Recorded<Placed>) -> Steps<Self> {
        steps().schedule(Unpaid {}, event.recorded_at)
    }
}

impl OnTimer<Unpaid> for Reminder {
    fn on_timer(&self, _: &Due<Self, Unpaid>) -> Steps<Self> {
        steps().finish()
    }
}
