//! What a process stores until later is published like events: its commands, timers and steps.

use std::fs;
use std::path::Path;

use es_core::lock::{Lock, Mode};
use es_core::process::{Due, On, OnTimer, Process, Steps, command, steps, timer};
use es_core::{Aggregate, Apply, Events, Handle, Recorded, UpcastContext, UpcastFrom, emit, event};
use std::convert::Infallible;

#[event(name = "order.placed")]
struct Placed {}

#[event(name = "payment.charged")]
struct Charged {}

#[derive(Aggregate, Default)]
#[aggregate(name = "payment", id = String, events(Charged))]
struct Payment;

impl Apply<Charged> for Payment {
    fn apply(&mut self, _: Charged) {}
}

#[command(name = "payment.charge", version = 1)]
struct ChargeV1 {
    euros: u32,
}

#[command(name = "payment.charge", version = 2, previous = ChargeV1)]
struct Charge {
    cents: u32,
}

impl UpcastFrom<ChargeV1> for Charge {
    type Error = Infallible;
    fn upcast_from(old: ChargeV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { cents: old.euros * 100 })
    }
}

impl Handle<Charge> for Payment {
    type Error = Infallible;
    fn handle(&self, _: &Charge) -> Result<Events<Self>, Infallible> {
        emit(Charged {})
    }
}

#[timer(name = "billing.overdue", version = 2)]
struct Overdue {
    #[event(added(in = 2, default = 1))]
    reminders: u32,
}

#[derive(Aggregate, Process, Default)]
#[aggregate(name = "billing", id = String)]
#[process(on(Placed), timers(Overdue), sends(Payment: Charge))]
struct Billing;

impl On<Placed> for Billing {
    fn correlate(event: &Recorded<Placed>) -> Option<String> {
        Some(event.stream.key().to_owned())
    }

    fn on(&self, event: &Recorded<Placed>) -> Steps<Self> {
        steps().schedule(Overdue { reminders: 1 }, event.occurred_at())
    }
}

impl OnTimer<Overdue> for Billing {
    fn on_timer(&self, due: &Due<Self, Overdue>) -> Steps<Self> {
        steps().send(due.id.clone(), Charge { cents: due.timer.reminders })
    }
}

#[test]
fn the_lock_contains_commands_timers_inputs_and_steps_in_all_versions() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("process_lock");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an old folder is removed");
    }
    fs::create_dir_all(&folder).expect("a folder is made");
    let lock = || Lock::new(&folder).with::<Billing>();
    lock().run(Mode::Update).expect("what is new is published");
    lock().run(Mode::Check).expect("what was published is what is there");
    let text = fs::read_to_string(folder.join("events.lock")).expect("a lock");
    for published in [
        "event billing.overdue 1\n",
        "event billing.overdue 2\n",
        "event order.placed 1\n",
        "event payment.charge 1\n",
        "event payment.charge 2\n",
        "event process.stepped 1\n",
    ] {
        assert!(text.contains(published), "{published}{text}");
    }
    for changed in ["  euros: u32", "  due: string:date-time"] {
        assert!(text.contains(changed), "{changed}\n{text}");
    }
}
