//! The account in the library's own terms, whose events carry the account's id.

use disintegrate::{Decision, Event, StateMutate, StateQuery};
use driver::{Account, BankEvent, Command, OWNER, amounts, note};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Event, Serialize, Deserialize)]
pub(crate) enum AccountEvent {
    Opened {
        #[id]
        account_id: Uuid,
        owner: String,
    },
    Deposited {
        #[id]
        account_id: Uuid,
        amount: i64,
        note: String,
    },
    Withdrawn {
        #[id]
        account_id: Uuid,
        amount: i64,
    },
}

pub(crate) fn deposits(account_id: Uuid, first: i64, n: usize) -> Vec<AccountEvent> {
    let deposited = |amount| AccountEvent::Deposited { account_id, amount, note: note(amount) };
    amounts(first, n).map(deposited).collect()
}

#[derive(Default, Clone, Debug, StateQuery, Serialize, Deserialize)]
#[state_query(AccountEvent)]
pub(crate) struct AccountState {
    #[id]
    account_id: Uuid,
    pub(crate) account: Account,
}

impl AccountState {
    pub(crate) fn new(account_id: Uuid) -> Self {
        Self { account_id, ..Self::default() }
    }
}

impl StateMutate for AccountState {
    fn mutate(&mut self, event: AccountEvent) {
        self.account.apply(&match event {
            AccountEvent::Opened { owner, .. } => BankEvent::Opened { owner },
            AccountEvent::Deposited { amount, note, .. } => BankEvent::Deposited { amount, note },
            AccountEvent::Withdrawn { amount, .. } => BankEvent::Withdrawn { amount },
        });
    }
}

pub(crate) struct Decide(pub(crate) Uuid, pub(crate) Command);

#[derive(Debug, thiserror::Error)]
#[error("refused")]
pub(crate) struct Refused;

impl Decision for Decide {
    type Event = AccountEvent;
    type StateQuery = AccountState;
    type Error = Refused;

    fn state_query(&self) -> AccountState {
        AccountState::new(self.0)
    }

    fn process(&self, _: &AccountState) -> Result<Vec<AccountEvent>, Refused> {
        Ok(match self.1 {
            Command::Open => vec![AccountEvent::Opened { account_id: self.0, owner: OWNER.into() }],
            Command::Deposit { first, n } => deposits(self.0, first, n),
        })
    }
}
