//! What is done with the offers.
//!
//! They are selected once the application is accepted, created and sent once it is finalised. An open offer
//! ends with the application, before it or after it: accepted with an approval, declined with a decline,
//! cancelled with a cancellation. The rules by which offers follow each other are those of
//! [`Offers`](crate::domain::Offers).

use es_core::{Events, Handle, emit};

use crate::domain::{
    Application, OfferAccepted, OfferCancelled, OfferCreated, OfferDeclined, OfferSelected, OfferSent,
    OfferSentBack, Stage, WrongOffer, WrongStage,
};

/// Why something cannot be done with an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OfferRejected {
    /// The application has not come so far, or has gone too far.
    #[error(transparent)]
    Stage(#[from] WrongStage),
    /// The offers stand in the way.
    #[error(transparent)]
    Offer(#[from] WrongOffer),
}

/// Chooses the terms of the next offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectOffer;

impl Handle<SelectOffer> for Application {
    type Error = OfferRejected;

    fn handle(&self, _: &SelectOffer) -> Result<Events<Self>, OfferRejected> {
        self.stage.must(|stage| matches!(stage, Stage::Accepted | Stage::Finalised))?;
        self.offers.may_select()?;
        emit(OfferSelected)
    }
}

/// Writes the selected offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreateOffer;

impl Handle<CreateOffer> for Application {
    type Error = OfferRejected;

    fn handle(&self, _: &CreateOffer) -> Result<Events<Self>, OfferRejected> {
        self.stage.must_be(Stage::Finalised)?;
        self.offers.may_create()?;
        emit(OfferCreated)
    }
}

/// Sends the offer to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendOffer;

impl Handle<SendOffer> for Application {
    type Error = OfferRejected;

    fn handle(&self, _: &SendOffer) -> Result<Events<Self>, OfferRejected> {
        self.stage.must_be(Stage::Finalised)?;
        self.offers.may_send()?;
        emit(OfferSent)
    }
}

/// Takes the offer back from the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeBackOffer;

impl Handle<TakeBackOffer> for Application {
    type Error = OfferRejected;

    fn handle(&self, _: &TakeBackOffer) -> Result<Events<Self>, OfferRejected> {
        self.stage.must_be(Stage::Finalised)?;
        self.offers.may_take_back()?;
        emit(OfferSentBack)
    }
}

/// Accepts the offer: the customer takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptOffer;

impl Handle<AcceptOffer> for Application {
    type Error = OfferRejected;

    fn handle(&self, _: &AcceptOffer) -> Result<Events<Self>, OfferRejected> {
        self.stage.must(|stage| matches!(stage, Stage::Finalised | Stage::Booking(_) | Stage::Approved))?;
        self.offers.may_end()?;
        emit(OfferAccepted)
    }
}

/// Declines the offer: the bank does not stand by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclineOffer;

impl Handle<DeclineOffer> for Application {
    type Error = OfferRejected;

    fn handle(&self, _: &DeclineOffer) -> Result<Events<Self>, OfferRejected> {
        self.stage.must(|stage| matches!(stage, Stage::Finalised | Stage::Declined))?;
        self.offers.may_end()?;
        emit(OfferDeclined)
    }
}

/// Cancels the offer, so that it no longer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelOffer;

impl Handle<CancelOffer> for Application {
    type Error = OfferRejected;

    fn handle(&self, _: &CancelOffer) -> Result<Events<Self>, OfferRejected> {
        self.stage.must(|stage| matches!(stage, Stage::Finalised | Stage::Cancelled))?;
        self.offers.may_cancel()?;
        emit(OfferCancelled)
    }
}
