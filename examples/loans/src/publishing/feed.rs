//! Which public event a private one becomes.

use es_core::Recorded;
use es_core::messaging::{Publish, Publisher};

use super::events::{ApplicationDecided, ApplicationSubmitted, Decision};
use crate::domain::*;

/// The publisher of the applications: one message when an application is submitted, one when it is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Publisher)]
#[publisher(name = "loan-applications", events(Submitted, Approved, Declined, Cancelled))]
pub struct Applications;

impl Publish<Submitted> for Applications {
    type Public = ApplicationSubmitted;

    fn publish(&self, event: &Recorded<Submitted>) -> Option<ApplicationSubmitted> {
        let Submitted { cents, currency } = event.event;
        // By name, so that a new private currency has to be given a public name.
        let currency = match currency {
            Currency::Eur => String::from("EUR"),
        };
        Some(ApplicationSubmitted { cents: cents.0, currency })
    }
}

macro_rules! publish_decision {
    ($($event:ty => $decision:ident),* $(,)?) => {$(
        impl Publish<$event> for Applications {
            type Public = ApplicationDecided;

            fn publish(&self, _: &Recorded<$event>) -> Option<ApplicationDecided> {
                Some(ApplicationDecided { decision: Decision::$decision })
            }
        }
    )*};
}

publish_decision!(Approved => Approved, Declined => Declined, Cancelled => Cancelled);
