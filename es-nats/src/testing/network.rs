//! A TCP proxy that injects faults.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// A fault that a [`Network`] injects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum NetworkFault {
    /// None: the proxy forwards everything.
    #[default]
    None,
    /// Delays each chunk of the server's responses by this time.
    Slow(Duration),
    /// Forwards requests to the server, and discards its responses.
    NoAnswers,
}

/// A TCP proxy between clients and a server. It stops when this is dropped.
#[derive(Debug)]
pub struct Network {
    address: SocketAddr,
    fault: watch::Sender<NetworkFault>,
    /// Incremented to cut all connections.
    cuts: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl Network {
    /// Starts a proxy in front of the server on this port of the local machine.
    ///
    /// # Errors
    ///
    /// [`io::Error`] when no socket can be opened.
    pub async fn before(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (fault, faults) = watch::channel(NetworkFault::None);
        let (cuts, cut) = watch::channel(0);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (faults, mut cut) = (faults.clone(), cut.clone());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = cut.changed() => {}
                        _ = forward(client, port, faults) => {}
                    }
                });
            }
        });
        Ok(Self { address, fault, cuts, accepting })
    }

    /// The URL of the server through the proxy.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Injects a fault from now on; [`NetworkFault::None`] ends it.
    ///
    /// Responses that were discarded stay lost: [`cut`](Self::cut) the connections when the fault ends, so
    /// that clients reconnect.
    pub fn set(&self, fault: NetworkFault) {
        self.fault.send_replace(fault);
    }

    /// Cuts all connections now. Clients can reconnect at once.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn forward(client: TcpStream, port: u16, faults: watch::Receiver<NetworkFault>) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let requests = io::copy(&mut from_client, &mut to_server);
    let answers = async {
        let mut piece = vec![0; 16 << 10];
        loop {
            let bytes = from_server.read(&mut piece).await?;
            if bytes == 0 {
                return io::Result::Ok(());
            }
            let fault = *faults.borrow();
            match fault {
                NetworkFault::None => {}
                NetworkFault::Slow(time) => sleep(time).await,
                NetworkFault::NoAnswers => continue,
            }
            to_client.write_all(&piece[..bytes]).await?;
        }
    };
    tokio::select! {
        done = requests => done.map(|_| ()),
        done = answers => done,
    }
}
