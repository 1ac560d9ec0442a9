//! The public events of the loans service, as this service declares them.

use es_core::event;
use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

/// A customer has applied for a loan.
#[event(name = "loans.application.submitted")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationSubmitted {
    /// The requested amount, in cents.
    pub cents: u64,
    /// The currency of the amount, by ISO 4217.
    pub currency: String,
}

/// An application was decided.
#[event(name = "loans.application.decided")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationDecided {
    /// The decision.
    pub decision: Decision,
}

/// How an application was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Shape)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The customer gets the loan.
    Approved,
    /// The bank declined the application.
    Declined,
    /// The customer withdrew the application, or did not answer.
    Cancelled,
}
