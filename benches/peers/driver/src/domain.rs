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
    /// How many events were folded, by which each load is checked.
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

/// Sixty-odd characters, so that a deposit is about a hundred bytes.
pub fn note(amount: i64) -> String {
    let number = amount.unsigned_abs() % 1_000_000_000_000;
    format!("{number:0>12} salary for the month, paid by the employer in full")
}
