//! A proxy between programs and a server, on which a network can be broken.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: all goes through.
    None,
    /// Each piece is late by so much, in both directions.
    Delay(Duration),
    /// Nothing goes through, and nothing is lost: it goes on when this ends.
    Hold,
    /// What the server answers is lost. The connection stays.
    SwallowAnswers,
    /// What is sent is lost, in both directions, also of connections that are made meanwhile.
    BlackHole,
    /// Connections are refused.
    Refuse,
}

/// Takes connections on a port of 127.0.0.1 and passes them on to the socket of a server, which can be
/// exchanged.
///
/// ```no_run
/// # async fn run() -> std::io::Result<()> {
/// use es_tests::faults::{Fault, Proxy};
///
/// let proxy = Proxy::start("/tmp/server/.s.PGSQL.5432").await?;
/// proxy.set(Fault::BlackHole);
/// proxy.cut();
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone)]
struct State {
    server: Arc<Path>,
    fault: Fault,
    /// Connections of an earlier generation are cut.
    generation: u64,
}

impl Proxy {
    /// Listens; ends with the runtime.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub async fn start(server: impl Into<PathBuf>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (state, _) =
            watch::channel(State { server: server.into().into(), fault: Fault::None, generation: 0 });
        let states = state.clone();
        drop(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if states.borrow().fault != Fault::Refuse {
                    drop(tokio::spawn(carry(client, states.subscribe())));
                }
            }
        }));
        Ok(Self { address, state })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks the network, or mends it.
    pub fn set(&self, fault: Fault) {
        self.state.send_modify(|state| state.fault = fault);
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }

    /// Passes connections on to another server from now on, and cuts those to the present one.
    pub fn turn_to(&self, server: impl Into<PathBuf>) {
        let server = Arc::from(server.into());
        self.state.send_modify(|state| {
            state.server = server;
            state.generation += 1;
        });
    }
}

async fn carry(client: TcpStream, mut states: watch::Receiver<State>) {
    let State { server, generation, .. } = states.borrow_and_update().clone();
    let Ok(server) = UnixStream::connect(server).await else { return };
    // Small pieces go at once, as on a socket of the same machine.
    let _as_it_is = client.set_nodelay(true);
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let questions = pump(client_reads, server_writes, states.clone(), |fault| fault == Fault::BlackHole);
    let answers = pump(server_reads, client_writes, states.clone(), |fault| {
        matches!(fault, Fault::BlackHole | Fault::SwallowAnswers)
    });
    tokio::select! {
        () = async { tokio::join!(questions, answers); } => {}
        _ = states.wait_for(|state| state.generation != generation) => {}
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut states: watch::Receiver<State>,
    is_lost: impl Fn(Fault) -> bool,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let fault = match states.wait_for(|state| state.fault != Fault::Hold).await {
            Ok(state) => state.fault,
            Err(_) => return,
        };
        if let Fault::Delay(late) = fault {
            tokio::time::sleep(late).await;
        }
        if !is_lost(fault) && to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    let _gone = to.shutdown().await;
}
