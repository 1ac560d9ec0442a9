//! A transaction over two aggregates, against the same two commands with separate appends.

use std::time::Instant;

use es_core::repository::{Transaction, TransactionOptions};
use es_core::{EventStore, Repository};
use tokio::task::JoinSet;

use crate::domain::{Account, Charge};
use crate::report::Table;
use crate::stores::Stores;
use crate::{Result, Settings, rate};

const TRANSACTIONS: u64 = 32_000;
const CALLERS: u64 = 16;
/// The number of pairs of accounts of each caller.
const PAIRS: u64 = 20;

#[derive(Clone, Copy)]
enum Way {
    /// Both commands in a transaction.
    Together,
    /// One after the other.
    Apart,
}

pub(crate) async fn run<S: Stores>(stores: &S, settings: &Settings, table: &mut Table) -> Result<()> {
    let case = format!("transaction over 2, {CALLERS} callers, {} (floor: 2 appends apart)", S::NAME);
    if !settings.wants(&case) {
        return Ok(());
    }
    let each = settings.size(TRANSACTIONS).div_ceil(CALLERS);
    let store = stores.empty().await?;
    let accounts = Repository::<Account, _>::new(store.clone());
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let apart = transfer_rate(&accounts, each, Way::Apart).await?;
        let together = transfer_rate(&accounts, each, Way::Together).await?;
        if time > 0 {
            pairs.push((apart, together));
        }
    }
    table.rates(&case, "pairs/s", &pairs, 0.6);
    stores.drop(store).await
}

/// Transfers a second, each caller between accounts of its own.
async fn transfer_rate<S: EventStore + 'static>(
    accounts: &Repository<Account, S>,
    each: u64,
    way: Way,
) -> Result<f64> {
    let start = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let accounts = accounts.clone();
        callers.spawn(async move {
            for number in 0..each {
                let from = (caller * PAIRS + number % PAIRS) * 2;
                transfer(&accounts, from, way).await?;
            }
            Result::Ok(())
        });
    }
    callers.join_all().await.into_iter().collect::<Result<()>>()?;
    Ok(rate(each * CALLERS, start))
}

async fn transfer<S: EventStore + 'static>(
    accounts: &Repository<Account, S>,
    from: u64,
    way: Way,
) -> Result<()> {
    let to = from + 1;
    match way {
        Way::Apart => {
            accounts.execute(&from, Charge { cents: 1 }).await?;
            accounts.execute(&to, Charge { cents: -1 }).await?;
        }
        Way::Together => {
            let body = async |tx: Transaction<S>| {
                tx.execute(accounts, &from, Charge { cents: 1 }).await?;
                tx.execute(accounts, &to, Charge { cents: -1 }).await?;
                Ok(())
            };
            accounts.transaction(TransactionOptions::new(), body).await?;
        }
    }
    Ok(())
}
