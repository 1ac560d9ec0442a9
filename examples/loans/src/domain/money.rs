//! Amounts: whole euros, as customers ask for them, and cents.

use std::fmt;
use std::iter::Sum;

use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

/// An amount in whole euros. No loan of this bank comes near the largest one, and each has its exact value in
/// [`Cents`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Shape)]
#[serde(transparent)]
pub struct Euros(pub u32);

/// An amount in cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Shape)]
#[serde(transparent)]
pub struct Cents(pub u64);

/// What an amount is counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Shape)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// The only one so far.
    #[default]
    Eur,
}

impl From<Euros> for Cents {
    fn from(euros: Euros) -> Self {
        Self(u64::from(euros.0) * 100)
    }
}

impl Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(|amount| amount.0).sum())
    }
}

/// In euros, with a comma between thousands; the cents only where there are any.
impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let euros = crate::table::grouped(self.0 / 100);
        match self.0 % 100 {
            0 => f.pad(&euros),
            cents => f.pad(&format!("{euros}.{cents:02}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_amount_in_euros_has_its_amount_in_cents() {
        assert_eq!(Cents::from(Euros(u32::MAX)), Cents(429_496_729_500));
    }

    #[test]
    fn amounts_are_shown_in_euros() {
        assert_eq!(Cents(0).to_string(), "0");
        assert_eq!(Cents(17_763_451_100).to_string(), "177,634,511");
        assert_eq!(Cents(123_405).to_string(), "1,234.05");
    }
}
