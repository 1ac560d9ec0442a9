//! The loan application: the state that its events add up to.

use std::fmt;

use es_core::shape::Shape;
use es_core::{Aggregate, Apply, StreamKey};
use serde::{Deserialize, Serialize};

use super::*;

/// Names one application: its number at the bank, as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, StreamKey)]
pub struct ApplicationId(pub String);

impl fmt::Display for ApplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One loan application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Aggregate, Serialize, Deserialize, Shape)]
#[aggregate(
    name = "loan",
    id = ApplicationId,
    events(
        Submitted, PartlySubmitted, PreAccepted, Accepted, Finalised, Approved, Registered, Activated, Declined,
        Cancelled, OfferSelected, OfferCreated, OfferSent, OfferSentBack, OfferAccepted, OfferDeclined,
        OfferCancelled, WorkScheduled, WorkStarted, WorkCompleted
    ),
    event_enum(ApplicationEvent, derive(Debug, Clone, PartialEq)),
    snapshot(every = 50)
)]
pub struct Application {
    /// What the customer asks for.
    pub requested: Cents,
    /// What that is counted in.
    pub currency: Currency,
    /// How far it has come.
    pub stage: Stage,
    /// What the bank offers.
    pub offers: Offers,
    /// The work on it.
    pub desk: Desk,
}

impl Apply<Submitted> for Application {
    fn apply(&mut self, event: Submitted) {
        self.stage = Stage::Submitted;
        self.requested = event.cents;
        self.currency = event.currency;
    }
}

impl Apply<PartlySubmitted> for Application {
    fn apply(&mut self, _: PartlySubmitted) {
        self.stage = Stage::PartlySubmitted;
    }
}

impl Apply<PreAccepted> for Application {
    fn apply(&mut self, _: PreAccepted) {
        self.stage = Stage::PreAccepted;
    }
}

impl Apply<Accepted> for Application {
    fn apply(&mut self, _: Accepted) {
        self.stage = Stage::Accepted;
    }
}

impl Apply<Finalised> for Application {
    fn apply(&mut self, _: Finalised) {
        self.stage = Stage::Finalised;
    }
}

impl Apply<Approved> for Application {
    fn apply(&mut self, _: Approved) {
        self.stage = self.stage.booked(|bookings| bookings.approved = true);
    }
}

impl Apply<Registered> for Application {
    fn apply(&mut self, _: Registered) {
        self.stage = self.stage.booked(|bookings| bookings.registered = true);
    }
}

impl Apply<Activated> for Application {
    fn apply(&mut self, _: Activated) {
        self.stage = self.stage.booked(|bookings| bookings.activated = true);
    }
}

impl Apply<Declined> for Application {
    fn apply(&mut self, _: Declined) {
        self.stage = Stage::Declined;
    }
}

impl Apply<Cancelled> for Application {
    fn apply(&mut self, _: Cancelled) {
        self.stage = Stage::Cancelled;
    }
}

impl Apply<OfferSelected> for Application {
    fn apply(&mut self, _: OfferSelected) {
        self.offers.next_selected = true;
    }
}

impl Apply<OfferCreated> for Application {
    fn apply(&mut self, _: OfferCreated) {
        self.offers.next_selected = false;
        self.offers.current = Some(Offer::Created);
    }
}

impl Apply<OfferSent> for Application {
    fn apply(&mut self, _: OfferSent) {
        self.offers.current = Some(Offer::Sent);
        self.offers.sent = self.offers.sent.saturating_add(1);
    }
}

impl Apply<OfferSentBack> for Application {
    fn apply(&mut self, _: OfferSentBack) {
        self.offers.current = Some(Offer::SentBack);
    }
}

impl Apply<OfferAccepted> for Application {
    fn apply(&mut self, _: OfferAccepted) {
        self.offers.current = Some(Offer::Accepted);
    }
}

impl Apply<OfferDeclined> for Application {
    fn apply(&mut self, _: OfferDeclined) {
        self.offers.current = Some(Offer::Declined);
    }
}

impl Apply<OfferCancelled> for Application {
    fn apply(&mut self, _: OfferCancelled) {
        self.offers.current = Some(Offer::Cancelled);
    }
}

impl Apply<WorkScheduled> for Application {
    fn apply(&mut self, event: WorkScheduled) {
        self.desk.scheduled.insert(event.item);
    }
}

impl Apply<WorkStarted> for Application {
    fn apply(&mut self, event: WorkStarted) {
        self.desk.start(event.item);
    }
}

impl Apply<WorkCompleted> for Application {
    fn apply(&mut self, event: WorkCompleted) {
        self.desk.complete(event.item);
    }
}
