//! How an application gets to its offers.
//!
//! It is submitted once, and partly submitted next; then pre-accepted, accepted and finalised, in this order.

use es_core::{Events, Handle, emit};

use crate::domain::{
    Accepted, Application, Currency, Euros, Finalised, PartlySubmitted, PreAccepted, Stage, Submitted,
    WrongStage,
};

/// Asks for a loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submit {
    /// How much.
    pub amount: Euros,
}

impl Handle<Submit> for Application {
    type Error = WrongStage;

    fn handle(&self, command: &Submit) -> Result<Events<Self>, WrongStage> {
        self.stage.must_be(Stage::New)?;
        emit(Submitted { cents: command.amount.into(), currency: Currency::Eur })
    }
}

/// Answers the first questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartlySubmit;

impl Handle<PartlySubmit> for Application {
    type Error = WrongStage;

    fn handle(&self, _: &PartlySubmit) -> Result<Events<Self>, WrongStage> {
        self.stage.must_be(Stage::Submitted)?;
        emit(PartlySubmitted)
    }
}

/// Lets the application continue if it can be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreAccept;

impl Handle<PreAccept> for Application {
    type Error = WrongStage;

    fn handle(&self, _: &PreAccept) -> Result<Events<Self>, WrongStage> {
        self.stage.must_be(Stage::PartlySubmitted)?;
        emit(PreAccepted)
    }
}

/// Accepts the application as complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accept;

impl Handle<Accept> for Application {
    type Error = WrongStage;

    fn handle(&self, _: &Accept) -> Result<Events<Self>, WrongStage> {
        self.stage.must_be(Stage::PreAccepted)?;
        emit(Accepted)
    }
}

/// Makes the application ready for its first offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finalise;

impl Handle<Finalise> for Application {
    type Error = WrongStage;

    fn handle(&self, _: &Finalise) -> Result<Events<Self>, WrongStage> {
        self.stage.must_be(Stage::Accepted)?;
        emit(Finalised)
    }
}
