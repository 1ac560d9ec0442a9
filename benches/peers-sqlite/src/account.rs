//! The account in evento's own terms, as its README writes one. Events are stored as bitcode, not as JSON:
//! the same fields in fewer bytes.

use evento::metadata::Event;
use evento::{Executor, Projection, ProjectionAggregate};

#[evento::aggregate(name = "bank/Account")]
pub enum BankAccount {
    Deposited { account: String, amount: i64, reference: String },
}

/// The write model: its row stays in memory between commands.
#[evento::projection(id = id)]
#[evento::snapshot(memory)]
pub struct Account {
    pub id: String,
    pub total: i64,
}

#[evento::handler]
async fn deposited(event: Event<Deposited>, account: &mut Account) -> anyhow::Result<()> {
    if account.id.is_empty() {
        event.aggregate_id.clone_into(&mut account.id);
    }
    account.total += event.data.amount;
    Ok(())
}

pub(crate) fn deposit(amount: i64) -> Deposited {
    Deposited {
        account: "NL91 ABNA 0417 1643 00".into(),
        amount,
        reference: "monthly savings, standing order".into(),
    }
}

fn accounts<E: Executor>() -> Projection<E, Account> {
    Projection::new::<BankAccount>().handler(deposited()).strict()
}

/// A command: loads the account, and appends a deposit at the version that was loaded.
pub(crate) async fn execute(executor: &impl Executor, id: &str) -> anyhow::Result<()> {
    let Some(account) = accounts().load(id).execute(executor).await? else {
        anyhow::bail!("there is no account {id}");
    };
    account.write()?.event(&deposit(1)).commit(executor).await?;
    Ok(())
}
