//! How a loan is approved: approval, registration and activation are one booking in three parts, each booked
//! once, in any order.
//!
//! The booking needs a finalised application, with an offer that is out or accepted. While it lasts, only the
//! customer's acceptance comes between.

use es_core::{Events, Handle, emit};

use crate::domain::{Activated, Application, Approved, Bookings, Registered, Stage, WrongOffer, WrongStage};

/// Why a part of an approval cannot be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BookingRejected {
    /// The application has not come so far, or has gone too far.
    #[error(transparent)]
    Stage(#[from] WrongStage),
    /// The customer has no offer to accept.
    #[error(transparent)]
    Offer(#[from] WrongOffer),
    /// This part is booked already.
    #[error("it was done before")]
    Repeated,
}

/// Approves the loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approve;

impl Handle<Approve> for Application {
    type Error = BookingRejected;

    fn handle(&self, _: &Approve) -> Result<Events<Self>, BookingRejected> {
        self.may_book(|bookings| bookings.approved)?;
        emit(Approved)
    }
}

/// Registers the loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register;

impl Handle<Register> for Application {
    type Error = BookingRejected;

    fn handle(&self, _: &Register) -> Result<Events<Self>, BookingRejected> {
        self.may_book(|bookings| bookings.registered)?;
        emit(Registered)
    }
}

/// Activates the loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activate;

impl Handle<Activate> for Application {
    type Error = BookingRejected;

    fn handle(&self, _: &Activate) -> Result<Events<Self>, BookingRejected> {
        self.may_book(|bookings| bookings.activated)?;
        emit(Activated)
    }
}

impl Application {
    fn may_book(&self, booked: impl FnOnce(Bookings) -> bool) -> Result<(), BookingRejected> {
        match self.stage {
            Stage::Booking(bookings) if booked(bookings) => Err(BookingRejected::Repeated),
            Stage::Booking(_) => Ok(()),
            stage => {
                stage.must_be(Stage::Finalised)?;
                Ok(self.offers.may_be_booked()?)
            }
        }
    }
}
