//! How far an application has come.

use std::fmt;

use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

/// How far an application has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Shape)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// There is none yet.
    #[default]
    New,
    /// The customer has asked for an amount.
    Submitted,
    /// The first questions are answered.
    PartlySubmitted,
    /// It may continue if it can be completed.
    PreAccepted,
    /// It is complete.
    Accepted,
    /// Its first offer goes out.
    Finalised,
    /// Some of approval, registration and activation are booked; all three belong together, in any order.
    Booking(Bookings),
    /// All three are booked.
    Approved,
    /// The bank said no.
    Declined,
    /// The customer withdrew.
    Cancelled,
}

/// A stage at which a command is rejected: the application has not come so far, or has gone too far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the application is {0}")]
pub struct WrongStage(pub Stage);

/// Which parts of an approval are booked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Shape)]
pub struct Bookings {
    /// The loan is approved.
    pub approved: bool,
    /// The loan is registered.
    pub registered: bool,
    /// The loan is active.
    pub activated: bool,
}

/// How an application ended, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The loan was approved.
    Approved,
    /// The bank said no.
    Declined,
    /// The customer withdrew.
    Cancelled,
    /// It has not ended yet.
    Open,
}

impl Stage {
    /// How the application ended, if it did.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Approved => Outcome::Approved,
            Self::Booking(bookings) if bookings.approved => Outcome::Approved,
            Self::Declined => Outcome::Declined,
            Self::Cancelled => Outcome::Cancelled,
            _ => Outcome::Open,
        }
    }

    /// Whether the bank and the customer can still say no.
    #[must_use]
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::PartlySubmitted | Self::PreAccepted | Self::Accepted | Self::Finalised)
    }

    /// Whether this is the expected stage.
    pub(super) fn must_be(self, expected: Self) -> Result<(), WrongStage> {
        self.must(|stage| stage == expected)
    }

    /// Whether the stage fits.
    pub(super) fn must(self, fit: impl FnOnce(Self) -> bool) -> Result<(), WrongStage> {
        if fit(self) { Ok(()) } else { Err(WrongStage(self)) }
    }

    /// The stage after one more booking.
    #[must_use]
    pub(super) fn booked(self, book: impl FnOnce(&mut Bookings)) -> Self {
        let mut bookings = match self {
            Self::Booking(bookings) => bookings,
            _ => Bookings::default(),
        };
        book(&mut bookings);
        let complete = Bookings { approved: true, registered: true, activated: true };
        if bookings == complete { Self::Approved } else { Self::Booking(bookings) }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::New => "not submitted",
            Self::Submitted => "submitted",
            Self::PartlySubmitted => "partly submitted",
            Self::PreAccepted => "pre-accepted",
            Self::Accepted => "accepted",
            Self::Finalised => "finalised",
            Self::Booking(_) => "being booked",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        })
    }
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Approved, Self::Declined, Self::Cancelled, Self::Open];
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Open => "open",
        })
    }
}
