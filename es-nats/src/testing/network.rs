//! A network that breaks.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// What a [`Network`] does to what passes through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum NetworkFault {
    /// Everything passes.
    #[default]
    None,
    /// Each piece of an answer arrives so much later.
    Slow(Duration),
    /// Requests arrive, answers do not.
    NoAnswers,
}

/// A network between clients and a server.
#[derive(Debug)]
pub struct Network {
    address: SocketAddr,
    fault: watch::Sender<NetworkFault>,
    /// Changed to cut all connections.
    cuts: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl Network {
    /// A network in front of the server of this port.
    ///
    /// # Errors
    ///
    /// [`io::Error`] where no socket can be made.
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
                        _ = carry(client, port, faults) => {}
                    }
                });
            }
        });
        Ok(Self { address, fault, cuts, accepting })
    }

    /// The URL that leads through it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Breaks the network, or mends it.
    ///
    /// A connection that has lost an answer stays without it: [`cut`](Self::cut) it when the fault is over.
    pub fn set(&self, fault: NetworkFault) {
        self.fault.send_replace(fault);
    }

    /// Cuts all connections now.
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

async fn carry(client: TcpStream, port: u16, faults: watch::Receiver<NetworkFault>) -> io::Result<()> {
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
