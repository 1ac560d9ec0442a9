//! How far an offer has come.

use std::fmt;

use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

/// How far an offer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Shape)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// Written, and not sent yet.
    Created,
    /// With the customer.
    Sent,
    /// Back from the customer.
    SentBack,
    /// The customer takes it.
    Accepted,
    /// The bank does not stand by it.
    Declined,
    /// It does not count any more.
    Cancelled,
}

impl Offer {
    /// Whether the customer has or had it in hand and it still counts.
    #[must_use]
    pub const fn is_out(self) -> bool {
        matches!(self, Self::Sent | Self::SentBack)
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Created => "created",
            Self::Sent => "sent",
            Self::SentBack => "sent back",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        })
    }
}
