//! How often each call waits for the server, counted on the wire, one call after the other.

use std::time::Duration;

use tokio::time::sleep;

use super::next_amount;
use crate::measure::print;
use crate::proxy::Proxy;
use crate::{Column, Command, Failed, Result};

const CALLS: u32 = 20;

pub(crate) async fn run<C: Column>(url: &str) -> Result<()> {
    let (user, rest) = url.split_once('@').ok_or("the URL names no user")?;
    let (server, database) = rest.split_once('/').ok_or("the URL names no database")?;
    let proxy = Proxy::start(server.to_owned()).await?;
    // The statements are written to the server's log, where the runner reads them.
    let options = format!("application_name=rt_{}&options=-c%20log_statement%3Dall", C::NAME);
    let url = format!("{user}@127.0.0.1:{}/{database}?{options}", proxy.port);
    let column = C::connect(&url, 1).await?;

    let mut stream = column.stream();
    for _ in 0..3 {
        for n in [1, 10] {
            column.append(&mut stream, next_amount(n), n).await?;
        }
    }
    let id = C::id(&stream);
    for _ in 0..3 {
        column.load(&id).await?;
        for n in [1, 10] {
            command(&column, &id, n).await?;
        }
    }

    // Commands have moved that stream; appends need one whose version they know.
    let mut stream = column.stream();
    column.append(&mut stream, next_amount(1), 1).await?;
    let mut figures = Vec::new();
    for (figure, n) in [("append1", 1), ("append10", 10)] {
        quiet(&proxy).await;
        for _ in 0..CALLS {
            column.append(&mut stream, next_amount(n), n).await?;
        }
        figures.push((figure, a_call(&proxy).await));
    }
    quiet(&proxy).await;
    for _ in 0..CALLS {
        column.load(&id).await?;
    }
    figures.push(("load", a_call(&proxy).await));
    for (figure, n) in [("command1", 1), ("command10", 10)] {
        quiet(&proxy).await;
        for _ in 0..CALLS {
            command(&column, &id, n).await?;
        }
        figures.push((figure, a_call(&proxy).await));
    }
    print("rt", &figures);
    Ok(())
}

async fn command<C: Column>(column: &C, id: &str, n: usize) -> Result<()> {
    match column.command(id, Command::Deposit { first: next_amount(n), n }).await {
        Ok(()) => Ok(()),
        Err(Failed::Conflict) => Err("a conflict without another writer".into()),
        Err(Failed::Other(error)) => Err(error),
    }
}

/// Lets a pool return its connection, which may be a round trip of its own.
async fn settle() {
    sleep(Duration::from_millis(60)).await;
}

async fn quiet(proxy: &Proxy) {
    settle().await;
    proxy.take();
}

#[allow(clippy::cast_precision_loss, reason = "a handful")]
async fn a_call(proxy: &Proxy) -> f64 {
    settle().await;
    proxy.take() as f64 / f64::from(CALLS)
}
