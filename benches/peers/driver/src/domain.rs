//! The bank account that every column stores.

use serde::{Deserialize, Serialize};

/// What happened to an account. As JSON a deposit has about a hundred bytes.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub enum BankEvent {
    Opened { owner: String },
    Deposited { amount: i64, note: String },
    Withdrawn { amount: i64 },
}

impl BankEvent {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "Opened",
            Self::Deposited { .. } => "Deposited",
            Self::Withdrawn { .. } => "Withdrawn",
        }
    }

    pub fn opened() -> Self {
        Self::Opened { owner: OWNER.into() }
    }

    pub fn deposited(amount: i64) -> Self {
        Self::Deposited { amount, note: note(amount) }
    }

    /// `n` deposits, of `first`, `first + 1` and so on.
    pub fn deposits(first: i64, n: usize) -> Vec<Self> {
        amounts(first, n).map(Self::deposited).collect()
    }
}

/// The fold of an account's events.
#[derive(Default, Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub balance: i64,
    /// The number of folded events, by which each load is checked.
    pub events: u64,
    pub open: bool,
}

impl Account {
    pub fn apply(&mut self, event: &BankEvent) {
        self.events += 1;
        match event {
            BankEvent::Opened { .. } => self.open = true,
            BankEvent::Deposited { amount, .. } => self.balance = self.balance.wrapping_add(*amount),
            BankEvent::Withdrawn { amount } => self.balance = self.balance.wrapping_sub(*amount),
        }
    }
}

/// One business command.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    Open,
    /// `n` deposits at once, of `first`, `first + 1` and so on.
    Deposit {
        first: i64,
        n: usize,
    },
}

impl Command {
    pub fn events(self) -> Vec<BankEvent> {
        match self {
            Self::Open => vec![BankEvent::opened()],
            Self::Deposit { first, n } => BankEvent::deposits(first, n),
        }
    }
}

pub const OWNER: &str = "Ann";

/// `first`, `first + 1` and so on, `n` of them.
pub fn amounts(first: i64, n: usize) -> impl Iterator<Item = i64> {
    (first..).take(n)
}

/// Amounts from here on have notes of many lengths.
pub(crate) const OF_MANY_LENGTHS: i64 = 1 << 40;

/// Sixty-odd characters, so that a deposit is about a hundred bytes. From [`OF_MANY_LENGTHS`] on 20 to
/// 20,000, most of them short: half have at most 112.
pub fn note(amount: i64) -> String {
    let number = amount.unsigned_abs() % 1_000_000_000_000;
    if amount < OF_MANY_LENGTHS {
        return format!("{number:0>12} salary for the month, paid by the employer in full");
    }
    // A pseudo-random number between 0 and 1, the same each time.
    let spread = f64::from((amount.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u32)
        / f64::from(1 << 24);
    let length = 20.0 * 1000f64.powf(spread.powi(2));
    format!("{number:0>width$}", width = length as usize)
}
