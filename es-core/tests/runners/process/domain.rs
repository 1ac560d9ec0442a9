//! An order that is charged, and a payment that may refuse.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Mutex;

use es_core::process::{
    Again, Due, On, OnRejected, OnTimer, Process, Rejected, Steps, command, steps, timer,
};
use es_core::{Aggregate, Apply, Events, Handle, Recorded, emit, event};
use time::Duration;

#[event(name = "order.placed")]
#[derive(Debug, Clone)]
pub struct Placed {
    pub cents: u32,
}

#[event(name = "order.note_taken")]
#[derive(Debug, Clone)]
pub struct NoteTaken {
    pub text: String,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "order", id = String, events(Placed, NoteTaken))]
pub struct Order;

impl Apply<Placed> for Order {
    fn apply(&mut self, _: Placed) {}
}

impl Apply<NoteTaken> for Order {
    fn apply(&mut self, _: NoteTaken) {}
}

pub struct Place(pub u32);
pub struct Note(pub &'static str);

impl Handle<Place> for Order {
    type Error = Infallible;
    fn handle(&self, command: &Place) -> Result<Events<Self>, Infallible> {
        emit(Placed { cents: command.0 })
    }
}

impl Handle<Note> for Order {
    type Error = Infallible;
    fn handle(&self, command: &Note) -> Result<Events<Self>, Infallible> {
        emit(NoteTaken { text: command.0.into() })
    }
}

#[event(name = "payment.charged")]
#[derive(Debug, Clone)]
pub struct Charged {
    pub cents: u32,
}

#[event(name = "payment.reminded")]
#[derive(Debug, Clone)]
pub struct Reminded {}

#[event(name = "payment.refunded")]
#[derive(Debug, Clone)]
pub struct Refunded {}

/// Charges up to 100 cents in all.
#[derive(Aggregate, Default, Debug)]
#[aggregate(name = "payment", id = String, events(Charged, Reminded, Refunded))]
pub struct Payment {
    pub charges: u32,
    pub cents: u32,
    pub reminders: u32,
}

impl Apply<Charged> for Payment {
    fn apply(&mut self, event: Charged) {
        self.charges += 1;
        self.cents += event.cents;
    }
}

impl Apply<Reminded> for Payment {
    fn apply(&mut self, _: Reminded) {
        self.reminders += 1;
    }
}

impl Apply<Refunded> for Payment {
    fn apply(&mut self, _: Refunded) {
        self.cents = 0;
    }
}

/// Not sent by the process.
pub struct Refund;

#[command(name = "payment.charge")]
#[derive(Debug)]
pub struct Charge {
    pub cents: u32,
}

#[command(name = "payment.remind")]
#[derive(Debug)]
pub struct Remind {}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("only 100 cents available")]
pub struct TooMuch;

impl Handle<Charge> for Payment {
    type Error = TooMuch;
    fn handle(&self, command: &Charge) -> Result<Events<Self>, TooMuch> {
        if self.cents + command.cents > 100 { Err(TooMuch) } else { emit(Charged { cents: command.cents }) }
    }
}

impl Handle<Remind> for Payment {
    type Error = Infallible;
    fn handle(&self, _: &Remind) -> Result<Events<Self>, Infallible> {
        emit(Reminded {})
    }
}

impl Handle<Refund> for Payment {
    type Error = Infallible;
    fn handle(&self, _: &Refund) -> Result<Events<Self>, Infallible> {
        emit(Refunded {})
    }
}

#[timer(name = "billing.overdue")]
#[derive(Debug)]
pub struct Overdue {
    pub order: String,
}

#[event(name = "billing.begun")]
#[derive(Debug)]
pub struct Begun {}

#[event(name = "billing.refused")]
#[derive(Debug)]
pub struct Refused {}

/// One instance for each order, or for all orders with the same part before a `/`. What notes do:
///
/// | note | does |
/// |---|---|
/// | `cancel` | cancels the timer |
/// | `postpone` | schedules it again, a day later |
/// | `finish` | finishes |
/// | `again` | starts again after the end |
/// | `blank` | would start again, and does nothing |
/// | `twice` | sends two equal commands |
/// | `panic` | panics |
/// | `last` | finishes with a command that is rejected |
/// | `none` | is for no instance |
/// | `lost` | panics when its instance is asked for |
///
/// Instances of [`BROKEN`] panic on whatever comes.
#[derive(Aggregate, Process, Default, Debug, Clone, serde::Serialize, serde::Deserialize)]
#[aggregate(
    name = "billing", id = String, events(Begun, Refused), snapshot(every = 2), event_enum(BillingEvent, derive(Debug))
)]
#[process(on(Placed, NoteTaken), timers(Overdue), sends(Payment: Charge, Payment: Remind))]
pub struct Billing {
    pub begun: u32,
    pub refused: u32,
}

impl Apply<Begun> for Billing {
    fn apply(&mut self, _: Begun) {
        self.begun += 1;
    }
}

impl Apply<Refused> for Billing {
    fn apply(&mut self, _: Refused) {
        self.refused += 1;
    }
}

/// Keys of instances, each of one test.
pub static BROKEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn instance<E>(event: &Recorded<E>) -> String {
    event.stream.key().split('/').next().unwrap_or_default().to_owned()
}

impl On<Placed> for Billing {
    fn correlate(event: &Recorded<Placed>) -> Option<String> {
        Some(instance(event))
    }

    fn on(&self, event: &Recorded<Placed>) -> Steps<Self> {
        let order = instance(event);
        let broken = BROKEN.lock().expect("a lock").contains(&order);
        assert!(!broken, "the instance is broken");
        steps()
            .record(Begun {})
            .send(order.clone(), Charge { cents: event.event.cents })
            .schedule(Overdue { order }, event.occurred_at() + Duration::DAY)
    }
}

impl On<NoteTaken> for Billing {
    fn correlate(event: &Recorded<NoteTaken>) -> Option<String> {
        assert_ne!(event.event.text, "lost", "for whom is it");
        (event.event.text != "none").then(|| instance(event))
    }

    fn on(&self, event: &Recorded<NoteTaken>) -> Steps<Self> {
        let order = instance(event);
        match event.event.text.as_str() {
            "cancel" => steps().cancel::<Overdue>(),
            "postpone" => steps().schedule(Overdue { order }, event.occurred_at() + Duration::days(2)),
            "finish" => steps().finish(),
            "twice" => steps().send(order.clone(), Charge { cents: 7 }).send(order, Charge { cents: 7 }),
            "panic" => panic!("as it was told"),
            "last" => steps().send(order, Charge { cents: 101 }).finish(),
            _ => steps(),
        }
    }

    fn again(&self, event: &Recorded<NoteTaken>) -> Again<Self> {
        match event.event.text.as_str() {
            "again" => Again::Start(steps().record(Begun {})),
            "blank" => Again::Start(steps()),
            _ => Again::Ignored,
        }
    }
}

impl OnTimer<Overdue> for Billing {
    fn on_timer(&self, due: &Due<Self, Overdue>) -> Steps<Self> {
        steps().send(due.timer.order.clone(), Remind {})
    }
}

impl OnRejected<Charge> for Billing {
    fn on_rejected(&self, rejected: &Rejected<'_, Self, Charge>) -> Steps<Self> {
        assert_eq!(*rejected.error, TooMuch);
        steps().record(Refused {}).cancel::<Overdue>()
    }
}
