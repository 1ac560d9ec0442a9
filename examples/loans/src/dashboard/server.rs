//! The server: two answers, the page and its figures alone.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use super::page;
use crate::read_models::{Figures, FiguresError, ReadModels, Standing};

/// The page brings all it needs with it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The dashboard, listening on 127.0.0.1.
#[derive(Debug)]
pub struct Dashboard {
    listener: TcpListener,
    address: SocketAddr,
    read_models: ReadModels,
}

impl Dashboard {
    /// Takes a port of this machine; 0 for any that is free.
    ///
    /// # Errors
    ///
    /// What the system says, above all that the port is taken.
    pub async fn listen(read_models: ReadModels, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, read_models })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `end` is ready.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn serve(self, end: impl Future<Output = ()>) -> io::Result<()> {
        let routes =
            Router::new().route("/", get(whole)).route("/figures", get(figures)).with_state(self.read_models);
        // Open connections are closed with the program; nothing is lost with an answer that is half-way.
        tokio::select! {
            served = axum::serve(self.listener, routes) => served,
            () = end => Ok(()),
        }
    }
}

/// The figures at one moment, and how far the read models are.
async fn now(read_models: &ReadModels) -> Result<(Figures, [Standing; 4]), FiguresError> {
    Ok((read_models.figures().await?, read_models.standings().await?))
}

/// What the page shows between its head and its foot.
async fn shown(read_models: &ReadModels) -> (StatusCode, String) {
    match now(read_models).await {
        Ok((figures, standings)) => (StatusCode::OK, page::figures(&figures, &standings)),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, page::trouble(&error)),
    }
}

async fn whole(State(read_models): State<ReadModels>) -> Response {
    let (status, shown) = shown(&read_models).await;
    html(status, page::whole(&shown))
}

async fn figures(State(read_models): State<ReadModels>) -> Response {
    let (status, shown) = shown(&read_models).await;
    html(status, shown)
}

fn html(status: StatusCode, body: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, body).into_response()
}
