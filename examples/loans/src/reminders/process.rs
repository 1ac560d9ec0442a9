//! The process that waits for each application without a decision.

use es_core::process::{Due, On, OnTimer, Process, Steps, steps, timer};
use es_core::{Aggregate, Recorded};
use time::Duration;

use super::reminder::{Raise, Reminder};
use crate::domain::*;

/// How long an application stands still before it gets a reminder.
pub const SILENCE: Duration = Duration::days(30);

/// Waits for the next event of an application, until its decision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Aggregate, Process)]
#[aggregate(name = "reminding", id = ApplicationId)]
#[process(
    on(
        Submitted, PartlySubmitted, PreAccepted, Accepted, Finalised, Approved, Registered, Activated, Declined,
        Cancelled, OfferSelected, OfferCreated, OfferSent, OfferSentBack, OfferAccepted, OfferDeclined,
        OfferCancelled, WorkScheduled, WorkStarted, WorkCompleted
    ),
    timers(Silence),
    sends(Reminder: Raise)
)]
pub struct Reminding;

/// Nothing was heard of the application.
#[timer(name = "reminding.silence")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {}

/// These events mean that somebody has worked on the application, or its customer has answered: the silence
/// begins anew.
macro_rules! wait_anew_on {
    ($($event:ty),* $(,)?) => {$(
        impl On<$event> for Reminding {
            fn correlate(event: &Recorded<$event>) -> Option<ApplicationId> {
                Some(ApplicationId(event.stream.key().to_owned()))
            }

            fn on(&self, event: &Recorded<$event>) -> Steps<Self> {
                steps().schedule(Silence {}, event.occurred_at() + SILENCE)
            }
        }
    )*};
}

/// After these, nobody needs a reminder.
macro_rules! finish_on {
    ($($event:ty),* $(,)?) => {$(
        impl On<$event> for Reminding {
            fn correlate(event: &Recorded<$event>) -> Option<ApplicationId> {
                Some(ApplicationId(event.stream.key().to_owned()))
            }

            fn on(&self, _: &Recorded<$event>) -> Steps<Self> {
                steps().finish()
            }
        }
    )*};
}

wait_anew_on!(
    Submitted,
    PartlySubmitted,
    PreAccepted,
    Accepted,
    Finalised,
    Registered,
    Activated,
    OfferSelected,
    OfferCreated,
    OfferSent,
    OfferSentBack,
    OfferAccepted,
    OfferDeclined,
    OfferCancelled,
    WorkScheduled,
    WorkStarted,
    WorkCompleted,
);
finish_on!(Approved, Declined, Cancelled);

impl OnTimer<Silence> for Reminding {
    fn on_timer(&self, due: &Due<Self, Silence>) -> Steps<Self> {
        steps().send(due.id.clone(), Raise {})
    }
}

#[cfg(test)]
mod tests {
    use es_core::process::given_process;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn thirty_days_after_the_last_event_there_is_a_reminder_and_after_a_decision_none() {
        let first = datetime!(2011-10-01 8:00 UTC);
        let id = ApplicationId("173688".into());
        given_process::<Reminding>()
            .at(first)
            .input_of("173688", PreAccepted)
            .then_timers(steps().schedule(Silence {}, first + SILENCE))
            .at(first + SILENCE)
            .then_commands(steps().send(id.clone(), Raise {}));
        given_process::<Reminding>()
            .at(first)
            .input_of("173688", PreAccepted)
            .input_of("173688", Declined)
            .then_timers(steps())
            .at(first + SILENCE)
            .then_commands(steps());
    }
}
