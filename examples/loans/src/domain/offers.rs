//! The offers of an application: at most one is with the customer, at most one more is selected to replace
//! it.

use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

use super::Offer;

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

/// Why the offers do not allow a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongOffer {
    /// There is none.
    #[error("there is no offer")]
    Missing,
    /// The offer has not come so far, or has gone too far.
    #[error("the offer is {0}")]
    Is(Offer),
    /// Nobody has selected an offer that could be created.
    #[error("no offer is selected")]
    NotSelected,
    /// The next offer is selected; it has to be created first.
    #[error("the next offer is selected, but not created yet")]
    NextSelected,
    /// The offer that the selected one replaces is still out.
    #[error("the offer that it replaces is not cancelled yet")]
    NotReplaced,
    /// Nobody has ever selected an offer.
    #[error("no offer was selected for the customer yet")]
    NeverSelected,
}

impl Offers {
    /// Whether an offer was ever selected.
    pub(super) const fn must_exist(&self) -> Result<(), WrongOffer> {
        if self.next_selected || self.current.is_some() { Ok(()) } else { Err(WrongOffer::NeverSelected) }
    }

    pub(super) fn may_select(&self) -> Result<(), WrongOffer> {
        self.none_selected()?;
        match self.current {
            None | Some(Offer::Cancelled | Offer::Sent | Offer::SentBack) => Ok(()),
            Some(offer) => Err(WrongOffer::Is(offer)),
        }
    }

    pub(super) fn may_create(&self) -> Result<(), WrongOffer> {
        if !self.next_selected {
            return Err(WrongOffer::NotSelected);
        }
        match self.current {
            None | Some(Offer::Cancelled) => Ok(()),
            Some(_) => Err(WrongOffer::NotReplaced),
        }
    }

    pub(super) fn may_send(&self) -> Result<(), WrongOffer> {
        self.none_selected()?;
        self.must(|offer| offer == Offer::Created)
    }

    pub(super) fn may_take_back(&self) -> Result<(), WrongOffer> {
        self.none_selected()?;
        self.must(|offer| offer == Offer::Sent)
    }

    /// Accepting and declining: the last word on an offer that is out and that no other one replaces.
    pub(super) fn may_end(&self) -> Result<(), WrongOffer> {
        self.none_selected()?;
        self.must(Offer::is_out)
    }

    pub(super) fn may_cancel(&self) -> Result<(), WrongOffer> {
        self.must(Offer::is_out)
    }

    /// Whether the application can end now: no offer is half-way, and the last one ended as `ended` or is
    /// out.
    pub(super) fn may_end_with(&self, ended: Offer) -> Result<(), WrongOffer> {
        self.none_selected()?;
        if self.current.is_none() { Ok(()) } else { self.must(|offer| offer.is_out() || offer == ended) }
    }

    /// Whether the application can be approved now: an offer is out or accepted.
    pub(super) fn may_be_booked(&self) -> Result<(), WrongOffer> {
        self.none_selected()?;
        self.must(|offer| offer.is_out() || offer == Offer::Accepted)
    }

    pub(super) const fn none_selected(&self) -> Result<(), WrongOffer> {
        if self.next_selected { Err(WrongOffer::NextSelected) } else { Ok(()) }
    }

    /// Whether the offer that was created last fits.
    pub(super) fn must(&self, fit: impl FnOnce(Offer) -> bool) -> Result<(), WrongOffer> {
        match self.current {
            None => Err(WrongOffer::Missing),
            Some(offer) if fit(offer) => Ok(()),
            Some(offer) => Err(WrongOffer::Is(offer)),
        }
    }
}
