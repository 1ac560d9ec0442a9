//! Reminders: an application that stands still for 30 days without a decision becomes work for somebody.
//!
//! [`Reminding`] is a process. Its clock is that of the log: a timer fires before the first event that
//! occurred at its time or later, and at the end of the log if there is none. So a history of years takes
//! seconds, and each reminder has the time at which the bank would have got it.
//!
//! The rule: each event of an application without a decision (approval, decline or cancellation) begins a
//! silence; 30 days later there is one reminder, unless another event of the application has occurred before.
//! An application that continues later has a reminder for that gap, and may have several; one that stands
//! still at the end of the log has one for that silence. [`Expected`] is the same by SQL over the events.

mod expected;
mod process;
mod reminder;
mod run;

pub use self::expected::{EventLog, Expected};
pub use self::process::{Reminding, SILENCE, Silence};
pub use self::reminder::{Raise, Raised, Reminder};
pub use self::run::{RemindError, Reminded, Reminders};
