//! Processes: aggregates whose inputs are the events of other streams, and whose outputs are commands and
//! timers. Also known as process managers, or sagas.
//!
//! A process stores everything in its own stream: the events that it records, and after them, in the same
//! append, a [`Stepped`] with the commands to send (the outbox) and the timers. So it runs on any store, and
//! there is no other state that could be restored to another moment.
//!
//! | what | how often |
//! |---|---|
//! | an input is processed | exactly once: the id of its step follows from the id of the event |
//! | a command is executed | exactly once in effect: its id follows from the step, and the target's command ledger knows it |
//! | a timer fires | exactly once: the fold of the stream shows whether it is still pending |
//!
//! ```
//! use es_core::process::{Due, On, OnTimer, Process, Steps, command, steps, timer};
//! use es_core::{Aggregate, Apply, Events, Handle, Recorded, emit, event};
//! # use std::convert::Infallible;
//! # use time::Duration;
//!
//! #[event(name = "application.submitted")]
//! pub struct Submitted {}
//!
//! #[event(name = "application.reminded")]
//! pub struct Reminded {}
//!
//! #[derive(Aggregate, Default)]
//! #[aggregate(name = "application", id = String, events(Submitted, Reminded))]
//! pub struct Application { reminders: u32 }
//! # impl Apply<Submitted> for Application { fn apply(&mut self, _: Submitted) {} }
//! # impl Apply<Reminded> for Application { fn apply(&mut self, _: Reminded) { self.reminders += 1; } }
//!
//! #[command(name = "application.remind")]
//! pub struct Remind {}
//!
//! impl Handle<Remind> for Application {
//!     type Error = Infallible;
//!     fn handle(&self, _: &Remind) -> Result<Events<Self>, Infallible> { emit(Reminded {}) }
//! }
//!
//! #[timer(name = "chase.silence")]
//! pub struct Silence { application: String }
//!
//! #[event(name = "chase.chased")]
//! pub struct Chased {}
//!
//! #[derive(Aggregate, Process, Default)]
//! #[aggregate(name = "chase", id = String, events(Chased))]
//! #[process(on(Submitted), timers(Silence), sends(Application: Remind))]
//! pub struct Chase { times: u32 }
//!
//! impl Apply<Chased> for Chase {
//!     fn apply(&mut self, _: Chased) { self.times += 1; }
//! }
//!
//! impl On<Submitted> for Chase {
//!     fn correlate(event: &Recorded<Submitted>) -> Option<String> { Some(event.stream.key().to_owned()) }
//!
//!     fn on(&self, event: &Recorded<Submitted>) -> Steps<Self> {
//!         let application = event.stream.key().to_owned();
//!         steps().schedule(Silence { application }, event.occurred_at() + Duration::days(30))
//!     }
//! }
//!
//! impl OnTimer<Silence> for Chase {
//!     fn on_timer(&self, due: &Due<Self, Silence>) -> Steps<Self> {
//!         steps().record(Chased {}).send(due.timer.application.clone(), Remind {}).finish()
//!     }
//! }
//! ```

mod clock;
mod deliver;
mod delivery;
mod error;
mod ids;
mod input;
mod inputs;
mod instance;
mod letters;
mod metrics;
mod options;
mod past;
mod rejecting;
mod runner;
mod sender;
mod side_by_side;
mod step;
mod stepped;
mod steps;
mod stored_instance;
mod testing;
mod timer_index;
mod timers;
mod timing;
mod wire;

pub use self::clock::Clock;
pub use self::deliver::DeliveryError;
pub use self::error::ProcessError;
pub use self::input::{Again, Input, On};
pub use self::inputs::Inputs;
pub use self::instance::Instance;
pub use self::metrics::ProcessMetrics;
pub use self::rejecting::{OnRejected, Rejected};
pub use self::runner::{InputsRunner, ProcessRunner, SenderRunner};
pub use self::sender::Sender;
pub use self::stepped::{Scheduled, Sent, Stepped};
pub use self::steps::{StepError, Steps, steps};
pub use self::testing::{GivenProcess, given_process};
pub use self::timer_index::StuckTimer;
pub use self::timing::{Due, OnTimer, Pending};
pub use self::wire::{Command, Schedules, Sends, Timer};
#[cfg(feature = "macros")]
pub use es_macros::{Process, command, timer};

// What generated code names.
#[doc(hidden)]
pub use self::deliver::{Deliver, Recipient};
#[doc(hidden)]
pub use self::rejecting::{Rejectable, Rejecting};
#[doc(hidden)]
pub use self::timing::DuePending;

use crate::model::Aggregate;
use crate::record::DecodeError;

/// An aggregate whose inputs are events of other streams. Implemented by
/// [`#[derive(Process)]`](derive@crate::process::Process), never by hand.
///
/// A process is an aggregate like any other: a [`Repository`](crate::Repository) of it reads its streams, at
/// any revision.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a process",
    label = "not a process",
    note = "write `#[derive(es_core::Aggregate, es_core::process::Process, Default)] #[aggregate(…)] \
            #[process(on(…))]` above `{Self}`"
)]
pub trait Process: Aggregate<Event: From<Stepped>> {
    /// The generated enum of its inputs, each as it was recorded.
    type Input: Input<Self>;

    /// The name under which the checkpoint of its inputs is stored.
    const INPUTS: &'static str;

    /// The name under which the checkpoint of what it has sent is stored.
    const SENDER: &'static str;

    /// The step that an event of the process is, if it is one.
    #[doc(hidden)]
    fn stepped(event: &Self::Event) -> Option<&Stepped>;

    /// Reacts to a timer, through [`OnTimer`].
    ///
    /// # Errors
    ///
    /// [`DecodeError`] of a timer that this program cannot read.
    #[doc(hidden)]
    fn on_pending(&self, due: DuePending<'_, Self>) -> Result<Steps<Self>, DecodeError>;

    /// The aggregates that its commands are for.
    #[doc(hidden)]
    fn recipients() -> Vec<Recipient>;

    /// Sends a command, decoded as the type of its name.
    #[doc(hidden)]
    fn deliver(delivery: impl Deliver<Self>) -> impl Future<Output = Result<(), DeliveryError>> + Send;
}
