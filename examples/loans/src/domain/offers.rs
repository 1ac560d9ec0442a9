//! The offers of an application: at most one is with the customer, at most one more is selected to replace
//! it.

use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

use super::{Offer, Reason};

/// The offers of one application.
///
/// # Rules
///
/// - An offer is selected, then created, then sent; it may be sent back; it ends accepted, declined or
///   cancelled.
/// - A new one can be selected when there is none, when the last was cancelled, or while one is with the
///   customer. In that last case the old offer has to be cancelled before the new one is created.
/// - After an accepted or declined offer there is no other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Shape)]
pub struct Offers {
    /// The offer that was created last.
    pub current: Option<Offer>,
    /// Whether the next offer is selected and not created yet.
    pub next_selected: bool,
    /// How many were sent.
    pub sent: u32,
}

impl Offers {
    /// Whether an offer was ever selected.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.next_selected || self.current.is_some()
    }

    pub(super) fn may_select(&self) -> Result<(), Reason> {
        self.none_selected()?;
        match self.current {
            None | Some(Offer::Cancelled | Offer::Sent | Offer::SentBack) => Ok(()),
            Some(offer) => Err(Reason::Offer(offer)),
        }
    }

    pub(super) fn may_create(&self) -> Result<(), Reason> {
        if !self.next_selected {
            return Err(Reason::NotSelected);
        }
        match self.current {
            None | Some(Offer::Cancelled) => Ok(()),
            Some(_) => Err(Reason::NotReplaced),
        }
    }

    pub(super) fn may_send(&self) -> Result<(), Reason> {
        self.none_selected()?;
        self.is(|offer| offer == Offer::Created)
    }

    pub(super) fn may_take_back(&self) -> Result<(), Reason> {
        self.none_selected()?;
        self.is(|offer| offer == Offer::Sent)
    }

    /// Accepting and declining: the last word on an offer that is out and that no other one replaces.
    pub(super) fn may_end(&self) -> Result<(), Reason> {
        self.none_selected()?;
        self.is(Offer::is_out)
    }

    pub(super) fn may_cancel(&self) -> Result<(), Reason> {
        self.is(Offer::is_out)
    }

    /// Whether the application can end now: no offer is half-way, and the last one ended as `ended` or is
    /// out.
    pub(super) fn may_end_with(&self, ended: Offer) -> Result<(), Reason> {
        self.none_selected()?;
        if self.current.is_none() { Ok(()) } else { self.is(|offer| offer.is_out() || offer == ended) }
    }

    /// Whether the application can be approved now: an offer is out or accepted.
    pub(super) fn may_be_booked(&self) -> Result<(), Reason> {
        self.none_selected()?;
        self.is(|offer| offer.is_out() || offer == Offer::Accepted)
    }

    pub(super) const fn none_selected(&self) -> Result<(), Reason> {
        if self.next_selected { Err(Reason::NextSelected) } else { Ok(()) }
    }

    pub(super) fn is(&self, fits: impl FnOnce(Offer) -> bool) -> Result<(), Reason> {
        match self.current {
            None => Err(Reason::NoOffer),
            Some(offer) if fits(offer) => Ok(()),
            Some(offer) => Err(Reason::Offer(offer)),
        }
    }
}
