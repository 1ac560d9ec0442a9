//! `cargo run -p guide --bin axum_service -- 8080`
//!
//! Commands behind HTTP: one repository for all requests, errors as status codes, an orderly end, and a
//! correlation id from a header in each event. Take it as the beginning of a service.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use std::error::Error;
use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use es_core::uuid::Uuid;
use es_core::{ExecuteError, ExecuteOptions, Metadata, Recorded, Repository, StoreError};
use es_sqlite::SqliteStore;
use guide::{Account, AccountEvent, Deposit, Withdraw};

/// A clone is cheap, and all of them share the states that they keep.
type Accounts = State<Repository<Account, SqliteStore>>;
type Answer = Result<String, (StatusCode, String)>;

/// Who asks for what cannot be gets the reason. What is wrong here is told to the log, not to the caller.
fn refused<E: Error + 'static>(error: &ExecuteError<E>) -> (StatusCode, String) {
    match error {
        ExecuteError::Rejected(reason) => (StatusCode::UNPROCESSABLE_ENTITY, reason.to_string()),
        ExecuteError::Conflict { .. } => (StatusCode::CONFLICT, "somebody else was faster; try again".into()),
        ExecuteError::Store(error) => failed(error),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "this did not work".into()),
    }
}

fn failed(error: &StoreError) -> (StatusCode, String) {
    if let StoreError::InvalidStreamId(_) = error {
        return (StatusCode::BAD_REQUEST, error.to_string());
    }
    eprintln!("{error}");
    if error.is_retryable() {
        (StatusCode::SERVICE_UNAVAILABLE, "try again later".into())
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "this did not work".into())
    }
}

/// The correlation id that the caller sent, or a new one.
fn options(headers: &HeaderMap) -> Result<ExecuteOptions, (StatusCode, String)> {
    let id = match headers.get("x-correlation-id").map(|id| Uuid::try_parse_ascii(id.as_bytes())) {
        None => Uuid::now_v7(),
        Some(Ok(id)) => id,
        Some(Err(error)) => return Err((StatusCode::BAD_REQUEST, format!("x-correlation-id: {error}"))),
    };
    Ok(ExecuteOptions::new().metadata(Metadata::new().correlation_id(id)))
}

async fn deposit(accounts: Accounts, Path((id, cents)): Path<(String, u32)>, headers: HeaderMap) -> Answer {
    let done = accounts.execute_with(&id, Deposit(cents), options(&headers)?).await;
    done.map(|done| format!("revision {}\n", done.revision)).map_err(|error| refused(&error))
}

async fn withdraw(accounts: Accounts, Path((id, cents)): Path<(String, u32)>, headers: HeaderMap) -> Answer {
    let done = accounts.execute_with(&id, Withdraw(cents), options(&headers)?).await;
    done.map(|done| format!("revision {}\n", done.revision)).map_err(|error| refused(&error))
}

async fn balance(accounts: Accounts, Path(id): Path<String>) -> Answer {
    let loaded = accounts.load(&id).await.map_err(|error| failed(&error))?;
    Ok(format!("{} cents\n", loaded.state.cents))
}

async fn history(accounts: Accounts, Path(id): Path<String>) -> Answer {
    let mut lines = String::new();
    let take = |recorded: Recorded<AccountEvent>| {
        let correlation = recorded.metadata.correlation_id.unwrap_or_default();
        lines += &format!("{} {} {correlation}\n", recorded.revision, recorded.name);
        Ok(())
    };
    accounts.history(&id, .., take).await.map_err(|error| failed(&error))?;
    Ok(lines)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).map_or(Ok(8080), |port| port.parse())?;
    let store = SqliteStore::in_memory().await?; // SqliteStore::open("bank.db") keeps them
    let routes = Router::new()
        .route("/accounts/{id}", get(balance))
        .route("/accounts/{id}/history", get(history))
        .route("/accounts/{id}/deposit/{cents}", post(deposit))
        .route("/accounts/{id}/withdraw/{cents}", post(withdraw))
        .with_state(Repository::new(store.clone()));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on {}", listener.local_addr()?);

    // Ctrl-C: no new requests, an answer to those that are under way, then the end.
    let end = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, routes).with_graceful_shutdown(end).await?;
    store.close().await?;
    println!("closed");
    Ok(())
}
