//! How an application ends without a loan: the bank declines it, or the customer withdraws.
//!
//! This is possible once, from partly submitted on, unless an offer is half-way (selected or created, and not
//! sent). An application is not declined over a cancelled offer, nor cancelled over a declined one.

use es_core::{Events, Handle, emit};

use crate::domain::{Application, Cancelled, Declined, Offer, Stage, WrongOffer, WrongStage};

/// Why an application cannot end now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndRejected {
    /// The application has not come so far, or has gone too far.
    #[error(transparent)]
    Stage(#[from] WrongStage),
    /// An offer is half-way, or has ended in another way.
    #[error(transparent)]
    Offer(#[from] WrongOffer),
}

/// Declines the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decline;

impl Handle<Decline> for Application {
    type Error = EndRejected;

    fn handle(&self, _: &Decline) -> Result<Events<Self>, EndRejected> {
        self.stage.must(Stage::is_undecided)?;
        self.offers.may_end_with(Offer::Declined)?;
        emit(Declined)
    }
}

/// Cancels the application, as its customer withdraws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancel;

impl Handle<Cancel> for Application {
    type Error = EndRejected;

    fn handle(&self, _: &Cancel) -> Result<Events<Self>, EndRejected> {
        self.stage.must(Stage::is_undecided)?;
        self.offers.may_end_with(Offer::Cancelled)?;
        emit(Cancelled)
    }
}
