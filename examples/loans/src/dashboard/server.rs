//! The server: two answers, the page and its figures alone.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use es_postgres::PostgresStore;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::net::TcpListener;

use super::page;
use crate::read_models::{Figures, FiguresError, ReadModels, Standing};

/// Any number of readers share so many connections.
const CONNECTIONS: u32 = 2;

/// How long a reader waits for one of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// The page brings all it needs with it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The dashboard, listening on 127.0.0.1.
#[derive(Debug)]
pub struct Dashboard {
    listener: TcpListener,
    address: SocketAddr,
    source: Source,
}

/// Where the figures come from.
#[derive(Debug, Clone)]
struct Source {
    read_models: ReadModels,
    database: PgPool,
}

impl Dashboard {
    /// Takes a port of this machine; 0 for any that is free.
    ///
    /// # Errors
    ///
    /// What the system says, above all that the port is taken.
    pub async fn listen(store: &PostgresStore, url: &str, port: u16) -> io::Result<Self> {
        let options = PgConnectOptions::from_str(url).map_err(io::Error::other)?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let source =
            Source { read_models: ReadModels::new(store), database: pool.connect_lazy_with(options) };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, source })
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
            Router::new().route("/", get(whole)).route("/figures", get(figures)).with_state(self.source);
        // Open connections are closed with the program; nothing is lost with an answer that is half-way.
        tokio::select! {
            served = axum::serve(self.listener, routes) => served,
            () = end => Ok(()),
        }
    }
}

impl Source {
    /// The figures at one moment, and how far the read models are.
    async fn now(&self) -> Result<(Figures, [Standing; 4]), FiguresError> {
        let mut db = self.database.acquire().await?;
        let figures = Figures::read(&mut db).await?;
        let standings =
            self.read_models.standings().await.map_err(|error| FiguresError::Status(Box::new(error)))?;
        Ok((figures, standings))
    }

    /// What the page shows between its head and its foot.
    async fn shown(&self) -> (StatusCode, String) {
        match self.now().await {
            Ok((figures, standings)) => (StatusCode::OK, page::figures(&figures, &standings)),
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, page::trouble(&error)),
        }
    }
}

async fn whole(State(source): State<Source>) -> Response {
    let (status, shown) = source.shown().await;
    html(status, page::whole(&shown))
}

async fn figures(State(source): State<Source>) -> Response {
    let (status, shown) = source.shown().await;
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
