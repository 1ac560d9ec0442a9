//! A proxy that counts round trips: a turn begins when the client sends after the server has answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Result;

pub(crate) struct Proxy {
    pub(crate) port: u16,
    turns: Arc<AtomicU64>,
}

impl Proxy {
    /// Listens on a free port, and forwards to `server`.
    pub(crate) async fn start(server: String) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let proxy = Self { port: listener.local_addr()?.port(), turns: Arc::default() };
        let turns = Arc::clone(&proxy.turns);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Err(error) = pass(client, &server, &turns).await {
                    eprintln!("proxy: {error}");
                }
            }
        });
        Ok(proxy)
    }

    /// The round trips since the last call.
    pub(crate) fn take(&self) -> u64 {
        self.turns.swap(0, SeqCst)
    }
}

async fn pass(client: TcpStream, server: &str, turns: &Arc<AtomicU64>) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let answered = Arc::new(AtomicBool::new(true));
    let (turns, asked) = (Arc::clone(turns), Arc::clone(&answered));
    tokio::spawn(copy(from_client, to_server, move || {
        if asked.swap(false, SeqCst) {
            turns.fetch_add(1, SeqCst);
        }
    }));
    tokio::spawn(copy(from_server, to_client, move || answered.store(true, SeqCst)));
    Ok(())
}

/// Copies until either side closes the connection.
async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, each: impl Fn()) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        each();
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
