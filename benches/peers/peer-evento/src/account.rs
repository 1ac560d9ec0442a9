//! The account in the library's own terms. It stores bitcode and not JSON: the same fields in fewer bytes.

use evento::metadata::Event;
use evento::{Executor, Projection};

#[evento::aggregate(name = "bank/Account")]
pub enum BankAccount {
    Opened { owner: String },
    Deposited { amount: i64, note: String },
    Withdrawn { amount: i64 },
}

/// Replayed from the first event each time.
#[evento::projection(id = id)]
#[evento::snapshot(none)]
pub struct Account {
    pub id: String,
    pub balance: i64,
    pub events: u64,
}

/// With a snapshot in the database.
#[evento::projection(name = "bank/SavedAccount", bitcode::Encode, bitcode::Decode)]
pub struct SavedAccount {
    pub balance: i64,
    pub events: u64,
}

macro_rules! handlers {
    ($module:ident, $account:ty, $identify:path) => {
        mod $module {
            use super::*;

            #[evento::handler]
            pub async fn opened(event: Event<Opened>, account: &mut $account) -> anyhow::Result<()> {
                $identify(account, &event.aggregate_id);
                account.events += 1;
                Ok(())
            }

            #[evento::handler]
            pub async fn deposited(event: Event<Deposited>, account: &mut $account) -> anyhow::Result<()> {
                $identify(account, &event.aggregate_id);
                account.balance = account.balance.wrapping_add(event.data.amount);
                account.events += 1;
                Ok(())
            }

            #[evento::handler]
            pub async fn withdrawn(event: Event<Withdrawn>, account: &mut $account) -> anyhow::Result<()> {
                account.balance = account.balance.wrapping_sub(event.data.amount);
                account.events += 1;
                Ok(())
            }
        }
    };
}

fn take_id(account: &mut Account, id: &str) {
    if account.id.is_empty() {
        id.clone_into(&mut account.id);
    }
}

fn no_id(_: &mut SavedAccount, _: &str) {}

handlers!(plain, Account, take_id);
handlers!(snapshotted, SavedAccount, no_id);

pub(crate) fn replayed<E: Executor>() -> Projection<E, Account> {
    Projection::new::<BankAccount>()
        .handler(plain::opened())
        .handler(plain::deposited())
        .handler(plain::withdrawn())
        .strict()
}

pub(crate) fn saved<E: Executor>() -> Projection<E, SavedAccount> {
    Projection::new::<BankAccount>()
        .handler(snapshotted::opened())
        .handler(snapshotted::deposited())
        .handler(snapshotted::withdrawn())
        .strict()
}
